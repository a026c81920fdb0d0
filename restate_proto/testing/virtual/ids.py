"""Ids of invocations and awakeables, and restate-server's error texts for other texts."""

from __future__ import annotations

from hashlib import sha256
from random import Random
from typing import TYPE_CHECKING, Final

from restate_proto.protocol.ids import awakeable_parts, invocation_id_bytes, invocation_id_text

if TYPE_CHECKING:
    from restate_proto.testing.virtual.invocation import InvocationName

__all__ = ["id_of_name", "id_problem", "new_invocation_id"]

_KINDS: Final = {"dp", "inv", "prom", "sign", "snap", "sub"}
_INVOCATION_DIGITS: Final = 33


def new_invocation_id(random: Random) -> tuple[str, bytes]:
    """Return an id that no other invocation has: as text, and as bytes."""
    partition, rest = random.getrandbits(63), random.getrandbits(127)
    raw = partition.to_bytes(8, "little") + rest.to_bytes(16, "little")
    return invocation_id_text(raw), raw


def id_of_name(name: InvocationName) -> tuple[str, bytes]:
    """Return the id of an invocation that has a name, as text and as bytes; always the same."""
    return new_invocation_id(Random(sha256(repr(name).encode()).digest()))  # noqa: S311 - repeatable by design


def id_problem(text: str, kind: str) -> str | None:
    """Return restate-server's error text for a text that is not an id of a kind; None if it is one.

    Args:
        text: the text.
        kind: the prefix of such ids: "inv" or "sign".
    """
    found, separator, rest = text.partition("_")
    if text and not separator:
        return "bad format"
    if text and found not in _KINDS:
        return f"unrecognized resource type: {found}"
    if not rest:
        return "bad length"
    if not rest.startswith("1"):
        return "unrecognized codec version"
    if found != kind or (kind == "sign" and awakeable_parts(text) is None):
        return "id doesn't match the expected type"
    if kind == "inv":
        return _invocation_id_problem(text, rest[1:])
    return None


def _invocation_id_problem(text: str, digits: str) -> str | None:
    if len(digits) != _INVOCATION_DIGITS:
        return "bad length"
    try:
        invocation_id_bytes(text)
    except ValueError:
        return "base62 decode error"
    return None
