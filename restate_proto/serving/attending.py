"""Serves until the process is told to stop, and says what is waited for meanwhile."""

from __future__ import annotations

import asyncio
import os
from time import monotonic
from typing import TYPE_CHECKING, Final

from restate_proto.logs import get_logger

if TYPE_CHECKING:
    from collections import Counter

    from restate_proto.http2 import Server

__all__ = ["SERVING_LOG", "Stop", "describe_running", "say_serving", "waiting_for"]

SERVING_LOG: Final = "restate_proto.serving"
SAME_SECONDS: Final = 0.5
"""A second signal in this time is none: a process and its group may be sent the same one."""

_REPORT_SECONDS: Final = 5.0
_NAMED: Final = 5

_log = get_logger(SERVING_LOG)


class Stop:
    """Whether the process has been told to stop, and to do it at once."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()
        self._server: Server | None = None
        self._closing: asyncio.Task[None] | None = None
        self._asked_at = 0.0

    def attend(self, server: Server) -> None:
        """From now on there is something that can be closed at once."""
        self._server = server

    def ask(self) -> None:
        """Stop; asked a second time, do not wait for what runs."""
        now = monotonic()
        if not self._asked.is_set():
            self._asked.set()
            self._asked_at = now
        elif now - self._asked_at < SAME_SECONDS:
            return
        elif self._server is not None and self._closing is None:
            _log.warning("asked again to stop: what runs is aborted, and Restate retries it")
            self._closing = asyncio.create_task(self._server.close())

    @property
    def is_asked(self) -> bool:
        """Whether the process has been told to stop."""
        return self._asked.is_set()

    async def wait(self) -> None:
        """Waits until the process is told to stop."""
        await self._asked.wait()


def say_serving(what: str, address: str) -> None:
    """Writes the one line on stdout, for people and for programs that start this one.

    Args:
        what: what is served.
        address: where; the last word of the line.
    """
    print(f"Serving {what} at {address}", flush=True)  # noqa: T201 - no log: its address is read


async def waiting_for(server: Server, seconds: float) -> None:
    """Says now, and every few seconds until it is cancelled, what a drain waits for.

    Args:
        server: the server that is about to stop.
        seconds: how long what runs may go on.
    """
    running = server.running
    what = describe_running(running) if running else "nothing runs"
    _log.info("process %d stops taking invocations, and waits %g s: %s", os.getpid(), seconds, what)
    while True:
        await asyncio.sleep(_REPORT_SECONDS)
        if running := server.running:
            _log.info("process %d still waits: %s", os.getpid(), describe_running(running))


def describe_running(running: Counter[str]) -> str:
    """The requests that run, by their handlers: the most first, and not all of many."""
    named = [
        f"{path.rpartition('/invoke/')[2]} ({count})" for path, count in running.most_common(_NAMED)
    ]
    others = running.total() - sum(count for _, count in running.most_common(_NAMED))
    rest = [f"others ({others})"] if others else []
    return ", ".join((*named, *rest))
