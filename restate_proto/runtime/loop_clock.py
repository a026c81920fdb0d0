"""The clock of a handler's loop: its timers are durable sleeps, and it advances as they end."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from restate_proto.protocol.empty_dict import EMPTY_DICT
from restate_proto.runtime.refusals import caller_of, is_asyncio, refuse, refuse_anyio

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context
    from types import FrameType

__all__ = ["KeepsTime", "LoopTimer"]

_LONGEST: Final = timedelta.max.total_seconds()
"""Nobody waits for what comes later: in 2.7 million years."""


class _Moment(float):
    """A time of the handler's loop, which only asyncio's own code is given."""

    def __add__(self, seconds: float) -> _Moment:
        return _Moment(float(self) + seconds)

    __radd__ = __add__

    def __sub__(self, seconds: float) -> _Moment:
        return _Moment(float(self) - seconds)


class LoopTimer(asyncio.TimerHandle):
    """A callback that a durable sleep fires; `asyncio.sleep` and `asyncio.timeout` are built on it.

    Attributes:
        delay: the length of the sleep, in seconds.
        sleep: the durable future of the sleep.
    """

    __slots__ = ("delay", "number", "sleep")

    def __init__(
        self,
        delay: float,
        callback: Callable[..., Any],
        args: tuple[Any, ...],
        loop: KeepsTime,
        context: Context | None,
    ) -> None:
        super().__init__(loop.now + delay, callback, args, loop.as_event_loop, context)
        self.delay = delay
        self.number = 0
        self.sleep: Any = None


class KeepsTime:
    """The base of a handler's loop that keeps its time: what asyncio asks of a loop's clock.

    Attributes:
        now: the loop's time in seconds, which begins at 0 and advances when a timer fires.
        ready: what to run next, in order: callbacks, and tasks with the future that they waited
            for; None before the first.
        timers: the timers that have not fired, by number.
    """

    __slots__ = ()

    now: float
    ready: deque[Any] | None
    timers: dict[int, LoopTimer]

    @property
    def as_event_loop(self) -> asyncio.AbstractEventLoop:
        """The loop, as asyncio's functions are typed to take it."""
        raise NotImplementedError

    def next_number(self) -> int:
        """Return the next number of the invocation, for a task, a timer or a future."""
        raise NotImplementedError

    def start_sleep(self, timer: LoopTimer, name: str) -> Any:
        """Start the durable sleep that fires a timer.

        Raises:
            AttemptEnded: the attempt is over.
        """
        raise NotImplementedError

    def call_later(
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> LoopTimer:
        """Run a callback after a durable sleep."""
        caller = caller_of()
        timer = LoopTimer(max(0.0, float(delay)), callback, args, self, context)
        return self._start(timer, _name_of(caller, "loop.call_later"))

    def call_at(
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> LoopTimer:
        """Run a callback at a time that asyncio has made of `time()`."""
        caller = caller_of()
        if not isinstance(when, _Moment):
            what = "asyncio.timeout_at()" if is_asyncio(caller) else "loop.call_at()"
            refuse(
                what,
                "the clock of the event loop differs in every attempt. Write "
                "asyncio.timeout(seconds), or asyncio.sleep(seconds); the time of day is "
                "`await ctx.time()`",
            )
        timer = LoopTimer(max(0.0, float(when) - self.now), callback, args, self, context)
        return self._start(timer, _name_of(caller, "loop.call_at"))

    def _start(self, timer: LoopTimer, name: str) -> LoopTimer:
        if timer.delay > _LONGEST:
            return timer  # a timer that never fires
        timer.number = self.next_number()
        timer.sleep = self.start_sleep(timer, name)
        if self.timers is EMPTY_DICT:
            self.timers = {}
        self.timers[timer.number] = timer
        return timer

    def _timer_handle_cancelled(self, handle: LoopTimer) -> None:
        if self.timers:  # an infinite timer is not in it
            self.timers.pop(handle.number, None)
        handle.sleep = None

    def time(self) -> float:
        """Return the loop's time, for asyncio's own code."""
        caller = caller_of()
        if not is_asyncio(caller):
            refuse_anyio(caller)
            refuse(
                "loop.time()",
                "the clock of the event loop differs in every attempt. Write "
                "`await ctx.time()`, which is recorded",
            )
        return _Moment(self.now)

    def enqueue(self, what: Any) -> None:
        """Put something at the end of the ready queue."""
        if self.ready is None:
            self.ready = deque()
        self.ready.append(what)

    def timer_fired(self, timer: LoopTimer) -> None:
        """Run the callback of a timer whose durable sleep is over."""
        if self.timers and self.timers.pop(timer.number, None) is not None:
            timer.sleep = None
            self.now = max(self.now, timer.when())
            self.enqueue(timer)


def _name_of(caller: FrameType, otherwise: str) -> str:
    """Return the name of a timer in the journal, which is the same on every version of Python."""
    if not is_asyncio(caller):
        return otherwise
    return "asyncio.sleep" if caller.f_code.co_name == "sleep" else "asyncio.timeout"
