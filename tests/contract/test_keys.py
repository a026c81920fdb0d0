"""Rules about typed and fixed keys of objects and ids of workflows."""

# ruff: noqa: ISC004 - the texts are lists of messages, each too long for one line
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.rules import assert_reported, contract

if TYPE_CHECKING:
    from tests.protoc import Answer


def keyed(key: str, fields: str = "string a = 1; int32 n = 2;") -> str:
    """An object with a key, whose option is in line 3."""
    return (
        f"message K {{ {fields} }}\nservice O {{\n"
        f"  option (restatepb.v1.object) = {{ key: {{ {key} }} }};\n"
        "  rpc A(M) returns (M);\n}\n"
    )


def formatted(format_: str, fields: str = "string a = 1; int32 n = 2;") -> str:
    return keyed(f'type: "shop.v1.K" format: "{format_}"', fields)


OF = "3:3: object shop.v1.O: "
HAS = f"{OF}the format of its key has "

CASES: dict[str, tuple[str, list[str]]] = {
    "says nothing": (
        keyed(""),
        [
            f'{OF}key says nothing; write key: {{ type: "package.Message" format:'
            ' "{field}:{other}" } or key: { fixed: "main" }'
        ],
    ),
    "an empty fixed key": (keyed('fixed: ""'), [f"{OF}key says nothing;"]),
    "says both": (
        keyed('type: "shop.v1.K" format: "{a}:{n}" fixed: "x"'),
        [f"{OF}key says both fixed and type or format; write key: {{"],
    ),
    "no type": (
        keyed('format: "{a}:{n}"'),
        [f'{OF}key has no type; write type: "package.Message"'],
    ),
    "an unknown type": (
        keyed('type: "K" format: "{a}:{n}"'),
        [f'{OF}key has the unknown type "K"; write its full name, "shop.v1.K"'],
    ),
    "no format": (
        keyed('type: "shop.v1.K"'),
        [f'{OF}key has the format "", which has no field; write key: {{'],
    ),
    "a format without a field": (
        formatted("main{{"),
        [f'{OF}key has the format "main{{{{", which has no field;'],
    ),
    "a single brace": (
        formatted("{a}:{n"),
        [
            f"{OF}key has the format \"{{a}}:{{n\": expected '}}' before end of string; write {{{{ and"
        ],
    ),
    "another single brace": (
        formatted("{a}:{n}}"),
        [f"{OF}key has the format \"{{a}}:{{n}}}}\": Single '}}' encountered in format string;"],
    ),
    "Python's formats": (
        formatted("{a:>3}:{n}"),
        [f'{OF}key has the format "{{a:>3}}:{{n}}"; write a field as its name in braces alone'],
    ),
    "conversions": (
        formatted("{a}:{n!r}"),
        [f'{OF}key has the format "{{a}}:{{n!r}}"; write a field as its name in braces alone'],
    ),
    "unknown and missing fields": (
        formatted("{b}:{}"),
        [
            f'{HAS}"b", which is not a field of shop.v1.K; it has a, n',
            f'{HAS}"", which is not a field of shop.v1.K; it has a, n',
            f"{HAS}no {{a}}, but without it two different shop.v1.K would have the same key; add {{a}},"
            " or write a message without that field",
            f"{HAS}no {{n}}",
        ],
    ),
    "a field twice": (formatted("{a}:{n}:{a}"), [f'{HAS}"a" twice; keep one']),
    "fields without text between them": (
        formatted("{a}{n}"),
        [
            f'{HAS}"a" and the next field without text between them, so that keys could be read in'
            ' two ways; write one, such as ":"'
        ],
    ),
    "a digit after a number": (
        formatted("{n}0{a}"),
        [
            f'{HAS}"n" and a digit right after it ("0"), so that its end is unclear; write another'
            " text"
        ],
    ),
    "fields that no key has": (
        formatted(
            "{f}:{b}:{m}:{r}:{d}",
            "float f = 1; bytes b = 2; M m = 3; repeated string r = 4; map<string, int32> d = 5;",
        ),
        [
            f'{HAS}"{name}", which cannot be part of a key, unlike singular strings, integers,'
            " bools and enums"
            for name in "fbmrd"
        ],
    ),
    "fields that may be missing": (
        formatted("{a}:{x}", "optional string a = 1; oneof c { string x = 2; }"),
        [
            f'{HAS}"{name}", which may be missing, but a key has all of its parts; write it without'
            " `optional` and outside of a oneof (in an edition with features.field_presence ="
            " IMPLICIT)"
            for name in "ax"
        ],
    ),
    "a key in the request, too": (
        """
        message R { string id = 1 [(restatepb.v1.key) = true]; }
        service W {
          option (restatepb.v1.workflow) = { key: { fixed: "main" } };
          rpc Run(R) returns (M);
        }
        """,
        [
            '4:3: Run of workflow shop.v1.W takes the key from "id" of shop.v1.R, but the key is not'
            " a plain string; remove the mark (restatepb.v1.key), or give the handler a request of its"
            " own"
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_broken_rule_is_reported_with_its_place(case: str, answer: Answer) -> None:
    assert_reported(answer, *CASES[case])


@pytest.mark.parametrize(
    "format_", ["{a}:{n}", "{n}:{a}", "{{{a}}}{n}", "k{a}0{n}0", "{n} / {a} / "]
)
def test_formats_that_are_right(answer: Answer, format_: str) -> None:
    response = answer({"shop/v1/x.proto": contract(formatted(format_))})
    assert not response.error


def test_every_type_of_a_field(answer: Answer) -> None:
    types = {
        "STRING": ("string",),
        "BOOL": ("bool",),
        "ENUM": ("Color",),
        "INT32": ("int32", "sint32", "sfixed32"),
        "INT64": ("int64", "sint64", "sfixed64"),
        "UINT32": ("uint32", "fixed32"),
        "UINT64": ("uint64", "fixed64"),
    }
    for name, written in types.items():
        for type_ in written:
            response = answer({"shop/v1/x.proto": contract(formatted("{a}", f"{type_} a = 1;"))})
            assert f'_rt.KeyField("a", _rt.KeyType.{name})' in response.file[0].content


@pytest.mark.parametrize(
    ("syntax", "label"), [('syntax = "proto2"', "required"), ('edition = "2023"', "")]
)
def test_what_other_syntaxes_say_of_missing_fields(answer: Answer, syntax: str, label: str) -> None:
    text = contract(formatted("{a}", f"{label} string a = 1;"))
    text = text.replace('syntax = "proto3"', syntax).replace("string id", f"{label} string id")
    error = answer({"shop/v1/x.proto": text}).error
    assert ("may be missing" in error) is (label == "")
    if not label:
        implicit = "string a = 1 [features.field_presence = IMPLICIT];"
        assert not answer({"shop/v1/x.proto": text.replace("string a = 1;", implicit)}).error


def test_a_closed_enum_is_refused(answer: Answer) -> None:
    text = contract(formatted("{c}", "required Color c = 1;"))
    text = text.replace('syntax = "proto3"', 'syntax = "proto2"').replace(
        "string id", "optional string id"
    )
    assert (
        'has "c", which is the closed enum shop.v1.Color, which rejects numbers that are added to it'
        " later; write an int32" in answer({"shop/v1/x.proto": text}).error
    )


def test_a_declaration_may_not_have_the_name_of_the_constant_in_python(answer: Answer) -> None:
    text = contract(formatted("{a}:{n}")).replace(
        "key: {", 'state: { name: "key" type: "shop.v1.M" } key: {'
    )
    assert answer({"shop/v1/x.proto": text}).error.endswith(
        'object shop.v1.O: state "key" and the type of the key both become the Python name "KEY";'
        " rename the state"
    )
