"""Write tables, trees, times and durations for people, and read durations."""

from __future__ import annotations

import os
import re
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console

__all__ = ["console", "read_duration", "show_ago", "show_duration", "show_time"]

_PIPE_WIDTH = 250
_A_MOMENT = timedelta(milliseconds=500)

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[dhms]) *)+", re.ASCII)
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[dhms])")


def console() -> Console:
    """Return the console for tables and trees, which is wide for a file or a pipe."""
    from rich.console import Console  # noqa: PLC0415 - `--help` should not wait for it

    is_piped = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    width = _PIPE_WIDTH if is_piped else None
    return Console(highlight=False, markup=False, emoji=False, width=width)


def read_duration(text: str) -> timedelta:
    """Read a duration: `90s`, `5m`, `1h30m`, `2d`, `250ms`.

    Raises:
        typer.BadParameter: the text is not a duration.
    """
    if not _DURATION.fullmatch(text.strip()):
        raise typer.BadParameter(
            f"{text!r} is not a duration; write one such as 90s, 5m, 1h30m or 2d"
        )
    parts = _PART.findall(text)
    try:
        return timedelta(seconds=sum(float(n) * _UNITS.get(unit, 0.001) for n, unit in parts))
    except OverflowError:
        raise typer.BadParameter(f"{text!r} is too long; write at most 999999999d") from None


def show_duration(duration: timedelta) -> str:
    """Write a duration with the two units that matter: `45 s`, `3 m 20 s`, `5 h`, `12 d 4 h`."""
    seconds = max(0, round(duration.total_seconds()))
    parts: list[str] = []
    for unit, size in _UNITS.items():
        count, seconds = divmod(seconds, size)
        if count or parts:
            parts.append(f"{count} {unit}" if count else "")
    return " ".join(filter(None, parts[:2])) or "0 s"


def show_time(time: datetime) -> str:
    """Write a time: `2026-11-29 23:45:02 UTC`."""
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"


def show_ago(time: datetime, now: datetime) -> str:
    """Write the time since or until something: `3 m ago`, `in 5 s`, `now`."""
    if abs(time - now) < _A_MOMENT:
        return "now"
    if time > now:
        return f"in {show_duration(time - now)}"
    return f"{show_duration(now - time)} ago"
