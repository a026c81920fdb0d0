"""Invocation ids as text, and as the bytes that awakeable ids are made of."""

from __future__ import annotations

import re
from functools import reduce
from typing import Final

__all__ = ["invocation_id_bytes"]

_ID: Final = re.compile(r"inv_1([0-9a-zA-Z]{11})([0-9a-zA-Z]{22})")
_BASE62: Final = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def invocation_id_bytes(text: str) -> bytes:
    """The bytes of an invocation's id, as its start message has them.

    Restate writes an id as two numbers in base 62: the partition key and the rest.

    Args:
        text: the id that people and APIs use: `inv_1...`.

    Raises:
        ValueError: the text is no invocation id.
    """
    if found := _ID.fullmatch(text):
        try:
            return _number(found[1]).to_bytes(8, "little") + _number(found[2]).to_bytes(
                16, "little"
            )
        except OverflowError:
            pass
    raise ValueError(f"{text!r} is no invocation id, such as inv_1jJOFEtKQPi1...")


def _number(digits: str) -> int:
    return reduce(lambda number, digit: number * 62 + _BASE62.index(digit), digits, 0)
