"""Checks of arguments' types, for users without a type checker."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, cast

from restate_proto.model.kinds import Encoding

__all__ = [
    "DURATION",
    "STRING",
    "check_duration",
    "check_encoding",
    "check_headers",
    "check_number",
    "check_string",
    "check_time",
    "not_text",
    "wrong_key",
    "wrong_type",
]

DURATION: Final = "a timedelta, such as timedelta(seconds=30)"
STRING: Final = "a str"
TIME: Final = "a datetime, such as datetime(2030, 1, 1, tzinfo=UTC)"


def wrong_type(where: object, name: str, value: object, expected: str) -> TypeError:
    """Make the error for an argument of the wrong type.

    Args:
        where: what was called.
        name: the name of the parameter.
        value: what was given for it.
        expected: the expected value, in words.
    """
    return TypeError(f"{where}({name}={value!r}): must be {expected}")


def wrong_key(where: object, key: object, expected: type) -> TypeError:
    """Make the error for a value that should be a key of state, of a promise or of a signal.

    Args:
        where: what was called.
        key: what was given for its parameter `key`.
        expected: the class of keys that belong there.
    """
    what = f"a {expected.__name__}, such as the one that the generated base has for the contract's"
    return wrong_type(where, "key", key, what)


def not_text(given: str, error: UnicodeEncodeError) -> ValueError:
    """Make the error for a str that UTF-8 cannot hold, such as a file's name may be.

    Args:
        given: the argument, for the text.
        error: what Python says of it.
    """
    half = error.object[error.start : error.start + 1]
    return ValueError(f"{given}: must be text, and {half!r} is half of a surrogate pair")


def check_string(where: object, name: str, value: object) -> None:
    """Refuse a value that is not a string of text.

    Raises:
        TypeError: the value is not a str.
        ValueError: it has half of a surrogate pair.
    """
    if not isinstance(value, str):
        raise wrong_type(where, name, value, STRING)
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise not_text(f"{where}({name}={value!r})", error) from None


def check_duration(where: object, name: str, value: object) -> None:
    """Refuse a value that is not a positive duration.

    Raises:
        TypeError: the value is not a timedelta.
        ValueError: it is not positive.
    """
    if not isinstance(value, timedelta):
        raise wrong_type(where, name, value, DURATION)
    if value <= timedelta(0):
        raise ValueError(f"{where}({name}={value!r}): must be longer than zero")


def check_time(where: object, name: str, value: object) -> None:
    """Refuse a value that is not a time with a time zone.

    Raises:
        TypeError: the value is not a datetime.
        ValueError: it has no time zone.
    """
    if not isinstance(value, datetime):
        raise wrong_type(where, name, value, TIME)
    if value.utcoffset() is None:
        raise ValueError(f"{where}({name}={value!r}): must have a time zone, such as UTC")


def check_number(where: object, name: str, value: object, least: int, most: int) -> None:
    """Refuse a value that is not an integer within a range.

    Raises:
        TypeError: the value is not an int.
        ValueError: it is outside of the range.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong_type(where, name, value, "an int")
    if not least <= value <= most:
        raise ValueError(f"{where}({name}={value!r}): must be {least} to {most}")


def check_headers(where: object, headers: object) -> None:
    """Refuse headers that are not a mapping of strings to strings.

    Raises:
        TypeError: the headers are not a mapping, or a name or value in it is not a str.
    """
    if not isinstance(headers, Mapping):
        raise wrong_type(where, "headers", headers, "a mapping of str to str")
    mapping = cast("Mapping[Any, Any]", headers)
    for name, value in mapping.items():
        if not (isinstance(name, str) and isinstance(value, str)):
            expected = f"a mapping of str to str, not of {name!r} to {value!r}"
            raise wrong_type(where, "headers", mapping, expected)


def check_encoding(where: str, encoding: object) -> None:
    """Refuse a value that is not an encoding.

    Raises:
        TypeError: the value is not an `Encoding`.
    """
    if not isinstance(encoding, Encoding):
        raise wrong_type(where, "encoding", encoding, "Encoding.PROTOBUF or Encoding.JSON")
