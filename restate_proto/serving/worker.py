"""A worker: a process that serves the connections that its supervisor hands to it.

`python -m restate_proto.serving.worker DESCRIPTOR SETTINGS`: the supervisor's socket, and the texts
of the settings as JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from restate_proto.endpoint.event_loop import on_signal, run_until_done
from restate_proto.endpoint.lifespan import LifespanError
from restate_proto.logs import configure_logging, get_logger
from restate_proto.serving.channel import (
    CONNECTION,
    STOP,
    Failed,
    Load,
    Ready,
    encode_report,
    receive_commands,
)
from restate_proto.serving.fingerprint import Fingerprint
from restate_proto.serving.loading import LoadError, load_endpoint
from restate_proto.serving.sources import SettingsError, settings_of
from restate_proto.serving.stopping import SERVING_LOG, Stop, log_disorderly_end, log_drain

if TYPE_CHECKING:
    from restate_proto.endpoint.endpoint import Endpoint
    from restate_proto.http2.server import Server
    from restate_proto.serving.channel import Report
    from restate_proto.serving.settings import Settings

__all__ = ["main"]

# How often a worker checks whether its load has changed, and after how many checks it reports in
# any case. A worker that is silent for longer is stuck.
_LOOK_SECONDS: Final = 0.1
_LOOKS_PER_REPORT: Final = 20

_log = get_logger(SERVING_LOG)


def main(descriptor: int, texts: dict[str, str]) -> int:
    """Serve until the supervisor, or a signal, ends it.

    Args:
        descriptor: the socket to the supervisor.
        texts: the texts of the settings.

    Returns:
        The exit code.
    """
    channel = socket.socket(fileno=descriptor)
    # A process that a handler starts must not inherit it: else the supervisor would not notice that
    # this worker is gone.
    os.set_inheritable(descriptor, False)
    try:
        settings = settings_of(texts)
        endpoint = load_endpoint(settings)
        configure_logging(settings.log_level, settings.log_format)
        run_until_done(Worker(endpoint, settings, channel).run())
    except (SettingsError, LoadError, LifespanError) as error:
        if error.__cause__ is not None:
            _log.debug("the worker cannot start", exc_info=error.__cause__)
        with suppress(OSError):
            channel.setblocking(True)
            channel.sendall(encode_report(Failed(str(error))))
        return 1
    except Exception:  # noqa: BLE001 - of whatever a lifespan or a service raises
        log_disorderly_end()
        return 1
    _log.info("process %d has stopped", os.getpid())
    return 0


class Worker:
    """Serves in this process.

    Args:
        endpoint: the endpoint.
        settings: the settings.
        channel: the socket to the supervisor.
    """

    def __init__(self, endpoint: Endpoint, settings: Settings, channel: socket.socket) -> None:
        self._endpoint = endpoint
        self._settings = settings
        self._channel = channel
        self._stop = Stop()
        self._server: Server | None = None
        self._adopted_count = 0
        self._adopting: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve until it is told to stop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            on_signal(number, self._stop.ask)
        # A terminal sends SIGHUP to all processes, but only the supervisor acts on it. The signal has a
        # handler here and is not ignored, because programs that a handler starts would inherit that.
        signal.signal(signal.SIGHUP, lambda _number, _frame: None)
        grace = self._settings.grace
        loop = asyncio.get_running_loop()
        loop.add_reader(self._channel, self._receive_commands)
        with self._stop.cancelling():
            async with self._endpoint.connections(grace=grace) as running:
                self._server = server = running.server
                self._stop.attend(server)
                self._report(
                    Ready(str(running), self._endpoint.is_open, *Fingerprint.of(self._endpoint))
                )
                self._channel.setblocking(False)
                reporting = asyncio.create_task(self._report_load(server))
                await self._stop.wait()
                waiting = asyncio.create_task(log_drain(server, grace.total_seconds()))
                await asyncio.sleep(0)  # so that it names what runs before the drain begins
            for task in (reporting, waiting):
                task.cancel()
            loop.remove_reader(self._channel)

    def _receive_commands(self) -> None:
        received = receive_commands(self._channel)
        if received is None:
            return
        commands, connections = received
        if not commands:
            asyncio.get_running_loop().remove_reader(self._channel)
            _log.warning("the supervisor is gone: process %d stops", os.getpid())
            self._stop_gracefully()
            return
        for connection in connections:  # only after `Ready`, and so with a server
            assert self._server is not None
            task = asyncio.create_task(self._adopt(self._server, connection))
            self._adopting.add(task)
            task.add_done_callback(self._adopting.discard)
        if commands.strip(CONNECTION):
            self._stop_gracefully()
            if STOP in commands:
                self._stop.ask()

    async def _adopt(self, server: Server, connection: socket.socket) -> None:
        try:
            await server.adopt(connection)
        except OSError as error:
            _log.debug("a connection ended before it began: %s", error)
            connection.close()
        # Counted only now, when the server counts it as open: in between, neither would count it.
        self._adopted_count += 1

    def _stop_gracefully(self) -> None:
        if not self._stop.is_asked:
            self._stop.ask()

    async def _report_load(self, server: Server) -> None:
        last, looks = None, 0
        while True:
            running = server.stream_count
            load = Load(self._adopted_count, server.connection_count, running)
            looks += 1
            if load != last or looks >= _LOOKS_PER_REPORT:
                self._report(load)
                last, looks = load, 0
            await asyncio.sleep(_LOOK_SECONDS)

    def _report(self, report: Report) -> None:
        with suppress(OSError):  # the supervisor is gone
            self._channel.sendall(encode_report(report))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), json.loads(sys.argv[2])))
