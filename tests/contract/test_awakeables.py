"""Rules about fields that hold the ids of awakeables."""

# ruff: noqa: ISC004 - the texts are lists of messages, each too long for one line
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.rules import FIRST, assert_reported, contract, problems

if TYPE_CHECKING:
    from tests.protoc import Answer


def marked(field: str, type_: str = "shop.v1.M") -> str:
    """A message with a field that is marked, in its line 2."""
    option = f'[(restatepb.v1.awakeable) = {{ type: "{type_}" }}]'
    return f"message Ask {{\n  {field} {option};\n}}\n"


CASES: dict[str, tuple[str, list[str]]] = {
    "no type": (
        marked("string done = 1", ""),
        ['2:20: shop.v1.Ask.done, an awakeable, has no type; write type: "package.Message"'],
    ),
    "an unknown type": (
        marked("string done = 1", "M"),
        [
            '2:20: shop.v1.Ask.done, an awakeable, has the unknown type "M"; write its full name,'
            ' "shop.v1.M"'
        ],
    ),
    "an enum": (
        marked("string done = 1", "shop.v1.Color"),
        ['shop.v1.Ask.done, an awakeable, has the enum "shop.v1.Color" as its type; write a'],
    ),
    "no string": (
        marked("bytes done = 1"),
        [
            "2:19: shop.v1.Ask.done, an awakeable, is not a singular string; write it as `string"
            " done = 1`, because the id of an awakeable is a"
        ],
    ),
    "several": (
        marked("repeated string done = 1"),
        ["shop.v1.Ask.done, an awakeable, is not a singular string;"],
    ),
    "inside of a message": (
        f"message Outer {{\n{marked('int32 done = 7')}}}\n",
        ["3:19: shop.v1.Outer.Ask.done, an awakeable, is not a singular string; write it as `str"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_broken_rule_is_reported_with_its_place(case: str, answer: Answer) -> None:
    assert_reported(answer, *CASES[case])


def test_a_type_must_be_visible_from_the_file(answer: Answer) -> None:
    files = {
        "other.proto": 'syntax = "proto3"; package other; import "hidden.proto";',
        "hidden.proto": 'syntax = "proto3"; package hidden; message Hidden {}',
    }
    body = 'import "other.proto";\n' + marked("string done = 1", "hidden.Hidden")
    assert problems(answer, body, **files) == [
        f"shop/v1/x.proto:{FIRST + 2}:20: shop.v1.Ask.done, an awakeable, has the type"
        ' "hidden.Hidden", whose file this one does not import; write import "hidden.proto";'
    ]


def test_two_constants_of_one_name_are_an_error_of_python(answer: Answer) -> None:
    body = marked("string b_done = 1") + marked("string done = 1").replace("Ask", "AskB")
    assert problems(answer, body) == [
        f"shop/v1/x.proto:{FIRST + 4}:20: shop.v1.Ask.b_done and shop.v1.AskB.done, an awakeable,"
        ' both become the Python name "ASK_B_DONE"; rename one'
    ]
    body = marked("string checking = 1").replace("Ask", "Type")
    assert (
        "import TYPE_CHECKING and shop.v1.Type.checking, an awakeable, both become"
        in (problems(answer, body)[0])
    )


def test_a_file_without_services_has_constants_all_the_same(answer: Answer) -> None:
    response = answer({"shop/v1/x.proto": contract(marked("string done = 1"))})
    assert not response.error
    (file,) = response.file
    assert file.name == "shop/v1/x_restate.py"
    assert '__all__ = ["ASK_DONE"]' in file.content
    assert 'ASK_DONE: Final = _rt.AwakeableKey(_x_pb2.Ask, "done", _x_pb2.M)' in file.content
