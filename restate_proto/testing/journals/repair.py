"""Find out what can be done about an invocation whose journal does not fit the code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.protocol.errors import ViolationError
from restate_proto.protocol.messages import UNDECODABLE
from restate_proto.protocol.notifications import read_notification
from restate_proto.protocol.player import completion_ids, is_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from restate_proto.ingress.introspection import RawJournal
    from restate_proto.protocol.frames import Frame

__all__ = ["ways_to_repair"]


def ways_to_repair(
    journal: RawJournal, frames: Sequence[Frame], entry: int | None, line: str | None
) -> tuple[str, ...]:
    """Return the ways to repair it, one line for each.

    Args:
        journal: the journal.
        frames: its entries.
        entry: the first entry that differs; None if all agree.
        line: the line of the code that differs.
    """
    if journal.status == "completed":
        return ("it has ended, and nothing replays it; others like it in flight would fail there",)
    place = f"at {line}" if line else "there"
    ways = [f'keep the old code beside the new, with ctx.patched("...") {place}: docs/patches.md']
    last = _last_that_agrees(frames, len(frames) if entry is None else entry)
    if last is not None and not journal.is_workflow:
        ways.append(
            f"or end it, and begin a new one behind entry {last}, up to which it agrees: "
            f"restate-proto invocations kill {journal.id}; "
            f"restate-proto invocations restart-as-new {journal.id} --from {last}"
        )
    return tuple(ways)


def _last_that_agrees(frames: Sequence[Frame], end: int) -> int | None:
    """Return the last entry before `end` by which all commands have results, as Restate requires.

    Return None as well if entries cannot be read.
    """
    try:
        return _last_with_results(frames, end)
    except (ViolationError, *UNDECODABLE):
        return None


def _last_with_results(frames: Sequence[Frame], end: int) -> int | None:
    told = {read_notification(raw)[0] for type_, raw in frames if not is_command(type_)}
    for index, (type_, raw) in enumerate(frames[:end]):
        if is_command(type_) and not told.issuperset(completion_ids(type_, raw)):
            return index - 1 if index else None
    return end - 1 if end else None
