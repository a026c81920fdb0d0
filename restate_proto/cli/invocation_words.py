"""Say in words why an invocation has not ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.cli.human_readable import show_ago, show_duration
from restate_proto.contract.paths import printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from restate_proto.ingress.introspection import Invocation, Place, Wait

__all__ = ["first_line", "show_failed_command", "show_wait", "why"]

_LONGEST_LINE = 160
_MOST_WAITS = 3


def why(invocation: Invocation, waits: Sequence[Wait], place: Place | None) -> str:
    """Say on one line why an invocation has not ended, or how it ended.

    Args:
        invocation: the invocation.
        waits: what its handler waits for.
        place: its place in a queue, if it is in one.
    """
    now = invocation.asked_at
    shown = [show_wait(wait, now) for wait in waits[:_MOST_WAITS]]
    if len(waits) > len(shown):
        shown.append(f"{len(waits) - len(shown)} more")
    waiting = " or ".join(shown)
    match invocation.status:
        case "backing-off":
            next_ = invocation.next_retry_at
            when = "" if next_ is None else f"; the next one {show_ago(next_, now)}"
            failure = first_line(invocation.failure or "failed")
            return f"attempt {invocation.attempts}: {failure}{when}"
        case "paused":
            return first_line(invocation.failure or "by hand")
        case "running":
            since = _running_time(invocation)
            return f"{since}, may wait for {waiting}" if waiting else since
        case "suspended":
            return f"waits for {waiting}" if waiting else "waits"
        case "pending":
            return _show_place(invocation, place)
        case "scheduled":
            start = invocation.starts_at
            return "" if start is None else f"starts {show_ago(start, now)}"
        case "completed":
            if invocation.result == "failure":
                return f"failed: {first_line(invocation.result_failure or '')}"
            return "succeeded"
        case _:
            return ""


def show_wait(wait: Wait, now: datetime) -> str:
    """Say what a handler waits for."""
    name = f' "{printable(wait.name)}"' if wait.name else ""
    subject = printable(wait.subject)
    other = f" ({wait.invocation_id})" if wait.invocation_id and wait.kind != "attach" else ""
    match wait.kind:
        case "awakeable":
            return f"awakeable {wait.awakeable_id}"
        case "sleep" if wait.until is not None:
            if wait.until <= now:
                return f"sleep{name} that is over"
            return f"sleep{name} of {show_duration(wait.until - now)} more"
        case "call":
            return f"call{name} of {subject}{other}"
        case "attach":
            return f"result{name} of {subject}"
        case _:
            return " ".join(filter(None, (f"{wait.kind}{name}", subject))) + other


def show_failed_command(invocation: Invocation) -> str:
    """Say at which command the last attempt failed; empty if Restate does not know."""
    if invocation.failed_command is None:
        return ""
    kind, name, number = invocation.failed_command
    named = f' "{printable(name)}"' if name else ""
    return f"after command {number}, {kind}{named}"


def first_line(text: str) -> str:
    """Return the first line of a text, shortened."""
    lines = text.strip().splitlines()
    line = printable(lines[0]) if lines else ""
    return line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}..."


def _running_time(invocation: Invocation) -> str:
    attempt = f"attempt {max(1, invocation.attempts)}"
    if invocation.last_start_at is None:
        return attempt
    return f"{attempt}, for {show_duration(invocation.asked_at - invocation.last_start_at)}"


def _show_place(invocation: Invocation, place: Place | None) -> str:
    if place is None:
        return ""
    number = f"turn {place.number} of {place.size}"
    if place.holder_id is not None:
        return f"{number} on key {printable(invocation.key or '')}, behind {place.holder_id}"
    blocked = "" if place.blocked_on is None else f", blocked on {place.blocked_on}"
    return f"{number} in the queue of {invocation.service}{blocked}"
