"""Drive a virtual server in turns of the event loop: do all steps; when none is left, skip time.

Time skips only while a test waits for something, be it the result of an invocation or time itself.
When nothing can come any more, the wait fails.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from restate_proto.testing.virtual.timeline import Timeline

__all__ = ["Turns"]

T = TypeVar("T")

_QUIET_TURNS: Final = 3
"""How many turns of the event loop must pass without an event before time skips, because a test
that got an answer may ask for more.
"""

_SECONDS_BETWEEN_LOOKS: Final = 0.001
"""How often to look whether a function of a run has ended, in seconds."""


class Turns:
    """The turns of one server.

    Args:
        loop: the event loop.
        timeline: the time.
        run_steps: does all steps; returns whether there were any.
        is_at_rest: tells whether nothing can go on without time or somebody outside.
        describe_stuck: called when nothing can come any more; returns the error to raise, or None
            if it made something go on.
        patience: how many seconds to wait for somebody outside before calling it.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        timeline: Timeline,
        *,
        run_steps: Callable[[], bool],
        is_at_rest: Callable[[], bool],
        describe_stuck: Callable[[], Exception | None],
        patience: float,
    ) -> None:
        self._loop = loop
        self._timeline = timeline
        self._run_steps = run_steps
        self._is_at_rest = is_at_rest
        self._describe_stuck = describe_stuck
        self._patience = patience
        self._waiting: dict[asyncio.Future[Any], asyncio.Task[Any] | None] = {}
        self._advancing: list[tuple[int, asyncio.Future[None]]] = []
        self._next: asyncio.Handle | None = None
        self._quiet_turns = 0
        self._is_closed = False

    def close(self) -> None:
        """Stop: there are no more turns, and all waits are cancelled."""
        self._is_closed = True
        if self._next is not None:
            self._next.cancel()
        for waiting in (*self._waiting, *(future for _, future in self._advancing)):
            waiting.cancel()

    # ---- What is waited for ----

    async def wait_for(self, future: asyncio.Future[T]) -> T:
        """Wait for a future that a step or time will complete; fail if that can never happen."""
        self._waiting[future] = asyncio.current_task()
        self.look()
        try:
            return await future
        finally:
            del self._waiting[future]

    async def advance(self, milliseconds: int) -> None:
        """Let time pass; everything that is due in the meantime happens, in its order."""
        done = self._loop.create_future()
        self._advancing.append((self._timeline.now + milliseconds, done))
        self._advancing.sort(key=lambda each: each[0])
        self.look()
        await done

    async def until(self, awaitable: Awaitable[T]) -> T:
        """Wait for something else than a future of this server, as `wait_for`."""
        task = asyncio.ensure_future(awaitable)
        done = self._loop.create_future()
        task.add_done_callback(lambda _: done.done() or done.set_result(None))
        try:
            await self.wait_for(done)
            return task.result()
        finally:
            task.cancel()

    # ---- Turns ----

    def look(self) -> None:
        """Schedule a turn, because something has happened."""
        self._quiet_turns = 0
        if not self._is_closed:
            if self._next is not None:
                self._next.cancel()
            self._next = self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._next = None
        try:
            has_done = self._run_steps()
        except BaseException:
            self.look()  # the remaining steps are done all the same
            raise
        if has_done:
            self.look()
        elif not (self._waiting or self._advancing):
            pass
        elif not self._is_at_rest():
            self._next = self._loop.call_later(_SECONDS_BETWEEN_LOOKS, self._turn)
        elif self._quiet_turns < _QUIET_TURNS:
            self._quiet_turns += 1
            self._next = self._loop.call_soon(self._turn)
        else:
            self._skip()

    def _skip(self) -> None:
        timeline = self._timeline
        if self._advancing:
            until, done = self._advancing[0]
            if not timeline.fire_next(until):
                timeline.skip_to(until)
                del self._advancing[0]
                if not done.done():
                    done.set_result(None)
            self.look()
            return
        when = timeline.next_time()
        if when is not None:
            timeline.fire_next(when)
            self.look()
        elif _can_only_wait(self._waiting.values(), asyncio.all_tasks(self._loop)):
            self._give_up()
        else:
            self._next = self._loop.call_later(self._patience, self._give_up)

    def _give_up(self) -> None:
        self._next = None
        error = self._describe_stuck()
        if error is None:
            self.look()
            return
        for future in self._waiting:
            if not future.done():
                future.set_exception(error)


def _can_only_wait(
    waiting: Iterable[asyncio.Task[Any] | None], tasks: Iterable[asyncio.Task[Any]]
) -> bool:
    """Tell whether all tasks of the event loop wait for a virtual server, or for each other."""
    stuck: set[Any] = set(waiting)

    def is_stuck(awaited: Any) -> bool:
        if awaited in stuck:
            return True
        parts = getattr(awaited, "_children", None)  # of asyncio.gather
        return bool(parts) and all(part.done() or is_stuck(part) for part in parts)

    left = [task for task in tasks if task not in stuck]
    while left:
        found = [task for task in left if is_stuck(getattr(task, "_fut_waiter", None))]
        if not found:
            return False
        stuck.update(found)
        left = [task for task in left if task not in stuck]
    return True
