"""Plain Python values to JSON and back."""

from __future__ import annotations

import enum
import math
from types import NoneType
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restate_proto.codec.registry import codec_for
from restate_proto.model.codec import CodecError
from tests.codec.messages import codec_of, json_values

TYPES: list[Any] = [bool, int, float, str, list, dict, NoneType, bytes]
JSON_TYPES = TYPES[:6]


class Level(enum.IntEnum):
    HIGH = 3


@given(json_values(st.integers() | st.floats(allow_nan=False, allow_infinity=False)))
def test_round_trip(value: Any) -> None:
    codec = codec_of(value)
    for write, read in (
        (codec.to_json, codec.from_json),
        (codec.to_binary, codec.from_binary),
    ):
        again = read(write(value))
        assert again == value
        assert type(again) is type(value)


@given(st.binary())
def test_bytes_are_themselves(data: bytes) -> None:
    codec = codec_for(bytes)
    assert codec.to_json(data) == codec.to_binary(data) == data
    assert codec.from_json(data) == codec.from_binary(data) == data


@given(st.sampled_from(TYPES), st.binary())
def test_any_bytes_are_a_value_or_a_codec_error(type_: Any, data: bytes) -> None:
    codec = codec_for(type_)
    for read in (codec.from_binary, codec.from_json):
        try:
            value = read(data)
        except CodecError as error:
            assert str(error).startswith(codec.full_name)  # noqa: PT017 - or a value
        else:
            codec.to_json(value)


@given(st.sampled_from(JSON_TYPES), json_values())
def test_another_type_is_refused_both_ways(type_: Any, value: Any) -> None:
    codec = codec_for(type_)
    data = codec_of(value).to_json(value) or b"null"
    fits = type(value) is type_ or (type_ is float and type(value) is int)
    if not fits:
        with pytest.raises(TypeError):
            codec.to_json(value)
        with pytest.raises(CodecError):
            codec.from_json(data)


def test_the_form_is_compact_sorted_and_not_escaped() -> None:
    codec = codec_for(cast("Any", dict))
    assert codec.to_json({"b": [1.5, None, True], "a": "ä"}) == (
        b'{"a":"\xc3\xa4","b":[1.5,null,true]}'
    )


def test_a_float_stays_a_float() -> None:
    codec = codec_for(float)
    assert codec.to_json(1) == b"1.0"
    value = codec.from_json(b"1")
    assert value == 1.0
    assert type(value) is float


def test_equal_subclasses_may_be_written() -> None:
    assert codec_for(int).to_json(Level.HIGH) == b"3"


def test_none_is_zero_bytes_and_null_is_read() -> None:
    codec = codec_for(NoneType)
    assert codec.to_json(None) == codec.to_binary(None) == b""
    assert codec.is_empty
    for data in (b"", b"null", b" null\n"):
        codec.from_json(data)
    with pytest.raises(CodecError, match=r"^None: expected"):
        codec.from_json(b"0")
    with pytest.raises(TypeError, match="expected None, got int 0"):
        codec.to_json(0)  # pyright: ignore[reportArgumentType] - the mistake in question


SELF_HOLDING: list[Any] = []
SELF_HOLDING.append(SELF_HOLDING)


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (True, TypeError, "expected int, got bool True"),
        ([(1, 2)], TypeError, r"list\[0\]: JSON has no tuple \(1, 2\)"),
        ({1: "x"}, TypeError, "dict: a key must be a str, not int 1"),
        ({"a": [{2: 1}]}, TypeError, r"dict\['a'\]\[0\]: a key must be a str"),
        ({"a": b"x"}, TypeError, r"dict\['a'\]: JSON has no bytes"),
        ([1.0, [math.nan]], CodecError, r"list\[1\]\[0\]: cannot be written as JSON: Out of range"),
        ({"a": math.inf}, CodecError, r"dict\['a'\]: cannot be written as JSON: Out of range"),
        ({"a": ["x", "\ud800"]}, CodecError, r"dict\['a'\]\[1\]: .*half of a surrogate pair"),
        ({"a": {"\ud800": 1}}, CodecError, r"dict\['a'\]\['\\ud800'\]: .*surrogate pair"),
        (SELF_HOLDING, CodecError, "list: cannot be written as JSON"),
    ],
)
def test_what_cannot_be_read_back_is_not_written(value: Any, error: Any, text: str) -> None:
    codec: Any = codec_for(int) if value is True else codec_of(value)
    with pytest.raises(error, match=text):
        codec.to_json(value)


@pytest.mark.parametrize(
    ("type_", "data"),
    [
        (str, b'"\\ud800"'),
        (list, b'["\\uD800"]'),
        (float, b"1" * 400),
        (float, b"NaN"),
        (int, b"1.0"),
        (int, b"1e3"),
        (int, b"9" * 10_000),
        (dict, b'{"a":1,"a":2}'),
        (list, b"[" * 100_000),
        (int, b""),
    ],
)
def test_what_is_not_read(type_: Any, data: bytes) -> None:
    with pytest.raises(CodecError, match=rf"^{type_.__name__}: \S"):
        codec_for(type_).from_json(data)


def test_only_bytes_are_bytes() -> None:
    with pytest.raises(TypeError, match="expected bytes, got str 'x'"):
        codec_for(bytes).to_binary("x")  # pyright: ignore[reportArgumentType] - the mistake in question


def test_schemas() -> None:
    schemas = {type_: codec_for(type_).json_schema() for type_ in TYPES}
    assert schemas == {
        bool: {"type": "boolean"},
        int: {"type": "integer"},
        float: {"type": "number"},
        str: {"type": "string"},
        list: {"type": "array"},
        dict: {"type": "object"},
        NoneType: None,
        bytes: None,
    }
