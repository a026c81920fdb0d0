"""The examples of messages, in canonical ProtoJSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, struct_pb2
from jsonschema import Draft202012Validator

from restate_proto.codec.google import google_codec
from restate_proto.codec.json_example import message_example
from restate_proto.codec.json_schema import message_schema
from tests.codec.messages import (
    OURS,
    Choices,
    Collections,
    Keywords,
    Scalars,
    Shapes,
    Tree,
    WellKnown,
)

FIELD = descriptor_pb2.FieldDescriptorProto


@pytest.mark.parametrize("message_class", OURS)
def test_an_example_is_valid_and_canonical(message_class: Any) -> None:
    schema = message_schema(message_class.DESCRIPTOR)
    (example,) = schema["examples"]
    assert example == message_example(message_class.DESCRIPTOR)
    validator: Any = Draft202012Validator(schema)
    validator.validate(example)
    codec = google_codec(message_class)
    message = codec.from_json(json.dumps(example).encode())
    if message_class is WellKnown:
        assert example.pop("null", "missing") is None  # there is nothing else that it could be
    assert json.loads(codec.to_json(message)) == example


def test_every_field_is_there() -> None:
    example = message_example(Scalars.DESCRIPTOR)
    assert list(example) == [field.json_name for field in Scalars.DESCRIPTOR.fields]
    message = google_codec(Scalars).from_json(json.dumps(example).encode())
    assert len(message.ListFields()) == len(example), "a value is the default"
    collections = message_example(Collections.DESCRIPTOR)
    assert collections == {
        "longs": ["1"],
        "strings": ["string"],
        "colours": ["COLOUR_RED"],
        "scalars": [example],
        "byString": {"string": "string"},
        "byInt32": {"1": "COLOUR_RED"},
        "byUint64": {"1": example},
        "byBool": {"true": 1.5},
        "bySint64": {"1": "aGVsbG8="},
    }


def test_a_oneof_has_its_first_case() -> None:
    assert message_example(Choices.DESCRIPTOR) == {"text": "string", "yes": True, "alone": "string"}


def test_a_message_is_not_in_itself() -> None:
    assert message_example(Tree.DESCRIPTOR) == {"name": "string", "other": {}}
    assert "more" not in message_example(Shapes.DESCRIPTOR)


def test_a_field_that_looks_like_a_reference_is_left_out() -> None:
    example = message_example(Keywords.DESCRIPTOR)
    assert "$ref" not in example
    assert example["$id"] == "string"


def test_each_call_gives_an_example_of_its_own() -> None:
    message_example(struct_pb2.Struct.DESCRIPTOR)["key"] = "changed"
    assert message_example(struct_pb2.Struct.DESCRIPTOR) == {"key": "value"}


def contract(fields_each: int, deep: int) -> Any:
    """A message whose fields are messages whose fields are messages..."""
    file = descriptor_pb2.FileDescriptorProto(name=f"wide{fields_each}.proto", syntax="proto3")
    for level in range(deep):
        message = file.message_type.add(name=f"Level{level}")
        for number in range(1, fields_each + 1):
            field = message.field.add(name=f"f{number}", number=number, type=FIELD.TYPE_INT32)
            if level < deep - 1:
                field.type, field.type_name = FIELD.TYPE_MESSAGE, f".Level{level + 1}"
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return pool.FindMessageTypeByName("Level0")


def test_what_would_be_endless_ends() -> None:
    wide = message_example(contract(fields_each=9, deep=30))
    assert wide == {f"f{n}": {f"f{m}": {} for m in range(1, 10)} for n in range(1, 10)}
    narrow = json.dumps(message_example(contract(fields_each=1, deep=200)))
    assert narrow.count("{") == 6


def test_the_fields_of_the_message_itself_are_all_there() -> None:
    assert len(message_example(contract(fields_each=300, deep=1))) == 300
