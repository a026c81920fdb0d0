"""What the attempts of one endpoint share: threads, turns of the event loop, time to clean up."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import get_ident
from time import time
from typing import TYPE_CHECKING, Any

from restate_proto.logs import get_logger
from restate_proto.protocol import AttemptEnded
from restate_proto.runtime.failure_log import FailureLog
from restate_proto.runtime.threads import DEFAULT_RUN_THREADS, ThreadPool

if TYPE_CHECKING:
    from restate_proto.runtime.eager_task import EagerTask
    from restate_proto.runtime.task import Stepper

__all__ = ["Cleanups", "Runtime", "Scheduling", "TurnShare", "place_of"]

CLEANUP_SECONDS = 10.0
"""How many seconds a task may go on after its attempt has ended, for its `finally` blocks."""

TURN_SECONDS = 0.005
"""How many seconds of one turn of the event loop handlers may use."""

_log = get_logger("restate_proto")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduling:
    """The clock, the time limits and the threads of attempts.

    Args:
        clock: returns the time of day, in seconds since the Unix epoch.
        turn_seconds: how many seconds of one turn of the event loop handlers may use.
        cleanup_seconds: how many seconds a task may go on after its attempt has ended.
        threads: the most threads that execute ordinary functions of `ctx.run`, or a pool of them.
    """

    clock: Callable[[], float] = time
    turn_seconds: float = TURN_SECONDS
    cleanup_seconds: float = CLEANUP_SECONDS
    threads: int | ThreadPool = DEFAULT_RUN_THREADS


class Runtime:
    """What the attempts of one endpoint share; there is one for each event loop.

    Args:
        loop: the running event loop.
        scheduling: the clock, the threads and the time that attempts get.
        expose_tracebacks: whether Restate gets the tracebacks of exceptions. It shows them to
            everyone who looks at an invocation, and passes them on to the caller of one that is
            killed.
    """

    __slots__ = (
        "cleanups",
        "clock",
        "expose_tracebacks",
        "failure_log",
        "loop",
        "thread",
        "threads",
        "turn_share",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        scheduling: Scheduling | None = None,
        *,
        expose_tracebacks: bool = False,
    ) -> None:
        scheduling = scheduling or Scheduling()
        threads = scheduling.threads
        self.loop = loop
        self.clock = scheduling.clock
        self.thread = get_ident()
        self.expose_tracebacks = expose_tracebacks
        self.failure_log = FailureLog()
        self.threads = ThreadPool(threads) if isinstance(threads, int) else threads
        self.cleanups = Cleanups(loop, scheduling.cleanup_seconds)
        self.turn_share = TurnShare(loop, scheduling.turn_seconds)


class TurnShare:
    """How much of a turn of the event loop handlers may use, and those that wait for the next turn.

    A handler runs inside the call that delivered what it waits for, and one read of a socket may
    deliver that to hundreds of handlers. Once the share is used up, further handlers wait in a
    queue for the next turn, so that everything else that is ready runs in between.

    The loop does not announce a new turn, and asking it for a callback costs a turn. So the time
    that handlers run is added up across turns, and the loop is asked only when a whole share was
    used.

    Attributes:
        is_used_up: whether handlers that become ready have to wait for the next turn.
    """

    __slots__ = ("_aborted", "_left", "_loop", "_postponed", "_seconds", "is_used_up")

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float = TURN_SECONDS) -> None:
        self._loop = loop
        self._seconds = self._left = seconds
        self._postponed: deque[Callable[[], None]] = deque()
        self._aborted: deque[Callable[[], None]] = deque()
        self.is_used_up = False

    def spend(self, seconds: float) -> None:
        """Count the time, in seconds, that a handler has run."""
        self._left -= seconds
        if self._left < 0 and not self.is_used_up:
            self._end()

    def postpone(self, resume: Callable[[], None]) -> None:
        """Call a function when it is its turn; allowed only while the share is used up."""
        self._postponed.append(resume)

    def postpone_end(self, end: Callable[[], None]) -> None:
        """Call a function that ends an aborted handler, as `postpone`: after what others wait for."""
        self._aborted.append(end)

    def _end(self) -> None:
        self.is_used_up = True
        self._loop.call_soon(self._next_turn)

    def _next_turn(self) -> None:
        self.is_used_up = False
        self._left = self._seconds
        postponed, aborted = self._postponed, self._aborted
        try:
            while postponed and not self.is_used_up:
                postponed.popleft()()
            if aborted:  # one in each turn, however much the others use
                aborted.popleft()()
            while aborted and not self.is_used_up:
                aborted.popleft()()
        finally:
            if (postponed or aborted) and not self.is_used_up:
                self._end()


class Cleanups:
    """The tasks that still clean up after their attempt has ended, each within a time limit.

    Args:
        loop: the running event loop.
        seconds: the time limit for each of them.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float = CLEANUP_SECONDS) -> None:
        self._loop = loop
        self._seconds = seconds
        self._timers: dict[EagerTask, asyncio.TimerHandle] = {}
        self._expected = 0
        self._is_empty = asyncio.Event()
        self._is_empty.set()

    def expect(self) -> None:
        """Count an attempt that is to be ended in a later turn; call `has_come` when it was."""
        self._is_empty.clear()
        self._expected += 1

    def has_come(self) -> None:
        """Count off an attempt that was expected; what it has left behind was added before."""
        self._expected -= 1
        self._look()

    def add(self, task: EagerTask, name: str) -> None:
        """Give a task its time; call `discard` when it has ended.

        Args:
            task: the task; it has been told that its attempt has ended.
            name: the name of the handler and the invocation, for the log.
        """
        self._is_empty.clear()
        self._timers[task] = self._loop.call_later(self._seconds, self._end_overdue, task, name)

    def discard(self, task: EagerTask) -> None:
        """Drop a task that has ended."""
        timer = self._timers.pop(task, None)
        if timer is not None:
            timer.cancel()
            self._look()

    def _look(self) -> None:
        if not self._timers and not self._expected:
            self._is_empty.set()

    async def finished(self) -> None:
        """Wait until all tasks have ended or were ended."""
        await self._is_empty.wait()

    def _end_overdue(self, task: EagerTask, name: str) -> None:
        reason = f"the attempt ended {self._seconds:g} seconds ago"
        _log.warning(
            "%s: it is ended, because %s and it still waits in %s", name, reason, place_of(task)
        )
        error = AttemptEnded(reason)
        try:
            task.stop(error)
            task.abandon(error)
        finally:
            self.discard(task)


def place_of(task: Stepper) -> str:
    """Return where a task waits: the coroutines that await each other, the task's own first."""
    places: list[str] = []
    awaited: Any = task.get_coro()
    while (frame := getattr(awaited, "cr_frame", None)) is not None:
        code = awaited.cr_code
        places.append(f"{code.co_qualname} ({code.co_filename}:{frame.f_lineno})")
        awaited = awaited.cr_await
    return " > ".join(places)
