"""What the attempts of one endpoint share: threads, turns of the event loop, and time to clean up."""

from __future__ import annotations

import asyncio
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING, Any

from restate_proto.logs import get_logger
from restate_proto.protocol import AttemptEnded
from restate_proto.runtime.failure_log import FailureLog
from restate_proto.runtime.threads import DEFAULT_RUN_THREADS, ThreadPool

if TYPE_CHECKING:
    from collections.abc import Callable

    from restate_proto.runtime.eager_task import EagerTask
    from restate_proto.runtime.task import Stepper

__all__ = ["Cleanups", "Runtime", "TurnShare", "place_of"]

CLEANUP_SECONDS = 10.0
"""How long a handler may go on after its attempt has ended, for its `finally` blocks."""

TURN_SECONDS = 0.005
"""How much of one turn of the event loop handlers get."""

_log = get_logger("restate_proto")


class Runtime:
    """Where the attempts of one endpoint run; one for each event loop.

    Args:
        loop: the running event loop.
        run_threads: how many threads execute the ordinary functions of `ctx.run` at most.
        expose_tracebacks: whether Restate gets the tracebacks of exceptions. It shows them to who
            looks at an invocation, and passes them on to the caller of one that is killed.
        cleanup_seconds: how long a handler may go on after its attempt has ended.
        turn_seconds: how much of one turn of the event loop handlers get.
    """

    __slots__ = (
        "cleanups",
        "expose_tracebacks",
        "failure_log",
        "loop",
        "threads",
        "turn_share",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        run_threads: int = DEFAULT_RUN_THREADS,
        expose_tracebacks: bool = False,
        cleanup_seconds: float = CLEANUP_SECONDS,
        turn_seconds: float = TURN_SECONDS,
    ) -> None:
        self.loop = loop
        self.expose_tracebacks = expose_tracebacks
        self.failure_log = FailureLog()
        self.threads = ThreadPool(run_threads)
        self.cleanups = Cleanups(loop, cleanup_seconds)
        self.turn_share = TurnShare(loop, turn_seconds)


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
        self._postponed: deque[Callable[[], None]] = deque()
        self.is_used_up = False
        self.ends_at = monotonic() + seconds

    def end(self) -> None:
        """The time has passed: from now on handlers wait for the next turn."""
        if not self.is_used_up:
            self.is_used_up = True
            self._loop.call_soon(self._next_turn)

    def postpone(self, resume: Callable[[], None]) -> None:
        """Have a function called when it is its turn; only while the share is used up."""
        self._postponed.append(resume)

    def _next_turn(self) -> None:
        self.is_used_up = False
        self.ends_at = monotonic() + self._seconds
        postponed = self._postponed
        try:
            while postponed and not self.is_used_up:
                postponed.popleft()()
        finally:
            if postponed:
                self.end()


class Cleanups:
    """The tasks whose attempt has ended and that wait for something, such as to give a connection back.

    Args:
        loop: the running event loop.
        seconds: how long each of them may take.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float = CLEANUP_SECONDS) -> None:
        self._loop = loop
        self._seconds = seconds
        self._timers: dict[EagerTask, asyncio.TimerHandle] = {}
        self._is_empty = asyncio.Event()
        self._is_empty.set()

    def add(self, task: EagerTask, name: str) -> None:
        """Give a task its time; call `discard` when it has ended.

        Args:
            task: the task; it was told that its attempt has ended.
            name: what it is, for the log.
        """
        self._is_empty.clear()
        self._timers[task] = self._loop.call_later(self._seconds, self._end_overdue, task, name)

    def discard(self, task: EagerTask) -> None:
        """A task has ended."""
        timer = self._timers.pop(task, None)
        if timer is not None:
            timer.cancel()
            if not self._timers:
                self._is_empty.set()

    async def finished(self) -> None:
        """Wait until all of them have ended, or are cut off."""
        await self._is_empty.wait()

    def _end_overdue(self, task: EagerTask, name: str) -> None:
        reason = f"the attempt ended {self._seconds:g} seconds ago"
        _log.warning(
            "%s: it is cut off, for %s and it still waits in %s", name, reason, place_of(task)
        )
        error = AttemptEnded(reason)
        try:
            task.stop(error)
            task.abandon(error)
        finally:
            self.discard(task)


def place_of(task: Stepper) -> str:
    """Where a task waits: the coroutines that await each other, the task's own first."""
    places: list[str] = []
    awaited: Any = task.get_coro()
    while (frame := getattr(awaited, "cr_frame", None)) is not None:
        code = awaited.cr_code
        places.append(f"{code.co_qualname} ({code.co_filename}:{frame.f_lineno})")
        awaited = awaited.cr_await
    return " > ".join(places)
