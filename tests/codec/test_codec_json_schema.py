"""The JSON Schema of messages, held against a real validator."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from codec_messages import (
    OURS,
    Choices,
    Collections,
    Legacy,
    Nothing,
    Scalars,
    Single,
    Tree,
    WellKnown,
    codec_of,
    messages,
)
from google.protobuf import (
    any_pb2,
    duration_pb2,
    empty_pb2,
    struct_pb2,
    timestamp_pb2,
    wrappers_pb2,
)
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from restate_proto.codec.google import google_codec

if TYPE_CHECKING:
    from collections.abc import Iterator

EMPTY: Any = empty_pb2.Empty
TIMESTAMP: Any = timestamp_pb2.Timestamp


def schema_of(message_class: Any) -> Any:
    return google_codec(message_class).json_schema()


VALIDATORS: dict[Any, Any] = {each: Draft202012Validator(schema_of(each)) for each in OURS}


def is_valid(message_class: Any, value: Any) -> bool:
    return VALIDATORS[message_class].is_valid(value)


@given(st.sampled_from(OURS).flatmap(messages))
def test_the_json_of_any_message_validates(message: Any) -> None:
    value = json.loads(codec_of(message).to_json(message))
    VALIDATORS[type(message)].validate(value)


@pytest.mark.parametrize("message_class", OURS)
def test_the_schema_is_one(message_class: Any) -> None:
    schema = schema_of(message_class)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert schema["title"] == message_class.DESCRIPTOR.name
    assert json.loads(json.dumps(schema)) == schema


def references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        for key, value in schema.items():  # pyright: ignore[reportUnknownVariableType] - JSON
            if key == "$ref":
                yield value
            yield from references(value)
    elif isinstance(schema, list):
        for part in schema:  # pyright: ignore[reportUnknownVariableType] - JSON
            yield from references(part)


@pytest.mark.parametrize("message_class", OURS)
def test_references_are_local_and_lead_somewhere(message_class: Any) -> None:
    schema = schema_of(message_class)
    targets = {"#", *(f"#/$defs/{name}" for name in schema.get("$defs", ()))}
    used = set(references(schema))
    assert used <= targets
    assert targets - used <= {"#"}, "a definition that nothing refers to"


def test_a_recursive_message() -> None:
    schema = schema_of(Tree)
    assert schema["properties"]["children"] == {"type": "array", "items": {"$ref": "#"}}
    assert schema["properties"]["other"] == {"$ref": "#/$defs/codectest.v1.Tree.Other"}
    assert schema["$defs"]["codectest.v1.Tree.Other"] == {
        "title": "Other",
        "type": "object",
        "properties": {
            "tree": {"$ref": "#"},
            "others": {
                "type": "object",
                "additionalProperties": {"$ref": "#/$defs/codectest.v1.Tree.Other"},
            },
        },
    }
    assert not is_valid(Tree, {"children": [{"other": {"tree": {"children": [{"name": 1}]}}}]})


GOOD: list[tuple[Any, Any]] = [
    (Scalars, {}),
    (Scalars, {"anInt64": "-5", "aUint64": 5, "aSfixed64": 5}),
    (Scalars, {"aDouble": 1, "aFloat": "-Infinity"}),
    (Scalars, {"aColour": "COLOUR_CRIMSON"}),
    (Scalars, {"aColour": 12}),
    (Scalars, {"someBytes": "_-8"}),
    (Scalars, {"a_string": "the name in the contract", "anything": ["else"]}),
    (Scalars, {"another-name": "x"}),
    (Collections, {"byInt32": {"-1": "COLOUR_RED"}, "byBool": {"true": 1}}),
    (Choices, {"text": "x", "yes": True, "alone": "y"}),
    (Choices, {"nothing": {}}),
    (Single, {}),
    (Single, {"number": "1"}),
    (Legacy, {"name": "x", "closed": "CLOSED_ONE", "item": [{"amount": 1}]}),
    (Legacy, {"name": "x", "closed": 2}),
    (WellKnown, {"timestamp": "2020-01-01T00:00:00.001+02:00", "duration": "-0.5s"}),
    (WellKnown, {"any": {"@type": "type.googleapis.com/x.Y", "more": 1}, "null": None}),
    (WellKnown, {"aString": "x", "anInt64": "1", "aDouble": "NaN", "value": None}),
    (EMPTY, {}),
    (Nothing, {}),
]
BAD: list[tuple[Any, Any]] = [
    (Scalars, []),
    (Scalars, None),
    (Scalars, {"anInt32": 2**31}),
    (Scalars, {"anInt32": 1.5}),
    (Scalars, {"aUint32": -1}),
    (Scalars, {"anInt64": "x"}),
    (Scalars, {"anInt64": 1.5}),
    (Scalars, {"aUint64": "-1"}),
    (Scalars, {"aUint64": -1}),
    (Scalars, {"aBool": "true"}),
    (Scalars, {"aString": 1}),
    (Scalars, {"aDouble": "nan"}),
    (Scalars, {"aFloat": True}),
    (Scalars, {"someBytes": "!"}),
    (Scalars, {"someBytes": [1]}),
    (Scalars, {"aColour": "BLUE"}),
    (Scalars, {"aColour": 1.5}),
    (Scalars, {"another-name": 1}),
    (Collections, {"longs": "1"}),
    (Collections, {"longs": ["x"]}),
    (Collections, {"colours": ["BLUE"]}),
    (Collections, {"scalars": [{"aBool": 1}]}),
    (Collections, {"byString": {"a": 1}}),
    (Collections, {"byInt32": {"x": "COLOUR_RED"}}),
    (Collections, {"byUint64": {"-1": {}}}),
    (Collections, {"byBool": {"yes": 1}}),
    (Collections, {"byString": []}),
    (Choices, {"text": "x", "number": "1"}),
    (Choices, {"text": "x", "nothing": {}}),
    (Choices, {"yes": True, "blob": ""}),
    (Single, {"text": "x", "number": "1"}),
    (Legacy, {}),
    (Legacy, {"name": "x", "closed": 3}),
    (Legacy, {"name": "x", "item": [{"amount": "x"}]}),
    (WellKnown, {"timestamp": "yesterday"}),
    (WellKnown, {"timestamp": 0}),
    (WellKnown, {"timestamps": ["2020-01-01"]}),
    (WellKnown, {"duration": "5"}),
    (WellKnown, {"duration": "1h"}),
    (WellKnown, {"mask": ["a"]}),
    (WellKnown, {"struct": []}),
    (WellKnown, {"list": {}}),
    (WellKnown, {"null": 1}),
    (WellKnown, {"empty": None}),
    (WellKnown, {"any": "x"}),
    (WellKnown, {"any": {"@type": 1}}),
    (WellKnown, {"aUint32": -1}),
    (WellKnown, {"aBool": 0}),
    (EMPTY, []),
    (TIMESTAMP, "now"),
]


@pytest.mark.parametrize(("message_class", "value"), GOOD)
def test_what_the_schema_takes(message_class: Any, value: Any) -> None:
    assert is_valid(message_class, value)
    if "any" not in value:  # of a type that is not there
        google_codec(message_class).from_json(json.dumps(value).encode())


@pytest.mark.parametrize(("message_class", "value"), BAD)
def test_what_the_schema_refuses(message_class: Any, value: Any) -> None:
    assert not is_valid(message_class, value)


@pytest.mark.parametrize(
    ("message_class", "type_"),
    [
        (timestamp_pb2.Timestamp, "string"),
        (duration_pb2.Duration, "string"),
        (struct_pb2.Struct, "object"),
        (struct_pb2.ListValue, "array"),
        (struct_pb2.Value, None),
        (wrappers_pb2.StringValue, "string"),
        (any_pb2.Any, "object"),
        (empty_pb2.Empty, "object"),
    ],
)
def test_well_known_types_as_the_whole_payload(message_class: Any, type_: str | None) -> None:
    assert schema_of(message_class).get("type") == type_


def test_each_call_gives_a_schema_of_its_own() -> None:
    changed = schema_of(Scalars)
    changed["properties"]["aBool"]["type"] = "changed"
    assert schema_of(Scalars)["properties"]["aBool"] == {"type": "boolean"}
