"""The JSON Schema of messages, held against a real validator."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import pytest
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
from restate_proto.model.codec import CodecError
from tests.codec.messages import (
    OURS,
    Choices,
    Collections,
    Edition,
    Keywords,
    Legacy,
    Nothing,
    Scalars,
    Shapes,
    Single,
    Tree,
    WellKnown,
    codec_of,
    messages,
)

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
            if key == "$ref" and isinstance(value, str):  # no property of that name
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


I64, U64 = 2**63, 2**64

GOOD: list[tuple[Any, Any]] = [
    (Scalars, {}),
    (Scalars, {"anInt64": "-5", "aUint64": 5, "aSfixed64": 5}),
    (Scalars, {"anInt64": str(I64 - 1), "aSint64": str(-I64), "aSfixed64": "-0"}),
    (Scalars, {"anInt64": I64 - 1, "aSint64": -I64, "aUint64": U64 - 1}),
    (Scalars, {"aUint64": str(U64 - 1), "aFixed64": "0"}),
    (Scalars, {"aUint32": 2**32 - 1, "anInt32": -(2**31), "aSint32": 1.0}),
    (Scalars, {"aDouble": 1, "aFloat": "-Infinity"}),
    (Scalars, {"aDouble": 1e39, "aFloat": -3.4028234663852886e38}),
    (Scalars, {"aColour": "COLOUR_CRIMSON"}),
    (Scalars, {"aColour": 12}),
    (Scalars, {"someBytes": "_-8"}),
    (Scalars, {"someBytes": ""}),
    (Scalars, {"someBytes": "_-8="}),
    (Scalars, {"anything": ["else"]}),
    (Scalars, {"another-name": "x"}),
    (Collections, {"byInt32": {"-1": "COLOUR_RED"}, "byBool": {"true": 1}}),
    (Collections, {"byInt32": {str(2**31 - 1): 0}, "byUint64": {str(U64 - 1): {}}}),
    (Collections, {"bySint64": {str(-I64): "", str(I64 - 1): ""}}),
    (Choices, {"text": "x", "yes": True, "alone": "y"}),
    (Choices, {"nothing": {}}),
    (Single, {}),
    (Single, {"number": "1"}),
    (Tree, {"name": "x", "children": [{"other": {"others": {"a": {}}}}]}),
    (Legacy, {"name": "x", "closed": "CLOSED_ONE", "item": [{"amount": 1}]}),
    (Legacy, {"name": "x", "closed": 2, "[codectest.v1.note]": "x"}),
    (Edition, {"needed": "1", "neededPart": {}, "shut": ["SHUT_MINUS", 7], "ajar": 3}),
    (Edition, {"needed": "1", "neededPart": {}, "delimited": {"number": 1}}),
    (Keywords, {"$ref": "#/x", "$id": "x", "__proto__": "1", "not": True}),
    (Shapes, {"null": None}),
    (Shapes, {"value": None}),
    (Shapes, {"wrapped": None}),
    (Shapes, {"shapes": {"shapes": {"lone": "LONE"}}}),
    (Shapes, {"values": [None, 1, {"a": []}], "structs": {"false": {"a": None}}}),
    (Shapes, {"inner": {"first": {"second": "AA=="}}}),
    (WellKnown, {"timestamp": "2020-01-01T00:00:00.001+02:00", "duration": "-0.5s"}),
    (WellKnown, {"timestamp": "0001-01-01T00:00:00Z"}),
    (WellKnown, {"timestamp": "9999-12-31T23:59:59.999999999Z"}),
    (WellKnown, {"duration": "315576000000.999999999s"}),
    (WellKnown, {"duration": "-315576000000s"}),
    (WellKnown, {"any": {}, "null": None, "struct": {"a": [None]}}),
    (WellKnown, {"any": {"@type": "type.googleapis.com/codectest.v1.Single", "text": "x"}}),
    (WellKnown, {"aString": "x", "anInt64": "1", "aDouble": "NaN", "value": None}),
    (WellKnown, {"aString": None, "anInt64": None, "aFloat": None, "aBool": None}),
    (EMPTY, {}),
    (Nothing, {}),
]
"""Read by the codec as well."""

BAD: list[tuple[Any, Any]] = [
    (Scalars, []),
    (Scalars, None),
    (Scalars, {"anInt32": 2**31}),
    (Scalars, {"anInt32": -(2**31) - 1}),
    (Scalars, {"anInt32": 1.5}),
    (Scalars, {"anInt32": True}),
    (Scalars, {"aUint32": -1}),
    (Scalars, {"aUint32": 2**32}),
    (Scalars, {"anInt64": "x"}),
    (Scalars, {"anInt64": ""}),
    (Scalars, {"anInt64": 1.5}),
    (Scalars, {"anInt64": str(I64)}),
    (Scalars, {"anInt64": I64}),
    (Scalars, {"anInt64": str(-I64 - 1)}),
    (Scalars, {"anInt64": -I64 - 1}),
    (Scalars, {"anInt64": "1" * 20}),
    (Scalars, {"aUint64": "-1"}),
    (Scalars, {"aUint64": -1}),
    (Scalars, {"aUint64": str(U64)}),
    (Scalars, {"aUint64": U64}),
    (Scalars, {"aBool": "true"}),
    (Scalars, {"aString": 1}),
    (Scalars, {"aDouble": "nan"}),
    (Scalars, {"aFloat": 1e39}),
    (Scalars, {"aFloat": -1e39}),
    (Scalars, {"someBytes": "A"}),
    (Scalars, {"someBytes": [1]}),
    (Scalars, {"another-name": 1}),
    (Scalars, {"maybeInt": "x"}),
    (Collections, {"longs": "1"}),
    (Collections, {"longs": ["x"]}),
    (Collections, {"longs": [None]}),
    (Collections, {"scalars": [{"aBool": 1}]}),
    (Collections, {"scalars": [None]}),
    (Collections, {"byString": {"a": 1}}),
    (Collections, {"byInt32": {"x": "COLOUR_RED"}}),
    (Collections, {"byInt32": {str(2**31): "COLOUR_RED"}}),
    (Collections, {"byUint64": {"-1": {}}}),
    (Collections, {"byUint64": {str(U64): {}}}),
    (Collections, {"bySint64": {str(I64): ""}}),
    (Collections, {"byBool": {"yes": 1}}),
    (Collections, {"byBool": {"True": 1}}),
    (Collections, {"byString": []}),
    (Choices, {"text": "x", "number": "1"}),
    (Choices, {"text": "x", "nothing": {}}),
    (Choices, {"yes": True, "blob": ""}),
    (Choices, {"text": "x", "number": "1", "scalars": {}, "nothing": {}}),
    (Single, {"text": "x", "number": "1"}),
    (Legacy, {"name": "x", "closed": 3}),
    (Legacy, {"name": "x", "item": [{"amount": "x"}]}),
    (Edition, {"needed": "1", "neededPart": {}, "shut": [1]}),
    (Edition, {"needed": "1", "neededPart": {}, "shutByName": {"a": 1}}),
    (Edition, {"needed": "-1", "neededPart": {}}),
    (Keywords, {"$ref": 1}),
    (Keywords, {"__proto__": "x"}),
    (Shapes, {"null": None, "value": 1, "lone": 0}),
    (Shapes, {"inner": {"first": {"first": {}, "second": ""}}}),
    (Shapes, {"texts": [None]}),
    (Shapes, {"numbers": ["-1"]}),
    (Shapes, {"flags": {"1": None}}),
    (Shapes, {"flags": {"-1": True}}),
    (Shapes, {"times": {"1": "now"}}),
    (Shapes, {"more": {"1": {"durations": {"2": "1m"}}}}),
    (WellKnown, {"timestamp": "yesterday"}),
    (WellKnown, {"timestamp": 0}),
    (WellKnown, {"timestamp": "2020-13-01T00:00:00Z"}),
    (WellKnown, {"timestamp": "2020-01-32T00:00:00Z"}),
    (WellKnown, {"timestamp": "2020-01-01T24:00:00Z"}),
    (WellKnown, {"timestamp": "2020-01-01T00:60:00Z"}),
    (WellKnown, {"timestamp": "2020-01-01T00:00:00"}),
    (WellKnown, {"timestamp": "2020-01-01 00:00:00Z"}),
    (WellKnown, {"timestamp": "2020-01-01t00:00:00z"}),
    (WellKnown, {"timestamp": "2020-01-01T00:00:00.0000000001Z"}),
    (WellKnown, {"timestamp": "0000-01-01T00:00:00Z"}),
    (WellKnown, {"timestamps": ["2020-01-01"]}),
    (WellKnown, {"duration": "5"}),
    (WellKnown, {"duration": "1h"}),
    (WellKnown, {"duration": "s"}),
    (WellKnown, {"duration": "315576000001s"}),
    (WellKnown, {"duration": "-315576000001.5s"}),
    (WellKnown, {"duration": 5}),
    (WellKnown, {"mask": ["a"]}),
    (WellKnown, {"mask": "a_b"}),
    (WellKnown, {"struct": []}),
    (WellKnown, {"list": {}}),
    (WellKnown, {"empty": 1}),
    (WellKnown, {"any": "x"}),
    (WellKnown, {"any": {"text": "no type"}}),
    (WellKnown, {"any": {"@type": 1}}),
    (WellKnown, {"aUint32": -1}),
    (WellKnown, {"aBool": 0}),
    (WellKnown, {"anInt64": str(I64)}),
    (WellKnown, {"someBytes": "A"}),
    (Scalars, {"someBytes": "!"}),
    (Scalars, {"someBytes": "AA="}),
    (Legacy, {}),
    (Edition, {"needed": "1"}),
    (EMPTY, []),
    (TIMESTAMP, "now"),
]
"""Refused by the codec as well."""

STRICTER: list[tuple[Any, Any]] = [
    (Scalars, {"aBool": None}),
    (Scalars, {"aColour": "BLUE"}),  # a newer contract may have it
    (Scalars, {"aColour": 1.5}),
    (Scalars, {"aFloat": True}),
    (Scalars, {"aDouble": "1.5"}),
    (Scalars, {"anInt32": "1"}),
    (Scalars, {"anInt64": "+1"}),
    (Collections, {"colours": ["BLUE"]}),
    (Choices, {"text": None, "number": "1"}),
    (WellKnown, {"duration": "1.0000000001s"}),
    (WellKnown, {"empty": None}),
    (WellKnown, {"null": 0}),
]
"""Read by the codec, but not what anybody should write."""


def read(message_class: Any, value: Any) -> Any:
    return google_codec(message_class).from_json(json.dumps(value).encode())


@pytest.mark.parametrize(("message_class", "value"), GOOD)
def test_what_the_schema_takes(message_class: Any, value: Any) -> None:
    VALIDATORS[message_class].validate(value)
    read(message_class, value)


@pytest.mark.parametrize(("message_class", "value"), BAD)
def test_what_the_schema_refuses(message_class: Any, value: Any) -> None:
    assert not is_valid(message_class, value)
    with pytest.raises(CodecError):
        read(message_class, value)


@pytest.mark.parametrize(("message_class", "value"), STRICTER)
def test_what_only_the_schema_refuses(message_class: Any, value: Any) -> None:
    assert not is_valid(message_class, value)
    read(message_class, value)


def test_what_is_deprecated() -> None:
    properties = schema_of(Keywords)["properties"]
    assert [name for name, schema in properties.items() if "deprecated" in schema] == ["old"]
    assert properties["old"]["deprecated"] is True


# What json_format reads otherwise, or not at all, somewhere.
ANYTHING: list[Any] = [
    *(None, True, False, 0, 1, -1, 1.0, 1.5, -0.0, 1e39, 1e19, {}, [], [None], [[]], {"a": None}),
    *(2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**32 - 1, 2**32, I64 - 1, I64, -I64, U64),
    *("", "0", "-0", "1", "-1", "1.0", "1e3", "0x1", "007", " 1", "x", "true", "null"),
    *(str(2**31), str(I64 - 1), str(I64), str(-I64), str(-I64 - 1), str(U64 - 1), str(U64)),
    *("NaN", "Infinity", "-Infinity", "nan", "inf", "1s", "-1.5s", "1", "1.s", ".5s", "s"),
    *("315576000000s", "315576000001s", "-315576000001s", "1.1234567891s", "99999999999999s"),
    *("2020-01-01T00:00:00Z", "2020-01-01T00:00:00+25:00", "2020-1-1T0:0:0Z", "2020-01-01"),
    *("A", "AA", "AAA", "AAAA", "AAAA=", "-_", "+/", "A-+/", "a_b", "aB,c.d", "LONE", "SHUT_ZERO"),
    *({"$ref": "#"}, {"1": 1}, {"true": {}}, {"value": 1}, [1, "1"], ["A"], {"x": {"y": "z"}}),
]


def places(value: Any) -> Iterator[Any]:
    """Yield every non-empty list and object in a value, except inside of an Any."""
    if isinstance(value, list):
        parts = cast("list[Any]", value)
    elif isinstance(value, dict) and "@type" not in value:
        parts = list(cast("dict[str, Any]", value).values())
    else:
        return
    if parts:
        yield value
    for part in parts:
        yield from places(part)


@pytest.mark.parametrize("message_class", OURS)
def test_what_the_schema_takes_of_a_field_is_read(message_class: Any) -> None:
    """The value may be a field, an element, or a key or value of a map."""
    schema = schema_of(message_class)
    whole = schema["examples"][0]
    needed = {name: whole[name] for name in schema.get("required", ())}
    for field in message_class.DESCRIPTOR.fields:
        values = [*ANYTHING, *([each] for each in ANYTHING)]
        values += [{key: each} for each in ANYTHING for key in ("1", "true")]
        parts: list[Any] = [1, "", {}]
        values += [{key: each} for key in ANYTHING if isinstance(key, str) for each in parts]
        for each in values:
            value = {**needed, field.json_name: each}
            if is_valid(message_class, value):
                read(message_class, value)


@given(st.sampled_from(OURS).flatmap(messages), st.data())
def test_what_the_schema_takes_is_read(message: Any, data: st.DataObject) -> None:
    """Any value anywhere in a message is either read, or refused by the schema."""
    whole: dict[str, Any] = {"value": json.loads(codec_of(message).to_json(message))}
    place = data.draw(st.sampled_from(list(places(whole))))
    index = data.draw(st.integers(0, len(place) - 1))
    place[index if isinstance(place, list) else list(place)[index]] = data.draw(
        st.sampled_from(ANYTHING)
    )
    if VALIDATORS[type(message)].is_valid(whole["value"]):
        read(type(message), whole["value"])


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
