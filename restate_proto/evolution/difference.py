"""What two versions of a message or enum read differently."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from restate_proto.contract.problems import Location

__all__ = ["Difference"]


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that does not read the same.

    Args:
        text: what has changed.
        remedy: what to do instead.
        before: where the old contract has it.
        place: where the new contract has it, or the message or enum that it was in.
        is_wider: whether new code reads all that old code writes, so that only old code that meets
            new values is in trouble.
    """

    text: str
    remedy: str
    before: Location
    place: Location
    is_wider: bool = False
