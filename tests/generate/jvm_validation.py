"""Accounts that keep or break the rules in tests/validation's contract, and Python's verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from restate_proto.codec.validation import validator_for
from tests.validation.generated import account, codec_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["accounts", "answers"]

_CHANGES: tuple[dict[str, Any], ...] = (
    {},
    {"name": "a", "age": 0},
    {"tags": ["a", ""]},
    {"limits": {"ab": 0}},
    {"limits": {"a": 1}},
    {"limits": {'"\\': 0}},
    {"address": None},
    {"plan": 0, "agreed": False, "phone": ""},
    {"tags": [""] * 30},
)


def accounts() -> list[str]:
    """Return the bytes of accounts in hexadecimal, as programs of the JVM take them."""
    return [each.SerializeToString().hex() for each in _accounts()]


def answers() -> list[str]:
    """Return a Python handler's answer to each account: code and text, or that it is valid."""
    found: list[str] = []
    for each in _accounts():
        validator = validator_for(codec_of(each))
        assert validator is not None
        invalid = validator.check(each)
        prefix = "400 validated.v1.Signup/Register: invalid request: "
        found.append(f"{prefix}{invalid.text}" if invalid else "valid")
    return found


def _accounts() -> Iterator[Any]:
    return (account("protobuf", **changes) for changes in _CHANGES)
