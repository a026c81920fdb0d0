"""The clock of a handler's loop: its timers are durable sleeps, and it moves when one of them is over."""

from __future__ import annotations

import asyncio
from math import inf
from typing import TYPE_CHECKING, Any

from restate_proto.runtime.refusals import caller_of, is_asyncio, refuse, refuse_anyio

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable
    from contextvars import Context
    from types import FrameType

__all__ = ["KeepsTime", "LoopTimer"]


class _Moment(float):
    """A time of the handler's loop, which only asyncio's own code may have asked for."""

    def __add__(self, seconds: float) -> _Moment:
        return _Moment(float(self) + seconds)

    __radd__ = __add__

    def __sub__(self, seconds: float) -> _Moment:
        return _Moment(float(self) - seconds)


class LoopTimer(asyncio.TimerHandle):
    """A callback that a durable sleep fires: what `asyncio.sleep` and `asyncio.timeout` use.

    Attributes:
        delay: the seconds that it sleeps.
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
    """The base of a handler's loop: what asyncio asks of a loop's clock.

    Attributes:
        now: the loop's time in seconds: it begins at 0, and moves when a timer fires.
        ready: what is to be run, in its order: callbacks, and tasks with what they have waited for.
        timers: the timers that have not fired, by number.
    """

    __slots__ = ()

    now: float
    ready: deque[Any]
    timers: dict[int, LoopTimer]

    @property
    def as_event_loop(self) -> asyncio.AbstractEventLoop:
        """The loop, as asyncio's functions are typed to take it."""
        raise NotImplementedError

    def next_number(self) -> int:
        """The next number of the invocation: of a task, a timer, a future."""
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
                "the clock of the event loop is another one in every attempt. Write "
                "asyncio.timeout(seconds), or asyncio.sleep(seconds); the time of day is "
                "`await ctx.time()`",
            )
        timer = LoopTimer(max(0.0, float(when) - self.now), callback, args, self, context)
        return self._start(timer, _name_of(caller, "loop.call_at"))

    def _start(self, timer: LoopTimer, name: str) -> LoopTimer:
        if timer.delay == inf:
            return timer  # which never fires
        timer.number = self.next_number()
        timer.sleep = self.start_sleep(timer, name)
        self.timers[timer.number] = timer
        return timer

    def _timer_handle_cancelled(self, handle: LoopTimer) -> None:
        self.timers.pop(handle.number, None)
        handle.sleep = None

    def time(self) -> float:
        """The loop's time, for asyncio's own code."""
        caller = caller_of()
        if not is_asyncio(caller):
            refuse_anyio(caller)
            refuse(
                "loop.time()",
                "the clock of the event loop is another one in every attempt. Write "
                "`await ctx.time()`, which is recorded",
            )
        return _Moment(self.now)

    def timer_fired(self, timer: LoopTimer) -> None:
        """The durable sleep of a timer is over."""
        if self.timers.pop(timer.number, None) is not None:
            timer.sleep = None
            self.now = max(self.now, timer.when())
            self.ready.append(timer)


def _name_of(caller: FrameType, otherwise: str) -> str:
    """What the journal calls a timer: the same on every version of Python."""
    if not is_asyncio(caller):
        return otherwise
    return "asyncio.sleep" if caller.f_code.co_name == "sleep" else "asyncio.timeout"
