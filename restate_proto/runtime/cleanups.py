"""What code still does after its attempt has ended: it is waited for, but not without end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from restate_proto.logs import get_logger
from restate_proto.protocol import AttemptEnded

if TYPE_CHECKING:
    from restate_proto.runtime.task import EagerTask

__all__ = ["CLEANUP_SECONDS", "Cleanups", "place_of"]

CLEANUP_SECONDS = 10.0
"""How long a handler may go on after its attempt has ended, for its `finally` blocks."""

_log = get_logger("restate_proto")


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
        self._timers[task] = self._loop.call_later(self._seconds, self._cut_off, task, name)

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

    def _cut_off(self, task: EagerTask, name: str) -> None:
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


def place_of(task: EagerTask) -> str:
    """Where a task waits: the coroutines that await each other, the task's own first."""
    places: list[str] = []
    awaited: Any = task.get_coro()
    while (frame := getattr(awaited, "cr_frame", None)) is not None:
        code = awaited.cr_code
        places.append(f"{code.co_qualname} ({code.co_filename}:{frame.f_lineno})")
        awaited = awaited.cr_await
    return " > ".join(places)
