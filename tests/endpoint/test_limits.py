"""The limits that a user sets: checked when they are made, and passed on."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from restate_proto import Limits
from restate_proto.http2.limits import Http2Settings, ServerLimits

PAGE = Path(__file__).parents[2] / "docs" / "limits.md"


def test_the_defaults_are_those_below() -> None:
    assert Limits().of_connection() == Http2Settings()
    assert Limits().of_server() == ServerLimits()


def test_what_is_given_is_passed_on() -> None:
    limits = Limits(
        max_streams=7,
        max_connections=8,
        max_header_bytes=9_000,
        max_buffered_output=1_000,
        handshake_timeout=timedelta(milliseconds=500),
        idle_timeout=timedelta(hours=1),
        read_timeout=timedelta(seconds=3),
        write_timeout=timedelta(seconds=4),
    )
    settings = limits.of_connection()
    assert settings.max_concurrent_streams == 7
    assert settings.max_header_list_size == 9_000
    assert (settings.high_water, settings.low_water) == (1_000, 250)
    assert limits.of_server() == ServerLimits(
        max_connections=8,
        handshake_timeout=0.5,
        idle_timeout=3600,
        read_timeout=3,
        write_timeout=4,
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"max_inbound_message": 0}, "max_inbound_message=0 must be 1024 to 2147483647"),
        ({"max_streams": 0}, "max_streams=0 must be 1 to"),
        ({"max_connections": -1}, "max_connections=-1 must be 1 to"),
        ({"max_header_bytes": 100}, "max_header_bytes=100 must be 4096 to"),
        ({"max_buffered_output": 0}, "max_buffered_output=0 must be 1 to"),
        ({"read_timeout": timedelta(0)}, "must be longer than zero"),
        ({"idle_timeout": timedelta(minutes=5)}, "must be longer than 5 minutes: Restate keeps"),
    ],
)
def test_a_value_that_cannot_be(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        Limits(**given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"write_timeout": 30}, "write_timeout takes a timedelta, such as timedelta(seconds=30)"),
        ({"max_streams": 1.5}, "max_streams takes an int, not 1.5"),
        ({"max_streams": True}, "max_streams takes an int, not True"),
    ],
)
def test_a_value_of_the_wrong_type(given: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=re.escape(message)):
        Limits(**given)


def test_the_page_lists_every_limit_with_its_default() -> None:
    words: dict[object, str] = {
        67_108_864: "64 MiB",
        33_554_432: "32 MiB",
        1_000: "1,000",
        500: "500",
        65_536: "64 KiB",
        131_072: "128 KiB",
        timedelta(seconds=10): "10 seconds",
        timedelta(minutes=10): "10 minutes",
        timedelta(minutes=1): "1 minute",
        timedelta(minutes=5): "5 minutes",
    }
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", PAGE.read_text(), re.MULTILINE)
    assert dict(rows) == {each.name: words[each.default] for each in fields(Limits)}
    assert "docs/limits.md" in (PAGE.parents[1] / "README.md").read_text()
