"""Parsers of settings. Each raises a `ValueError` that says what to write."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "parse_bind",
    "parse_duration",
    "parse_file",
    "parse_flag",
    "parse_host",
    "parse_number",
    "parse_one_of",
    "parse_target",
]

_UNITS: Final = {
    "ms": timedelta(milliseconds=1),
    "": timedelta(seconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
}
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|)", re.ASCII)
_DIGITS: Final = re.compile(r"[0-9]{1,100}")
_FLAGS: Final = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}


def parse_duration(text: str) -> timedelta:
    """Parse a duration in seconds, or with one of the units ms, s, m and h."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError("a duration is a number of seconds, or has a unit: 30, 500ms, 1.5m, 1h")
    try:
        return float(match[1]) * _UNITS[match[2]]
    except OverflowError:
        raise ValueError("it is longer than any duration") from None


def parse_number(least: int, most: int, what: str) -> Callable[[str], int]:
    """Return a parser of whole numbers."""

    def parse(text: str) -> int:
        digits = text.strip().replace("_", "")
        number = int(digits) if _DIGITS.fullmatch(digits) else -1
        if not least <= number <= most:
            raise ValueError(f"{what} is a whole number from {least:,} to {most:,}")
        return number

    return parse


def parse_flag(text: str) -> bool:
    """Yes or no."""
    try:
        return _FLAGS[text.strip().lower()]
    except KeyError:
        raise ValueError("write true or false") from None


def parse_one_of(*values: str) -> Callable[[str], str]:
    """Return a parser of a few words, in lower or upper case."""

    def parse(text: str) -> str:
        value = text.strip().lower()
        if value not in values:
            raise ValueError(f"write {', '.join(values[:-1])} or {values[-1]}")
        return value

    return parse


def parse_file(text: str) -> Path:
    """Parse the path of a file, which has to be readable."""
    path = Path(text)
    try:
        with path.open("rb"):
            return path
    except OSError as error:
        raise ValueError(f"the file cannot be read: {error.strerror}") from None


def parse_host(text: str) -> str:
    """Return an address or a name, which has no port."""
    host, colon, port = text.rpartition(":")
    if colon and port.isdecimal() and (":" not in host or host.endswith("]")):  # no bare ::1
        host = host.strip("[]")
        raise ValueError(f"a host has no port: write bind {text}, or host {host} and port {port}")
    name = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if not name:
        raise ValueError("a host is an address or a name: 0.0.0.0 stands for all addresses")
    return name


def parse_bind(text: str) -> tuple[str, int]:
    """HOST:PORT."""
    from restate_proto.endpoint.addresses import parse_address  # noqa: PLC0415 - `--help` waits for nothing

    return parse_address(text)


def parse_target(text: str) -> str:
    """MODULE:ENDPOINT."""
    module, _, attribute = text.partition(":")
    if not module or not attribute:
        raise ValueError("write MODULE:ENDPOINT, such as shop.main:endpoint")
    return text
