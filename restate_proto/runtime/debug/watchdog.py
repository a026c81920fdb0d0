"""Warn of handlers that block the event loop, on which all invocations of the process run.

Coroutine functions of `ctx.run` run on that loop as well, and are warned of in the same way.
"""

from __future__ import annotations

import sys
from threading import Event, Thread, get_ident
from time import monotonic
from typing import TYPE_CHECKING

from restate_proto.runtime.debug.watch import Watch, watch_of_thread
from restate_proto.runtime.user_code import users_line

if TYPE_CHECKING:
    from restate_proto.runtime.debug.guards import Guards

__all__ = ["Watchdog"]

BLOCKED_SECONDS = 0.1
"""How many seconds a handler may run without giving the event loop a turn."""

_ADVICE = (
    "Meanwhile no other invocation of this process goes on. Give the work to ctx.run as an ordinary "
    "function, which gets a thread."
)


class Watchdog:
    """A thread that looks at the event loop's thread at regular intervals, until `stop`.

    Args:
        guards: logs the warnings.
        seconds: how many seconds a handler may run.
    """

    def __init__(self, guards: Guards, seconds: float = BLOCKED_SECONDS) -> None:
        self._guards = guards
        self._seconds = seconds
        self._loop_thread = get_ident()
        self._is_stopped = Event()
        self._seen: tuple[Watch, float] | None = None
        self._thread = Thread(target=self._look, name="restate_proto watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._is_stopped.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._is_stopped.wait(self._seconds / 2):
            watch = watch_of_thread(self._loop_thread)
            since = None if watch is None else watch.since
            if watch is None or since is None or (watch, since) == self._seen:
                continue
            if monotonic() - since >= self._seconds:
                self._seen = watch, since
                frame = sys._current_frames().get(self._loop_thread)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
                line = users_line(frame)
                del frame
                if line is not None and watch.since == since:
                    what = f"has blocked the event loop for over {self._seconds * 1000:g} ms"
                    self._guards.warn(watch, line, what, _ADVICE)
