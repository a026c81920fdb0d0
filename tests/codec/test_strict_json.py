"""JSON that is stricter than Python's."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restate_proto.codec.strict_json import JsonError, dumps, loads
from tests.codec.messages import json_values


@given(json_values())
def test_round_trip(value: Any) -> None:
    assert loads(dumps(value)) == value


@given(st.binary())
def test_any_bytes_are_json_or_an_error(data: bytes) -> None:
    try:
        loads(data)
    except JsonError as error:
        assert str(error)  # noqa: PT017 - or a value


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\xff", "not UTF-8 at byte 0"),
        (b"NaN", "NaN is not JSON"),
        (b"[-Infinity]", "-Infinity is not JSON"),
        (b'{"a":{"b":1,"b":1}}', "the key 'b' is there twice"),
        (b"[" * 100_000, "nested too deeply"),
        (b"9" * 5_000, "digits"),
        (b"", "Expecting value"),
        (b"{} {}", "Extra data"),
    ],
)
def test_errors_say_what_is_wrong(data: bytes, text: str) -> None:
    with pytest.raises(JsonError, match=text):
        loads(data)


@pytest.mark.parametrize("value", [float("nan"), object(), "\udfff", {("a",): 1}])
def test_what_has_no_json_form(value: Any) -> None:
    with pytest.raises(JsonError):
        dumps(value)
