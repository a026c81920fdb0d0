"""Durations on the command line: `90s`, `10m`, `1h30m`."""

from __future__ import annotations

import re
from datetime import timedelta

import typer

__all__ = ["parse_duration"]

_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds", "ms": "milliseconds"}
_PART = r"(\d+(?:\.\d+)?)(ms|[dhms])"


def parse_duration(text: str) -> timedelta:
    """Reads a duration; a number without a unit counts seconds.

    Args:
        text: the duration, such as `90`, `90s` or `1h30m`.

    Raises:
        typer.BadParameter: it is none.
    """
    if re.fullmatch(r"\d+(\.\d+)?", text):
        text += "s"
    if not re.fullmatch(f"(?:{_PART})+", text):
        raise typer.BadParameter(f"{text!r} is no duration, such as 90s, 10m or 1h30m")
    try:
        return sum(
            (
                timedelta(**{_UNITS[unit]: float(number)})
                for number, unit in re.findall(_PART, text)
            ),
            timedelta(),
        )
    except OverflowError:
        raise typer.BadParameter(f"{text!r} is too long") from None
