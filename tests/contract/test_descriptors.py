"""The files of a request: look-up by name, places, and files that are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.protobuf.compiler import plugin_pb2
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    Edition,
    FieldDescriptorProto,
    FileDescriptorProto,
    MethodDescriptorProto,
    ServiceDescriptorProto,
)

from restate_proto.contract.descriptors import Descriptors
from restate_proto.contract.problems import Location, PluginError
from restate_proto.generate.java.generate import generate as generate_java
from restate_proto.generate.plugin import run
from restate_proto.generate.python.generate import generate
from restate_proto.protobuf import names_in_file

if TYPE_CHECKING:
    from tests.protoc import Compile

TEXT = """\
syntax = "proto3";
// The package.
package shop.v1;
// About First.
message First {
  // About b.
  int32 b = 2;
  int32 a = 1;
  // About Inner.
  message Inner {
    enum Deep { DEEP_UNSPECIFIED = 0; }
    map<string, First> firsts = 1;
  }
  // About Deeper.
  message Other { enum Deeper { DEEPER_UNSPECIFIED = 0; } }
  oneof choice {
    string x = 4;
    string y = 3;
  }
  reserved 20;
}
enum Color {
  COLOR_UNSPECIFIED = 0;
  // About red.
  RED = 7;
  reserved 5;
}
message Second {}
enum Shape { SHAPE_UNSPECIFIED = 0; }
service Cart { rpc Add(First) returns (Second); }
service Till {
  rpc Open(First) returns (Second);
  // About Close.
  rpc Close(First) returns (Second);
}
"""


@pytest.fixture
def descriptors(compile_request: Compile) -> Descriptors:
    return Descriptors(compile_request({"shop.proto": TEXT}).proto_file)


def place(beginning: str) -> Location:
    """Return the place of the first line that begins with this text."""
    lines = TEXT.split("\n")
    number = next(n for n, line in enumerate(lines) if line.strip().startswith(beginning))
    column = len(lines[number]) - len(lines[number].lstrip()) + 1
    return Location("shop.proto", number + 1, column)


def test_everything_is_where_it_is_written(descriptors: Descriptors) -> None:
    location = descriptors.location
    first = descriptors.message("shop.v1.First")
    assert location(first) == place("message First")
    assert location(first.fields_by_name["b"]) == place("int32 b")
    assert location(first.fields_by_name["a"]) == place("int32 a")
    assert location(first.oneofs_by_name["choice"]) == place("oneof choice")
    assert location(first.fields_by_name["y"]) == place("string y")
    assert location(descriptors.message("shop.v1.First.Inner")) == place("message Inner")
    assert location(descriptors.message("shop.v1.First.Other")) == place("message Other")
    assert location(descriptors.message("shop.v1.Second")) == place("message Second")
    deep = descriptors.find_enum("shop.v1.First.Inner.Deep")
    assert deep is not None
    assert location(deep) == place("enum Deep {")
    color, shape = (descriptors.find_enum(f"shop.v1.{name}") for name in ("Color", "Shape"))
    assert color is not None
    assert shape is not None
    assert location(shape) == place("enum Shape")
    assert location(color.values_by_name["RED"]) == place("RED")
    till = descriptors.find_service("shop.v1.Till")
    assert till is not None
    assert location(till) == place("service Till")
    assert location(till.methods_by_name["Close"]) == place("rpc Close")


def test_a_part_of_a_thing_and_what_has_no_place_of_its_own(descriptors: Descriptors) -> None:
    first = descriptors.message("shop.v1.First")
    type_ = descriptors.location(first.fields_by_name["b"], FieldDescriptorProto.TYPE_FIELD_NUMBER)
    assert type_ == place("int32 b")
    name = descriptors.location(first, DescriptorProto.NAME_FIELD_NUMBER)
    assert name == Location("shop.proto", place("message First").line, len("message F"))
    entry = descriptors.message("shop.v1.First.Inner.FirstsEntry")
    assert descriptors.location(entry) == place("message Inner")


def test_comments(descriptors: Descriptors) -> None:
    first = descriptors.message("shop.v1.First")
    assert descriptors.comment(first) == "About First."
    assert descriptors.comment(first.fields_by_name["b"]) == "About b."
    assert descriptors.comment(first.fields_by_name["a"]) is None
    color, till = descriptors.find_enum("shop.v1.Color"), descriptors.find_service("shop.v1.Till")
    assert color is not None
    assert till is not None
    assert descriptors.comment(color.values_by_name["RED"]) == "About red."
    assert descriptors.comment(till.methods_by_name["Close"]) == "About Close."
    file = descriptors.file("shop.proto")
    package = FileDescriptorProto.PACKAGE_FIELD_NUMBER
    assert descriptors.comment(file, package) == "The package."


def test_a_type_as_it_was_given(descriptors: Descriptors) -> None:
    for message in descriptors.messages():
        given = descriptors.proto(message)
        assert given.name == message.name
        assert [field.name for field in given.field] == [field.name for field in message.fields]
    assert descriptors.proto(descriptors.message("shop.v1.First")).reserved_range[0].start == 20
    color = descriptors.find_enum("shop.v1.Color")
    assert color is not None
    assert descriptors.proto(color).reserved_range[0].start == 5


def test_what_is_found_by_name(descriptors: Descriptors) -> None:
    assert [names_in_file(message) for message in descriptors.messages()] == [
        ("First",),
        ("First", "Inner"),
        ("First", "Inner", "FirstsEntry"),
        ("First", "Other"),
        ("Second",),
    ]
    assert descriptors.find_message("shop.v1.Color") is None
    assert descriptors.find_enum("shop.v1.First") is None
    assert descriptors.find_service("shop.v1.First") is None
    assert descriptors.find_message("") is None
    assert descriptors.find_message("no\0 name") is None


def test_types_are_seen_through_public_imports_alone() -> None:
    descriptors = Descriptors(
        [
            FileDescriptorProto(name="a.proto", dependency=["b.proto"]),
            FileDescriptorProto(
                name="b.proto", dependency=["c.proto", "d.proto"], public_dependency=[1]
            ),
            FileDescriptorProto(name="c.proto"),
            FileDescriptorProto(name="d.proto"),
        ]
    )
    assert descriptors.visible("a.proto") == {"a.proto", "b.proto", "d.proto"}
    assert descriptors.visible("b.proto") == {"b.proto", "c.proto", "d.proto"}


def file(name: str, *imports: str, **more: object) -> FileDescriptorProto:
    found = FileDescriptorProto(name=name, package="evil", syntax="proto3", dependency=imports)
    found.MergeFrom(FileDescriptorProto(**more))  # pyright: ignore[reportArgumentType] - any field
    return found


def test_files_may_come_in_any_order() -> None:
    descriptors = Descriptors(
        [file("a.proto", "b.proto"), file("b.proto", "c.proto"), file("c.proto")]
    )
    assert list(descriptors.protos) == ["a.proto", "b.proto", "c.proto"]


def test_the_path_of_a_file_need_not_be_ascii() -> None:
    path = "größe und mehr/it's.proto"
    first = file(path, message_type=[DescriptorProto(name="M")])
    descriptors = Descriptors([first, file("b.proto", path)])
    assert descriptors.file(path).name == path
    assert descriptors.location(descriptors.message("evil.M")) == Location(path)
    assert descriptors.visible("b.proto") == {"b.proto", path}


METHOD = MethodDescriptorProto(name="Do", input_type=".evil.M", output_type=".evil.M")
REFUSED = {
    "a type that is nowhere": (
        [file("a.proto", service=[ServiceDescriptorProto(name="S", method=[METHOD])])],
        r"^a\.proto: .*\.evil\.M",
    ),
    "one name twice": (
        [
            file("a.proto", message_type=[DescriptorProto(name="M")]),
            file("b.proto", message_type=[DescriptorProto(name="M")]),
        ],
        r"^b\.proto: .*evil\.M",
    ),
    "an import that is missing": ([file("a.proto", "b.proto")], r"^a\.proto: .*b\.proto"),
    "imports in a circle": (
        [file("a.proto", "b.proto"), file("b.proto", "c.proto"), file("c.proto", "a.proto")],
        r"^(a|b|c)\.proto imports (a|b|c)\.proto imports .*; remove one of these imports$",
    ),
    "an edition of the future": (
        [
            FileDescriptorProto(
                name="a.proto", syntax="editions", edition=Edition.EDITION_99998_TEST_ONLY
            )
        ],
        r"^a\.proto: protobuf [0-9.]+ cannot read it: .*; correct the file, or install a newer",
    ),
    "a name that is no text": (
        [file("a.proto", message_type=[DescriptorProto(name="M\n\x1b[2J")])],
        r"^a\.proto: ",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_files_that_do_not_fit_together_are_refused_by_name(case: str) -> None:
    files, says = REFUSED[case]
    with pytest.raises(PluginError, match=says) as caught:
        Descriptors(files)
    assert str(caught.value).isprintable()
    request = plugin_pb2.CodeGeneratorRequest(
        file_to_generate=["a.proto"], proto_file=files, parameter="all_services=true"
    ).SerializeToString()
    for generator in (generate, generate_java):
        response = plugin_pb2.CodeGeneratorResponse.FromString(run(request, generator))
        assert response.error == str(caught.value)


def test_the_order_of_fields_is_that_of_protoc() -> None:
    """The index of each type in descriptor.proto leads to the message it was made of."""
    given = FileDescriptorProto.FromString(FileDescriptorProto.DESCRIPTOR.file.serialized_pb)
    descriptors = Descriptors([given])
    for message in descriptors.messages():
        proto = descriptors.proto(message)
        assert (proto.name, len(proto.field)) == (message.name, len(message.fields))
        for enum in message.enum_types:
            values = [value.name for value in descriptors.proto(enum).value]
            assert values == [value.name for value in enum.values]
        for field in message.fields:
            assert proto.field[field.index].number == field.number
