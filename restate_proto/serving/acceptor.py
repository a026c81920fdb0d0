"""Accept connections, and hand each to the worker with the least to do.

Restate keeps few, long connections, and opens another when the streams of those it has are used up.
The kernel would spread so few by chance (SO_REUSEPORT), or give them to the fastest acceptor. Here
each new one goes to the worker with the fewest.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import TYPE_CHECKING, Final

from restate_proto.logs import get_logger
from restate_proto.serving.stopping import SERVING_LOG
from restate_proto.serving.worker_process import SILENT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from restate_proto.serving.worker_process import WorkerProcess

__all__ = ["Acceptor"]

_BACKLOG: Final = 1_024
_AT_ONCE: Final = 64
_PAUSE_SECONDS: Final = 1.0
# Errors of a process or machine that is short of something, which may pass.
_EXHAUSTED: Final = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

_log = get_logger(SERVING_LOG)


class Acceptor:
    """The socket that a supervisor listens on, for its workers.

    While no worker can take a connection, connections wait in the kernel's queue.

    Args:
        bound: the socket.
    """

    def __init__(self, bound: socket.socket) -> None:
        self._socket = bound
        self._workers: Sequence[WorkerProcess] = ()
        self._is_accepting = False
        self._is_open = False
        self._pause_timer: asyncio.TimerHandle | None = None

    def open(self) -> None:
        """Start to listen, so that clients can connect."""
        self._socket.setblocking(False)
        self._socket.listen(_BACKLOG)
        self._is_open = True
        self._accept_or_wait()

    def close(self) -> None:
        """Stop listening."""
        self._is_open = False
        self._accept_or_wait()
        if self._pause_timer is not None:
            self._pause_timer.cancel()
        self._socket.close()

    def use(self, workers: Sequence[WorkerProcess]) -> None:
        """Hand further connections to these workers.

        Args:
            workers: workers that are ready.
        """
        self._workers = workers
        self._accept_or_wait()

    def _accept_or_wait(self) -> None:
        wanted = self._is_open and bool(self._workers) and self._pause_timer is None
        if wanted == self._is_accepting:
            return
        self._is_accepting = wanted
        loop = asyncio.get_running_loop()
        if wanted:
            loop.add_reader(self._socket, self._accept)
        else:
            loop.remove_reader(self._socket)

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                connection, _ = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    raise
                _log.error("cannot accept a connection: %s", error.strerror)
                self._pause()
                return
            if connection.family != getattr(socket, "AF_UNIX", None):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if not self._place(connection):
                _log.error("no worker can take a connection: it is closed")
                connection.close()
                self._pause()
                return

    def _place(self, connection: socket.socket) -> bool:
        """Hand a connection to the worker with the least to do that is not stuck."""
        by_load = sorted(
            self._workers, key=lambda each: (each.silent_seconds > SILENT_SECONDS, each.load)
        )
        return any(worker.give(connection) for worker in by_load)

    def _pause(self) -> None:
        """Accept nothing for a while."""
        self._pause_timer = asyncio.get_running_loop().call_later(_PAUSE_SECONDS, self._resume)
        self._accept_or_wait()

    def _resume(self) -> None:
        self._pause_timer = None
        self._accept_or_wait()
