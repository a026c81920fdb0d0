"""The ids of invocations and awakeables: check them, and convert them to bytes and back."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import reduce
from typing import Final

__all__ = [
    "awakeable_id",
    "awakeable_parts",
    "check_awakeable_id",
    "check_invocation_id",
    "invocation_id_bytes",
    "invocation_id_text",
]

_ID: Final = re.compile(r"inv_1([0-9a-zA-Z]{11})([0-9a-zA-Z]{22})")
_AWAKEABLE_ID: Final = re.compile(r"(?:sign|prom)_1[\w-]{37}[AQgw]={0,2}", re.ASCII)
"""The bytes of the invocation and 4 of a number, in base64url, padded or not.

`prom_` is of older protocols.
"""

_INVOCATION_BYTES: Final = 24

_BASE62: Final = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def check_invocation_id(where: str, text: str) -> None:
    """Refuse a text that is not the id of an invocation, as Restate does, attempt after attempt.

    Args:
        where: the call that takes it, for the error text.
        text: what should be an id.

    Raises:
        ValueError: it is not one.
    """
    try:
        invocation_id_bytes(text)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def check_awakeable_id(where: str, text: str) -> None:
    """Refuse a text that is not the id of an awakeable; as `check_invocation_id`."""
    if not _AWAKEABLE_ID.fullmatch(text):
        raise ValueError(
            f"{where}: {text!r} is not the id of an awakeable, such as sign_1ASYDUt5LFm..."
        )


def awakeable_id(invocation_id: bytes, signal_index: int) -> str:
    """Return the id by which others complete the awakeable of a signal index.

    Args:
        invocation_id: the id bytes of the invocation that waits for it.
        signal_index: the number of its signal there.
    """
    raw = invocation_id + signal_index.to_bytes(4, "big")
    return f"sign_1{urlsafe_b64encode(raw).decode().rstrip('=')}"


def awakeable_parts(text: str) -> tuple[bytes, int] | None:
    """Return what `awakeable_id` was given, or None for a text that is not such an id."""
    if not (text.startswith("sign") and _AWAKEABLE_ID.fullmatch(text)):
        return None
    raw = urlsafe_b64decode(f"{text.removeprefix('sign_1').rstrip('=')}==")
    return raw[:_INVOCATION_BYTES], int.from_bytes(raw[_INVOCATION_BYTES:], "big")


def invocation_id_bytes(text: str) -> bytes:
    """Return the bytes of an invocation's id, which its start message carries.

    Restate writes an id as two numbers in base 62: the partition key and the rest.

    Args:
        text: the id that people and APIs use: `inv_1...`.

    Raises:
        ValueError: the text is not an invocation id.
    """
    if found := _ID.fullmatch(text):
        try:
            return _number(found[1]).to_bytes(8, "little") + _number(found[2]).to_bytes(
                16, "little"
            )
        except OverflowError:
            pass
    raise ValueError(f"{text!r} is not an invocation id, such as inv_1jJOFEtKQPi1...")


def invocation_id_text(raw: bytes) -> str:
    """Return an invocation's id as text; the inverse of `invocation_id_bytes`.

    Args:
        raw: the 24 bytes of the id.
    """
    partition, rest = int.from_bytes(raw[:8], "little"), int.from_bytes(raw[8:], "little")
    return f"inv_1{_digits(partition, 11)}{_digits(rest, 22)}"


def _number(digits: str) -> int:
    return reduce(lambda number, digit: number * 62 + _BASE62.index(digit), digits, 0)


def _digits(number: int, length: int) -> str:
    digits: list[str] = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_BASE62[digit])
    return "".join(reversed(digits))
