"""Rules in JSON Schemas: validation refuses what a schema refuses, and the example is valid."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from restate_proto.codec.registry import codec_for
from restate_proto.codec.validation import validator_for
from tests.validation.generated import LIBRARIES, account, codec_of, generated

SCHEMA: Any = codec_for(generated("protobuf")[1].Account).json_schema()
CHECKED: Any = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)


def as_json(message: Any) -> Any:
    return json.loads(codec_of(message).to_json(message))


@pytest.mark.parametrize("library", LIBRARIES)
def test_each_library_has_the_rules(library: str) -> None:
    assert codec_for(generated(library)[1].Account).json_schema() == SCHEMA


def test_the_rules_are_said() -> None:
    said = SCHEMA["properties"]
    assert (said["name"]["minLength"], said["name"]["maxLength"]) == (2, 8)
    assert said["name"]["pattern"] == "^[a-zé]+$"
    assert said["mail"]["format"] == "email"
    assert (said["age"]["minimum"], said["age"]["exclusiveMaximum"]) == (1, 150)
    assert (said["balance"]["exclusiveMinimum"], said["balance"]["maximum"]) == (-100, 100)
    assert said["score"]["type"] == "number"
    tags = said["tags"]
    assert (tags["minItems"], tags["maxItems"], tags["uniqueItems"]) == (1, 3, True)
    assert tags["items"]["minLength"] == 1
    limits = said["limits"]
    assert limits["propertyNames"] == {"minLength": 2}
    assert limits["additionalProperties"]["exclusiveMinimum"] == 0
    assert limits["maxProperties"] == 2
    assert said["plan"]["enum"] == [
        *("PLAN_UNSPECIFIED", 0, "PLAN_FREE", 1, "PLAN_PAID", 2),
    ]
    assert said["plan"]["not"] == {"enum": ["PLAN_UNSPECIFIED", 0]}
    assert said["country"]["enum"] == ["DE", "FR"]
    assert said["nick"]["enum"] == ["nick"]
    assert said["agreed"]["enum"] == [True]
    assert said["level"]["maximum"] == 9
    address = SCHEMA["$defs"]["validated.v1.Address"]["properties"]
    assert (address["id"]["format"], address["site"]["format"]) == ("uuid", "uri")


def test_what_has_to_be_there_is_required() -> None:
    assert SCHEMA["required"] == [
        *("name", "mail", "age", "tags", "plan", "address", "country", "agreed", "token"),
    ]
    assert SCHEMA["allOf"] == [{"anyOf": [{"required": ["phone"]}, {"required": ["fax"]}]}]


def test_what_json_schema_has_no_words_for_is_described() -> None:
    said = SCHEMA["properties"]
    assert "a child has a guardian: this.age >= 18" in SCHEMA["description"]
    assert said["patience"]["description"] == 'Rules: duration.lte = "60s".'
    assert said["token"]["description"] == "Rules: bytes.min_len = 1."
    # The empty string is allowed, which a pattern would not say.
    assert said["guardian"] == {
        "type": "string",
        "description": 'Rules: string.prefix = "Mx."; ignore = "IGNORE_IF_ZERO_VALUE".',
    }


def test_the_example_keeps_the_rules() -> None:
    codec = codec_for(generated("protobuf")[1].Account)
    (example,) = SCHEMA["examples"]
    assert CHECKED.is_valid(example), [*CHECKED.iter_errors(example)]
    message = codec.from_json(json.dumps(example).encode())
    validator = validator_for(codec)
    assert validator is not None
    invalid = validator.check(message)
    # No example is found for what CEL asks for.
    assert invalid is None or "guardian" in invalid.text


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "name": st.text(max_size=10) | st.sampled_from(["é", "ab", "abcdefgh", "abcdefghi"]),
            "mail": st.sampled_from(["", "a", "a@b.example"]),
            "age": st.integers(-2, 200),
            "balance": st.integers(-120, 120),
            "score": st.floats(),
            "tags": st.lists(st.text(max_size=2), max_size=5),
            "limits": st.dictionaries(st.text(max_size=3), st.integers(-1, 5), max_size=3),
            "plan": st.integers(0, 3),
            "address": st.none(),
            "country": st.sampled_from(["", "DE", "US"]),
            "guardian": st.sampled_from(["", "x", "Mx. X"]),
            "nick": st.sampled_from(["", "nick"]),
            "phone": st.none() | st.text(max_size=4),
            "agreed": st.booleans(),
            "token": st.binary(max_size=2),
        },
    )
)
def test_what_a_schema_refuses_is_invalid(changes: dict[str, Any]) -> None:
    message = account("protobuf", **changes)
    validator = validator_for(codec_of(message))
    assert validator is not None
    if validator.check(message) is None:
        assert CHECKED.is_valid(as_json(message)), as_json(message)
