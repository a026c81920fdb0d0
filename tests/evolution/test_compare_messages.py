"""Which messages are read alike, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from restate_proto.contract.descriptors import Descriptors
from restate_proto.evolution.compare_messages import PayloadComparison
from restate_proto.evolution.version import ContractVersion
from restate_proto.model.kinds import Encoding

if TYPE_CHECKING:
    from tests.protoc import Compile

BINARY, JSON = Encoding.PROTOBUF, Encoding.JSON

TEXT = """
syntax = "proto3";
package shop.v1;
import "google/protobuf/any.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
%s
"""
TYPES = """
message One { string a = 1; }
message Same { string a = 1; }
message Other { string b = 1; }
message Number { int64 a = 1; }
message Paint { enum Color { NONE = 0; RED = 1; } }
message Ink { enum Color { option allow_alias = true; NO = 0; NONE = 0; RED = 1; } }
message Form { enum Shape { FLAT = 0; ROUND = 1; } }
"""


def texts(
    compile_request: Compile, old: str, new: str, encoding: Encoding, names: tuple[str, str]
) -> list[str]:
    def version(text: str) -> ContractVersion:
        return ContractVersion(
            (), Descriptors(compile_request({"shop.proto": TEXT % text}).proto_file)
        )

    comparison = PayloadComparison(version(old), version(new))
    one, other = (f"shop.v1.{name}" for name in names)
    found = comparison.differences(one, other, encoding)
    return [difference.text for difference in found]


@pytest.mark.parametrize(
    ("old", "new", "breaks"),
    [
        # What reads the other's values.
        ("int32 x = 1;", "optional int32 x = 1;", ""),
        ("One x = 1;", "Same x = 1;", ""),
        ("repeated int32 x = 1;", "repeated int32 x = 1 [packed = false];", ""),
        ("Paint.Color x = 1;", "Ink.Color x = 1;", "json"),  # "NONE" is written as "NO"
        ("map<string, One> x = 1;", "map<string, Same> x = 1;", ""),
        ("string x = 1;", "string x = 1; string more = 2;", ""),
        ("string x = 1; string y = 2;", 'string x = 1; reserved 2; reserved "y";', ""),
        ("string x = 1;", "oneof z { string x = 1; int32 y = 2; }", ""),
        # Names are ProtoJSON's, numbers are binary's.
        ("string x = 1;", "string y = 1;", "json"),
        ("string x = 1;", 'string y = 1 [json_name = "x"];', ""),
        ("string x_y = 1;", 'string x_y = 1 [json_name = "z"];', "json"),
        ("string xY = 1;", 'string xY = 1 [json_name = "z"];', "json"),
        ("string xY = 1;", 'reserved 1; string xY = 2 [json_name = "z"];', "json"),
        ("string x = 1;", "reserved 1; string x = 2;", ""),
        ("string x = 1;", "string x = 2;", "binary"),
        ("string x = 1;", 'reserved "x"; string y = 2;', "binary"),
        ("string x = 1; string y = 2;", "string x = 2; string y = 1;", "binary"),
        ("string x = 1; string y = 2;", "string y = 1; reserved 2;", "both"),
        # Forms.
        ("uint32 x = 1;", "sint32 x = 1;", "both"),
        ("int32 x = 1;", "fixed32 x = 1;", "both"),
        ("fixed32 x = 1;", "uint32 x = 1;", "binary"),
        ("sfixed32 x = 1;", "int32 x = 1;", "binary"),
        ("Paint.Color x = 1;", "Paint.Color x = 1;", ""),
        ("float x = 1;", "double x = 1;", "both"),
        ("bool x = 1;", "int32 x = 1;", "both"),
        ("Paint.Color x = 1;", "int32 x = 1;", "json"),
        ("string x = 1;", "bytes x = 1;", "both"),
        ("string x = 1;", "int32 x = 1;", "both"),
        ("string x = 1;", "One x = 1;", "both"),
        ("int32 x = 1;", "repeated int32 x = 1;", "both"),
        ("One x = 1;", "Number x = 1;", "both"),
        ("Paint.Color x = 1;", "Form.Shape x = 1;", "both"),
        ("string x = 1;", "", "both"),
        ("map<string, string> x = 1;", "map<string, int32> x = 1;", "both"),
        ("map<string, One> x = 1;", "map<int32, One> x = 1;", "both"),
        # What can be set at once.
        ("string x = 1; string y = 2;", "oneof z { string x = 1; string y = 2; }", "both"),
        ("oneof z { string x = 1; string y = 2; }", "string x = 1; string y = 2;", "both"),
        ("oneof z { string x = 1; string y = 2; }", "oneof a { string y = 2; string x = 1; }", ""),
        ("oneof z { string x = 1; string y = 2; }", "oneof z { string x = 1; } reserved 2;", ""),
        ("string x = 1; string y = 2;", "optional string x = 1; optional string y = 2;", ""),
        # What was reserved may be at rest; with number and name it is the old field again.
        ("reserved 2; reserved 'y';", "string z = 2;", "binary"),
        ("reserved 2; reserved 'y';", "string y = 3;", "json"),
        ("reserved 2; reserved 'y';", "string y = 2;", ""),
        ("reserved 2; reserved 'y';", "string x = 1;", ""),
        # Well-known types have a ProtoJSON of their own.
        ("google.protobuf.Timestamp x = 1;", "google.protobuf.Duration x = 1;", "json"),
        ("google.protobuf.StringValue x = 1;", "google.protobuf.BytesValue x = 1;", "both"),
        ("google.protobuf.Any x = 1;", "google.protobuf.Any x = 1;", ""),
    ],
)
@pytest.mark.parametrize("encoding", [BINARY, JSON])
def test_a_field(
    compile_request: Compile, old: str, new: str, breaks: str, encoding: Encoding
) -> None:
    before, after = (f"message M {{ {fields} }} {TYPES}" for fields in (old, new))
    found = texts(compile_request, before, after, encoding, ("M", "M"))
    assert bool(found) == (breaks in {"both", "binary" if encoding is BINARY else "json"}), found


@pytest.mark.parametrize(
    ("old", "new", "encoding", "is_wider"),
    [
        ("int32 x = 1;", "int64 x = 1;", BINARY, True),
        ("int32 x = 1;", "int64 x = 1;", JSON, True),
        ("repeated int32 x = 1;", "repeated int64 x = 1;", BINARY, True),
        ("map<int32, string> x = 1;", "map<int64, string> x = 1;", JSON, True),
        ("map<string, int32> x = 1;", "map<string, bool> x = 1;", BINARY, False),
        ("int64 x = 1;", "int32 x = 1;", BINARY, False),
        ("int64 x = 1;", "uint64 x = 1;", JSON, False),
        ("int64 x = 1;", "bool x = 1;", BINARY, False),
        ("string x = 1;", "bytes x = 1;", BINARY, True),
        ("bytes x = 1;", "string x = 1;", BINARY, False),
        ("Paint.Color x = 1;", "int64 x = 1;", BINARY, True),
        ("int64 x = 1;", "Paint.Color x = 1;", BINARY, False),
    ],
)
def test_a_field_of_another_scalar_type(
    compile_request: Compile, old: str, new: str, encoding: Encoding, is_wider: bool
) -> None:
    def version(fields: str) -> ContractVersion:
        text = TEXT % f"message M {{ {fields} }} {TYPES}"
        return ContractVersion((), Descriptors(compile_request({"shop.proto": text}).proto_file))

    comparison = PayloadComparison(version(old), version(new))
    (found,) = comparison.differences("shop.v1.M", "shop.v1.M", encoding)
    assert found.is_wider is is_wider
    assert found.remedy.startswith("write only what fits" if is_wider else "leave the field")


@pytest.mark.parametrize(
    ("head", "options", "is_closed"),
    [
        ('syntax = "proto2"', "", True),
        ('syntax = "proto3"', "", False),
        ('edition = "2023"', "", False),
        ('edition = "2023"', "option features.enum_type = CLOSED;", True),
        ('edition = "2023"; option features.enum_type = CLOSED', "", True),
        (
            'edition = "2023"; option features.enum_type = CLOSED',
            "option features.enum_type = OPEN;",
            False,
        ),
    ],
)
def test_numbers_that_a_closed_enum_does_not_define_are_lost(
    compile_request: Compile, head: str, options: str, is_closed: bool
) -> None:
    label = "optional " if "proto2" in head else ""

    def version(type_: str) -> ContractVersion:
        text = f"""{head}; package shop.v1; message M {{ {label}{type_} x = 1; Color y = 2; }}
            enum Color {{ {options} NONE = 0; RED = 1; }}"""
        text = text.replace(" Color y", f" {label}Color y")
        return ContractVersion((), Descriptors(compile_request({"shop.proto": text}).proto_file))

    comparison = PayloadComparison(version("int32"), version("Color"))
    assert bool(comparison.differences("shop.v1.M", "shop.v1.M", BINARY)) is is_closed


def test_required_fields_have_to_be_there(compile_request: Compile) -> None:
    def found(old: str, new: str, head: str = 'syntax = "proto2"') -> list[str]:
        def version(fields: str) -> ContractVersion:
            text = f"{head}; package shop.v1; message M {{ {fields} }}"
            return ContractVersion(
                (), Descriptors(compile_request({"shop.proto": text}).proto_file)
            )

        comparison = PayloadComparison(version(old), version(new))
        return [found.text for found in comparison.differences("shop.v1.M", "shop.v1.M", BINARY)]

    presence = "string x = 1 [features.field_presence = {}];".format
    editions = presence("EXPLICIT"), presence("LEGACY_REQUIRED")
    assert found(*editions, head='edition = "2023"') == ['field 1 "x" of shop.v1.M is required now']
    required, optional = "required string x = 1;", "optional string x = 1;"
    assert found(required, required) == found(optional, optional) == []
    assert found(optional, required) == ['field 1 "x" of shop.v1.M is required now']
    assert found(required, optional) == ['field 1 "x" of shop.v1.M was required and is not']
    assert found(required, "reserved 1;") == ['field 1 "x" of shop.v1.M was required and is not']
    assert found("", required) == ['field 1 "x" of shop.v1.M is new and required']


@pytest.mark.parametrize("encoding", [BINARY, JSON])
def test_messages_that_are_delimited(compile_request: Compile, encoding: Encoding) -> None:
    def version(fields: str, head: str = 'edition = "2023"') -> ContractVersion:
        text = f"{head}; package shop.v1; message M {{ {fields} }} message N {{}}"
        return ContractVersion((), Descriptors(compile_request({"shop.proto": text}).proto_file))

    def found(old: ContractVersion, new: ContractVersion) -> list[str]:
        differences = PayloadComparison(old, new).differences("shop.v1.M", "shop.v1.M", encoding)
        return [difference.text for difference in differences]

    delimited = "features.message_encoding = DELIMITED"
    plain = version("N n = 1; map<int32, N> m = 2;")
    file = version("N n = 1; map<int32, N> m = 2;", f'edition = "2023"; option {delimited}')
    field = version(f"N n = 1 [{delimited}]; map<int32, N> m = 2;")
    assert found(file, field) == []
    text = 'field 1 "n" of shop.v1.M was shop.v1.N and is shop.v1.N (delimited)'
    assert found(plain, file) == found(plain, field) == ([text] if encoding is BINARY else [])
    group = version("optional group N = 1 {}", 'syntax = "proto2"')
    nested = version("optional N n = 1; message N {}", 'syntax = "proto2"')
    assert found(group, group) == []
    assert len(found(group, nested)) == (encoding is BINARY)


def test_where_fields_that_cannot_be_set_at_once_are(compile_request: Compile) -> None:
    def version(fields: str) -> ContractVersion:
        text = TEXT % f"message M {{\n{fields}\n}}"
        return ContractVersion((), Descriptors(compile_request({"shop.proto": text}).proto_file))

    apart = version("string w = 3;\nstring x = 1;\nstring y = 2;")
    together = version("oneof z {\nstring x = 1;\nstring y = 2; string w = 3;\n}")
    comparison = PayloadComparison(apart, together)
    (found,) = comparison.differences("shop.v1.M", "shop.v1.M", BINARY)
    names = 'fields "w", "x", "y" of shop.v1.M'
    assert found.text == f"{names} can no longer be set at once (oneof z)"
    assert (found.before.line, found.place.line) == (8, 10)
    (found,) = PayloadComparison(together, apart).differences("shop.v1.M", "shop.v1.M", BINARY)
    assert found.text.endswith(" could not be set at once, and can (oneof z)")


def test_a_message_of_another_name_needs_the_same_names(compile_request: Compile) -> None:
    def found(one: str, other: str, encoding: Encoding) -> list[str]:
        return texts(compile_request, TYPES, TYPES, encoding, (one, other))

    assert found("One", "Same", BINARY) == found("One", "Same", JSON) == []
    assert found("One", "Other", BINARY) == ['field 1 "a" of shop.v1.One is "b" in shop.v1.Other']
    assert found("One", "Other", JSON) == [
        'field 1 "a" of shop.v1.One was "a" in ProtoJSON and is "b"'
    ]


def test_messages_that_contain_themselves(compile_request: Compile) -> None:
    tree = "message Tree { repeated Tree trees = 1; string leaf = 2; Leaf other = 3; } message Leaf { Tree tree = 1; %s }"
    old, new = tree % "int32 x = 2;", tree % "string x = 2;"
    assert texts(compile_request, old, old, BINARY, ("Tree", "Tree")) == []
    assert texts(compile_request, old, new, BINARY, ("Tree", "Tree")) == [
        'field 2 "x" of shop.v1.Leaf was int32 and is string'
    ]


@pytest.mark.parametrize("encoding", [BINARY, JSON])
def test_values_of_enums(compile_request: Compile, encoding: Encoding) -> None:
    def found(old: str, new: str) -> list[str]:
        text = "message M {{ Kind kind = 1; }} enum Kind {{ NONE = 0; {} }}"
        return texts(compile_request, text.format(old), text.format(new), encoding, ("M", "M"))

    assert found("A = 1;", "A = 1; B = 2;") == []
    assert found("A = 1; B = 2;", "A = 1;") == ['value 2 "B" of shop.v1.Kind is gone, not reserved']
    assert found("A = 1; B = 2;", 'A = 1; reserved 2; reserved "B";') == []
    renamed = found("A = 1;", "B = 1;")
    assert renamed == ([] if encoding is BINARY else ['value 1 "A" of shop.v1.Kind is "B"'])
    swapped = found("A = 1; B = 2;", "A = 2; B = 1;")
    assert len(swapped) == (2 if encoding is BINARY else 0)
    reserved = "A = 1; reserved 2; reserved 'B';"
    assert found(reserved, "A = 1; B = 2;") == []
    assert found(reserved, "A = 1; C = 2; B = 3;") == [
        'value 3 "B" of shop.v1.Kind has a name that was reserved'
        if encoding is JSON
        else 'value 2 "C" of shop.v1.Kind has a number that was reserved'
    ]
    alias = "option allow_alias = true; {}".format
    assert found("A = 1;", alias("A = 1; B = 1;")) == []
    assert found("A = 1;", alias("B = 1; A = 1;")) == (
        ['value 1 "A" of shop.v1.Kind is written as "B" in ProtoJSON now']
        if encoding is JSON
        else []
    )
    moved = found("A = 1;", "A = 2;")
    assert moved == (
        [] if encoding is JSON else ['value 1 "A" of shop.v1.Kind is gone, not reserved']
    )
