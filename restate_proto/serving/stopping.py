"""Wait until the process is told to stop, and log which requests a drain waits for."""

from __future__ import annotations

import asyncio
import os
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Final

from restate_proto.endpoint.event_loop import cancellable
from restate_proto.logs import get_logger

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Generator

    from restate_proto.http2.server import Server

__all__ = ["SERVING_LOG", "Stop", "describe_running", "log_disorderly_end", "log_drain"]

SERVING_LOG: Final = "restate_proto.serving"
SAME_SECONDS: Final = 0.5
"""A second signal within this time is ignored: a process may get one itself and with its group."""

_REPORT_SECONDS: Final = 5.0
_NAMED: Final = 5

_log = get_logger(SERVING_LOG)


class Stop:
    """How often the process has been told to stop.

    Once: it drains, or, if it does not serve yet, sets up nothing more. Twice: what runs is aborted.
    Three times: what is torn down is cancelled.
    """

    def __init__(self) -> None:
        self._asked = asyncio.Event()
        self._cancel: Callable[[], None] = lambda: None
        self._server: Server | None = None
        self._closing: asyncio.Task[None] | None = None
        self._asked_at = 0.0

    @contextmanager
    def cancelling(self) -> Generator[None]:
        """Cancel the block, in which the process sets up, serves and tears down, if that is asked."""
        with cancellable(self._asked) as self._cancel:
            yield

    def attend(self, server: Server) -> None:
        """Drain this server if the process is asked to stop, and close it the second time."""
        self._server = server

    def ask(self) -> None:
        """Stop. Asked a second time, do not wait for running requests."""
        now = monotonic()
        if not self._asked.is_set():
            self._asked.set()
            self._asked_at = now
            if self._server is None:
                _log.info("process %d was told to stop before it served", os.getpid())
                self._cancel()
        elif now - self._asked_at < SAME_SECONDS:
            return
        elif self._server is None or self._closing is not None:
            self._cancel()
        else:
            _log.warning(
                "asked again to stop: running attempts are aborted, and Restate retries them"
            )
            self._asked_at = now
            self._closing = asyncio.create_task(self._server.close())

    @property
    def is_asked(self) -> bool:
        """Whether the process has been told to stop."""
        return self._asked.is_set()

    async def wait(self) -> None:
        """Wait until the process is told to stop."""
        await self._asked.wait()


def log_disorderly_end() -> None:
    """Log the exception that is being handled, with which the process ends."""
    _log.exception("process %d has not stopped in an orderly way", os.getpid())


async def log_drain(server: Server, seconds: float) -> None:
    """Log what a drain waits for, now and then every few seconds until cancelled.

    Args:
        server: the server that is about to stop.
        seconds: how long running requests may go on.
    """
    running = server.running
    if running:
        what = f"waits up to {seconds:g} s for: {describe_running(running)}"
    else:
        what = "none is running"
    _log.info("process %d stops taking invocations; %s", os.getpid(), what)
    while True:
        await asyncio.sleep(_REPORT_SECONDS)
        if running := server.running:
            _log.info("process %d still waits for: %s", os.getpid(), describe_running(running))
        else:
            _log.info("process %d still waits for cleanups, services and the lifespan", os.getpid())


def describe_running(running: Counter[str]) -> str:
    """Describe the running requests by their handlers, the most frequent first."""
    named = [
        f"{path.rpartition('/invoke/')[2]} ({count})" for path, count in running.most_common(_NAMED)
    ]
    others = running.total() - sum(count for _, count in running.most_common(_NAMED))
    rest = [f"others ({others})"] if others else []
    return ", ".join((*named, *rest))
