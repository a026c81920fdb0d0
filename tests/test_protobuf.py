"""Questions about descriptors, answered alike on every supported protobuf release."""

from __future__ import annotations

from google.protobuf import any_pb2, descriptor_pb2, struct_pb2
from google.protobuf.descriptor_pool import DescriptorPool

from restate_proto.protobuf import (
    is_repeated,
    is_required,
    map_entry,
    messages_in_file,
    names_in_file,
    types_in_file,
)

STRUCT = struct_pb2.Struct.DESCRIPTOR
NAME_PART = descriptor_pb2.UninterpretedOption.NamePart.DESCRIPTOR


def test_fields() -> None:
    (fields,) = STRUCT.fields
    assert is_repeated(fields)
    entry = map_entry(fields)
    assert entry is not None
    assert [field.name for field in entry.fields] == ["key", "value"]
    values = struct_pb2.ListValue.DESCRIPTOR.fields_by_name["values"]
    assert (is_repeated(values), map_entry(values)) == (True, None)
    name_part, url = NAME_PART.fields_by_name["name_part"], any_pb2.Any.DESCRIPTOR.fields[0]
    assert [(is_required(field), is_repeated(field)) for field in (name_part, url)] == [
        (True, False),
        (False, False),
    ]
    assert map_entry(url) is None


def test_types_come_before_those_inside_of_them_and_messages_before_enums() -> None:
    file = descriptor_pb2.FileDescriptorProto(name="a.proto", package="p.q", syntax="proto3")
    file.enum_type.add(name="Last").value.add(name="LAST", number=0)
    first = file.message_type.add(name="First")
    first.enum_type.add(name="Third").value.add(name="THIRD", number=0)
    first.nested_type.add(name="Second").nested_type.add(name="Deep")
    file.message_type.add(name="Fourth")
    pool = DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    found = pool.FindFileByName("a.proto")
    assert [names_in_file(type_) for type_ in types_in_file(found)] == [
        ("First",),
        ("First", "Second"),
        ("First", "Second", "Deep"),
        ("First", "Third"),
        ("Fourth",),
        ("Last",),
    ]
    assert [message.name for message in messages_in_file(found)] == [
        "First",
        "Second",
        "Deep",
        "Fourth",
    ]


def test_names_in_a_file_without_a_package() -> None:
    file = descriptor_pb2.FileDescriptorProto(name="a.proto", syntax="proto3")
    file.message_type.add(name="Outer").nested_type.add(name="Inner")
    pool = DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    inner = pool.FindMessageTypeByName("Outer.Inner")
    assert names_in_file(inner) == ("Outer", "Inner")
