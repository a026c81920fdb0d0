"""Read durations as restate-server does: `1h 30m` or `PT1H30M`, in units up to weeks."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

__all__ = ["milliseconds"]

_UNITS: Final = {
    "w": (604_800_000, ("w", "wk", "wks", "week", "weeks")),
    "d": (86_400_000, ("d", "day", "days")),
    "h": (3_600_000, ("h", "hr", "hrs", "hour", "hours")),
    "m": (60_000, ("m", "min", "mins", "minute", "minutes")),
    "s": (1_000, ("s", "sec", "secs", "second", "seconds")),
    "ms": (1, ("ms", "msec", "msecs", "milli", "millis", "millisecond", "milliseconds")),
    "us": (
        Fraction(1, 1_000),
        ("us", "µs", "μs", "usec", "usecs", "µsec", "µsecs", "μsec", "μsecs", "micro", "micros",
         "microsecond", "microseconds"),
    ),
    "ns": (
        Fraction(1, 1_000_000), ("ns", "nsec", "nsecs", "nano", "nanos", "nanosecond", "nanoseconds")
    ),
}  # fmt: skip
"""The milliseconds of each unit, and its names, from the longest one to the shortest."""


_SPACE: Final = r"[ \t\n\f\r]"


def _one(name: str) -> str:
    words = "|".join(sorted(map(re.escape, _UNITS[name][1]), key=len, reverse=True))
    fraction = "" if name == "ns" else r"(?:[.,]\d{1,9})?"
    # A unit may have no word's letter behind it, else `1min` would be read as a `1m`.
    return rf"(?:(?P<{name}>\d+{fraction}){_SPACE}*(?:{words})(?![a-zµμ])(?:,{_SPACE}+|{_SPACE}*))?"


_CLOCK: Final = r"(?P<clock>\d+:\d+:\d+(?:[.,]\d{1,9})?)?"
_FRIENDLY: Final = re.compile(
    rf"(?P<sign>[+-])?{''.join(map(_one, _UNITS))}{_CLOCK}(?P<ago>(?:{_SPACE}+|(?<={_SPACE}))ago)?",
    re.ASCII,
)
_ISO: Final = re.compile(
    r"(?P<sign>[+-])?P(?:(?P<w>\d+)W)?(?:(?P<d>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<h>\d+(?:[.,]\d{1,9})?)H)?(?:(?P<m>\d+(?:[.,]\d{1,9})?)M)?"
    r"(?:(?P<s>\d+(?:[.,]\d{1,9})?)S)?)?",
    re.ASCII | re.IGNORECASE,
)
_MOST: Final = 631_107_417_600_000
"""The most that the server's library takes."""
_MOST_NANOSECONDS: Final = 2**63 - 1


def milliseconds(text: str) -> int:
    """Return a duration in milliseconds.

    Raises:
        ValueError: the text is not a duration, is negative, or has months or years.
    """
    if text == "0":
        return 0
    found = _ISO.fullmatch(text) or _FRIENDLY.fullmatch(text)
    parts = {name: part for name, part in (found.groupdict() if found else {}).items() if part}
    clock = parts.pop("clock", None)
    signs = [parts.pop(name) for name in ("sign", "ago") if name in parts]
    if clock is not None:
        if {"h", "m", "s", "ms", "us", "ns"} & parts.keys():
            raise ValueError(text)
        parts |= zip("hms", clock.split(":"), strict=True)
    is_fraction = [not part.isdigit() for part in parts.values()]
    # Only the last unit may have a fraction, and days and weeks may not.
    if not parts or any(is_fraction[:-1]) or (is_fraction[-1] and [*parts][-1] in "wd"):
        raise ValueError(text)
    total = sum(Fraction(part.replace(",", ".")) * _UNITS[name][0] for name, part in parts.items())
    if len(signs) > 1 or (signs not in ([], ["+"]) and total):
        raise ValueError(text)
    if text.removesuffix("ago").rstrip(" \t\n\f\r")[-1] == "," or total > _MOST:
        raise ValueError(text)
    if int(parts.get("ns", "0")) > _MOST_NANOSECONDS:
        raise ValueError(text)
    return int(total)
