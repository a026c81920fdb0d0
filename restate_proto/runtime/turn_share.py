"""Lets the event loop turn while many handlers are ready at once."""

from __future__ import annotations

from collections import deque
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from restate_proto.runtime.attempt import Attempt

__all__ = ["TURN_SECONDS", "TurnShare"]

TURN_SECONDS = 0.005
"""How much of one turn of the event loop handlers get."""


class TurnShare:
    """What handlers may take of one turn of the event loop.

    A handler runs inside the call that delivered what it waits for, and one read of a socket may
    deliver that to hundreds of handlers. Those that come when the share is used up wait in a queue
    for the next turn, so that whatever else is ready runs between.

    Nothing says when a turn begins. So a handler looks at the clock when it has run, and where the
    share's time has passed, be it in one turn or in many, the loop is asked for a turn: when that
    comes, the time starts anew. A busy loop is asked once for each share, an idle one for each
    handler.

    Attributes:
        is_used_up: whether handlers that become ready have to wait for the next turn.
        ends_at: when to call `end`, on the clock `time.monotonic`.
    """

    __slots__ = ("_loop", "_postponed", "_seconds", "ends_at", "is_used_up")

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float = TURN_SECONDS) -> None:
        self._loop = loop
        self._seconds = seconds
        self._postponed: deque[Attempt] = deque()
        self.is_used_up = False
        self.ends_at = monotonic() + seconds

    def end(self) -> None:
        """The time has passed: from now on handlers wait for the next turn."""
        if not self.is_used_up:
            self.is_used_up = True
            self._loop.call_soon(self._next_turn)

    def postpone(self, attempt: Attempt) -> None:
        """Have `attempt.resume` called when it is its turn; only while the share is used up."""
        self._postponed.append(attempt)

    def _next_turn(self) -> None:
        self.is_used_up = False
        self.ends_at = monotonic() + self._seconds
        postponed = self._postponed
        try:
            while postponed and not self.is_used_up:
                postponed.popleft().resume()
        finally:
            if postponed:
                self.end()
