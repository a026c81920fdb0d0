"""Durations and times, as people write and read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import typer

from restate_proto.cli.human_readable import read_duration, show_ago, show_duration, show_time

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0s", 0),
        ("90s", 90),
        ("5m", 300),
        ("1h30m", 5400),
        ("2d", 172_800),
        ("250ms", 0.25),
        ("1.5h", 5400),
        ("1m 5s", 65),
    ],
)
def test_a_duration(text: str, seconds: float) -> None:
    assert read_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "5", "m", "5 minutes", "-5m", "5m!", "1y"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(
        typer.BadParameter, match="is not a duration; write one such as 90s, 5m, 1h30m or 2d"
    ):
        read_duration(text)


def test_a_duration_that_is_too_long() -> None:
    with pytest.raises(typer.BadParameter, match="is too long; write at most"):
        read_duration("99999999999999d")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (45.4, "45 s"),
        (200, "3 m 20 s"),
        (18_000, "5 h"),
        (18_005, "5 h"),
        (1_051_200, "12 d 4 h"),
        (-3, "0 s"),
    ],
)
def test_a_duration_that_is_shown(seconds: float, text: str) -> None:
    assert show_duration(timedelta(seconds=seconds)) == text


def test_a_time_that_is_shown() -> None:
    assert show_time(NOON) == "2026-11-29 12:00:00 UTC"
    assert show_ago(NOON - timedelta(minutes=3), NOON) == "3 m ago"
    assert show_ago(NOON + timedelta(seconds=5), NOON) == "in 5 s"
    assert show_ago(NOON + timedelta(milliseconds=20), NOON) == "now"
