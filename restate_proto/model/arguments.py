"""Errors in words for arguments of a wrong type, which not every user's type checker sees."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
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
    "wrong_key",
    "wrong_type",
]

DURATION: Final = "a timedelta, such as timedelta(seconds=30)"
STRING: Final = "a str"


def wrong_type(where: object, name: str, value: object, expected: str) -> TypeError:
    """The error for an argument.

    Args:
        where: what was called.
        name: the name of the parameter.
        value: what was given for it.
        expected: what belongs there.
    """
    return TypeError(f"{where}({name}={value!r}): must be {expected}")


def wrong_key(where: object, key: object, expected: type) -> TypeError:
    """The error for what is no key of state, of a promise or of a signal.

    Args:
        where: what was called.
        key: what was given for its parameter `key`.
        expected: the class of keys that belong there.
    """
    what = f"a {expected.__name__}, such as the one that the generated base has for the contract's"
    return wrong_type(where, "key", key, what)


def check_string(where: object, name: str, value: object) -> None:
    """Refuse what is no string.

    Raises:
        TypeError: the value is no str.
    """
    if not isinstance(value, str):
        raise wrong_type(where, name, value, STRING)


def check_duration(where: object, name: str, value: object) -> None:
    """Refuse what is no duration, or no longer than nothing.

    Raises:
        TypeError: the value is no timedelta.
        ValueError: it is not positive.
    """
    if not isinstance(value, timedelta):
        raise wrong_type(where, name, value, DURATION)
    if value <= timedelta(0):
        raise ValueError(f"{where}({name}={value!r}): must be longer than nothing")


def check_number(where: object, name: str, value: object, least: int, most: int) -> None:
    """Refuse what is no whole number, or outside of a range.

    Raises:
        TypeError: the value is no int.
        ValueError: it is less than the least, or more than the most.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong_type(where, name, value, "an int")
    if not least <= value <= most:
        raise ValueError(f"{where}({name}={value!r}): must be {least} to {most}")


def check_headers(where: object, headers: object) -> None:
    """Refuse headers that are no mapping of strings.

    Raises:
        TypeError: the headers are no mapping, or a name or value in it is no str.
    """
    if not isinstance(headers, Mapping):
        raise wrong_type(where, "headers", headers, "a mapping of str to str")
    mapping = cast("Mapping[Any, Any]", headers)
    for name, value in mapping.items():
        if not (isinstance(name, str) and isinstance(value, str)):
            expected = f"a mapping of str to str, not of {name!r} to {value!r}"
            raise wrong_type(where, "headers", mapping, expected)


def check_encoding(where: str, encoding: object) -> None:
    """Refuse what is no encoding.

    Raises:
        TypeError: the value is no `Encoding`.
    """
    if not isinstance(encoding, Encoding):
        raise wrong_type(where, "encoding", encoding, "Encoding.PROTOBUF or Encoding.JSON")
