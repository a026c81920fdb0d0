"""The supervisor's side of one worker: starts the process, hands it connections, ends it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from restate_proto.serving.channel import (
    CONNECTION,
    DRAIN,
    STOP,
    Failed,
    Load,
    Ready,
    ReportReader,
)
from restate_proto.serving.fingerprint import Fingerprint

if TYPE_CHECKING:
    from restate_proto.serving.settings import Settings

__all__ = ["WorkerFailedError", "WorkerProcess"]

SILENT_SECONDS: Final = 10.0
"""How many seconds a worker may be silent before it counts as stuck."""

# How many seconds the first requests of a connection that was handed over may take to arrive.
_ARRIVAL_SECONDS: Final = 0.25


class WorkerFailedError(Exception):
    """A worker could not start; the text says why."""


class WorkerProcess:
    """A worker.

    Attributes:
        what: a description of its endpoint for the log, once it is ready.
        is_open: whether everyone who reaches it can call every handler, once it is ready.
        fingerprint: its code and contracts, once it is ready.
        watch: the supervisor's task that waits until it has ended.
    """

    def __init__(self, process: asyncio.subprocess.Process, channel: socket.socket) -> None:
        self._process = process
        self._channel = channel
        self._reader = ReportReader()
        self._ready = asyncio.get_running_loop().create_future()
        self._given = 0
        self._given_at = 0.0
        self._load = Load(0, 0, 0)
        self._heard_at = time.monotonic()
        self._drains = False
        self.what = ""
        self.is_open = False
        self.fingerprint = Fingerprint("", {})
        self.watch: asyncio.Task[None]
        self._ready_at = time.monotonic()

    @classmethod
    async def start(cls, settings: Settings) -> WorkerProcess:
        """Start a worker process; `ready` waits until it serves.

        Args:
            settings: the settings.
        """
        ours, theirs = socket.socketpair()
        descriptor = theirs.fileno()
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "restate_proto.serving.worker"),
                *(str(descriptor), json.dumps(dict(settings.texts))),
                pass_fds=[descriptor],
            )
        finally:
            theirs.close()
        ours.setblocking(False)
        worker = cls(process, ours)
        asyncio.get_running_loop().add_reader(ours, worker._receive)
        return worker

    def __str__(self) -> str:
        return f"worker {self._process.pid}"

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def ready(self) -> None:
        """Wait until it serves.

        Raises:
            WorkerFailedError: it has ended instead.
        """
        # A report resolves the future, even if this wait is cancelled.
        await asyncio.shield(self._ready)

    async def ended(self) -> int:
        """Wait until the process has ended, and return its exit code."""
        code = await self._process.wait()
        self._receive()  # read the reports that it sent before it ended
        asyncio.get_running_loop().remove_reader(self._channel)
        self._channel.close()
        if not self._ready.done():
            self._fail(f"{self} ended with {describe_code(code)}")
        return code

    def _fail(self, reason: str) -> None:
        self._ready.set_exception(WorkerFailedError(reason))
        # Only the first failure of several starting workers is awaited; the others are retrieved
        # here.
        self._ready.exception()

    # Connections.

    @property
    def load(self) -> tuple[int, int]:
        """Its load, by which workers are compared: connections, then requests."""
        return self._load.connections + self._given - self._load.taken, self._load.streams

    @property
    def has_served(self) -> bool:
        """Whether it has ever been ready."""
        return bool(self.what)

    @property
    def served_seconds(self) -> float:
        """How many seconds it has been ready."""
        return time.monotonic() - self._ready_at

    @property
    def silent_seconds(self) -> float:
        """How many seconds it has reported nothing."""
        return time.monotonic() - self._heard_at

    def give(self, connection: socket.socket) -> bool:
        """Hand over a connection.

        Args:
            connection: the connection, which is closed in this process once the worker has it.

        Returns:
            Whether the worker could take it.
        """
        try:
            socket.send_fds(self._channel, [CONNECTION], [connection.fileno()])
        except OSError:  # it does not read its commands, or has ended
            return False
        connection.close()
        self._given += 1
        self._given_at = time.monotonic()
        return True

    # The end.

    def drain(self) -> None:
        """Tell it to end when its requests have ended, but not right after it got a connection."""
        if not self._drains:
            self._drains = True
            wait = self._given_at + _ARRIVAL_SECONDS - time.monotonic()
            asyncio.get_running_loop().call_later(max(0.0, wait), self._command, DRAIN)

    def stop(self) -> None:
        """Tell it to end without waiting for its requests."""
        self._command(STOP)

    def kill(self) -> None:
        """End the process."""
        with suppress(ProcessLookupError):
            self._process.kill()

    def _command(self, command: bytes) -> None:
        try:
            self._channel.sendall(command)
        except OSError:  # it does not read its commands, or has ended
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)

    def _receive(self) -> None:
        try:
            data = self._channel.recv(65_536)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            with suppress(ValueError):
                asyncio.get_running_loop().remove_reader(self._channel)
            return
        for report in self._reader.feed(data):
            self._heard_at = time.monotonic()
            match report:
                case Ready():
                    self.what = report.what
                    self.is_open = report.is_open
                    self.fingerprint = Fingerprint(report.manifest, report.files)
                    self._ready_at = self._heard_at
                    self._ready.set_result(None)
                case Failed():
                    self._fail(report.reason)
                case Load():
                    self._load = report


def describe_code(code: int) -> str:
    """Return an exit code in words."""
    if code < 0:
        with suppress(ValueError):
            return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"
