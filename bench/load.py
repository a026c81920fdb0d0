"""Play restate-server against endpoints: open invocations, send results, check the answers.

`python -m bench.load` reads one `Task` as JSON from each line of its input, and writes one line
with the result. It is a separate process on another core than the endpoint.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

import ngh2
import uvloop
from ngh2 import events

from bench.workloads import sleep_completion, workload
from restate_proto.protocol.frames import FrameDecoder
from restate_proto.protocol.messages import MessageType

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PARKED", "Play", "Task", "connect"]

PARKED: Final = "parked"
"""The line written once all invocations of a task with `parked` wait; the next line of input then
lets them go on."""

LIMIT_SECONDS: Final = 120
# The default windows of hyper, restate-server's HTTP library.
_STREAM_WINDOW: Final = 2 * 2**20
_CONNECTION_WINDOW: Final = 5 * 2**20
_MOST_STREAMS: Final = 1_000


@dataclass(frozen=True)
class Task:
    """The invocations to make.

    Attributes:
        port: the endpoint's port.
        workload: the workload's name.
        encoding: "protobuf" or "json".
        in_flight: the number of invocations in flight.
        seconds: for how long to begin new invocations.
        parked: the number of invocations to begin that then all wait at once; 0 for any other task.
        version: the version of the service protocol.
    """

    port: int
    workload: str
    encoding: str
    in_flight: int
    seconds: float
    parked: int = 0
    version: int = 6


@dataclass
class Invocation:
    """An invocation on its stream."""

    started: float
    decoder: FrameDecoder = field(default_factory=FrameDecoder)
    has_output: bool = False
    has_ended: bool = False


class Play:
    """The state that the connections of one task share."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.work = workload(task.workload, task.encoding)
        self.content_type = f"application/vnd.restate.invocation.v{task.version}".encode()
        self.seconds: list[float] = []
        self.failed: list[str] = []
        self.left = task.parked or 10**9
        self.until = time.perf_counter() + (LIMIT_SECONDS if task.parked else task.seconds)
        self.parked: list[tuple[Connection, int, bytes]] = []
        self._checked = b""
        self._all_parked = asyncio.get_running_loop().create_future()

    def may_begin(self) -> bool:
        return self.left > 0 and time.perf_counter() < self.until

    def check(self, output: bytes) -> None:
        if output != self._checked:  # equal bytes have been checked before
            try:
                self.work.check(output)
            except ValueError as error:
                self.failed.append(str(error))
            self._checked = output

    def park(self, connection: Connection, stream: int, payload: bytes) -> None:
        completion = sleep_completion(payload)
        self.parked.append((connection, stream, completion))
        if len(self.parked) == self.task.parked:
            self._all_parked.set_result(None)

    async def all_parked(self) -> None:
        await asyncio.wait_for(self._all_parked, LIMIT_SECONDS)


class Connection(asyncio.Protocol):
    """One connection with a number of invocations in flight."""

    def __init__(self, play: Play, in_flight: int) -> None:
        self._play = play
        self._in_flight = in_flight
        self._open: dict[int, Invocation] = {}
        self.done = asyncio.get_running_loop().create_future()
        self._handlers: dict[type, Callable[..., None]] = {
            events.DataReceived: self._on_data,
            events.ResponseReceived: self._on_response,
            events.SettingsReceived: self._on_settings,
            events.StreamClosed: self._on_closed,
        }

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        # The peer's settings, which limit the number of streams, have not arrived yet.
        configuration = ngh2.Configuration(peer_max_concurrent_streams=self._in_flight)
        self._connection = ngh2.Connection(ngh2.Role.CLIENT, configuration)
        self._connection.initiate_connection({ngh2.Setting.INITIAL_WINDOW_SIZE: _STREAM_WINDOW})
        self._connection.set_local_window_size(_CONNECTION_WINDOW)
        self._headers = [
            (b":method", b"POST"),
            (b":scheme", b"http"),
            (b":authority", b"127.0.0.1"),
            (b":path", self._play.work.path.encode()),
            (b"content-type", self._play.content_type),
        ]
        self._transport.write(self._connection.data_to_send())

    def _on_settings(self, event: events.SettingsReceived) -> None:
        if self._open:
            return
        most = event.settings.get(ngh2.Setting.MAX_CONCURRENT_STREAMS, _MOST_STREAMS)
        for _ in range(min(self._in_flight, most, self._play.left)):
            self._invoke()

    def _invoke(self) -> None:
        self._play.left -= 1
        stream = self._connection.send_request(self._headers)
        # Two frames, as the server sends them.
        self._connection.send_data(stream, self._play.work.start)
        self._connection.send_data(stream, self._play.work.journal)
        self._open[stream] = Invocation(time.perf_counter())

    def data_received(self, data: bytes) -> None:
        self._connection.receive_data(data)
        self.flush()

    def flush(self) -> None:
        """Process the bytes that have arrived, and send those that are due."""
        connection = self._connection
        while True:
            for event in connection.events():
                handler = self._handlers.get(type(event))
                if handler is not None:
                    handler(event)
            output = connection.data_to_send()
            if not output:  # sending the last frame of a stream closes it: that is an event
                return
            self._transport.write(output)

    def complete(self, stream: int, completion: bytes) -> None:
        """Complete the wait of an invocation; `flush` sends the completion."""
        self._connection.send_data(stream, completion)

    def _on_response(self, event: events.ResponseReceived) -> None:
        if dict(event.headers).get(b":status") != b"200":
            self._play.failed.append(f"the response has {event.headers}")
            self._connection.end_stream(event.stream_id)

    def _on_data(self, event: events.DataReceived) -> None:
        invocation = self._open[event.stream_id]
        play = self._play
        for type_, payload in invocation.decoder.feed(event.data):
            if type_ == MessageType.OUTPUT:
                invocation.has_output = True
                play.check(payload)
            elif type_ in (MessageType.END, MessageType.ERROR, MessageType.SUSPENSION):
                invocation.has_ended = type_ == MessageType.END
                if not invocation.has_ended:
                    play.failed.append(f"message type {type_:#06x}: {payload[:300]!r}")
                self._connection.end_stream(event.stream_id)
            elif type_ == MessageType.SLEEP:
                play.park(self, event.stream_id, payload)
            else:
                completion = play.work.completion(type_, payload, play.task.version)
                if completion:
                    self._connection.send_data(event.stream_id, completion)

    def _on_closed(self, event: events.StreamClosed) -> None:
        invocation = self._open.pop(event.stream_id)
        self._play.seconds.append(time.perf_counter() - invocation.started)
        if not (invocation.has_output and invocation.has_ended):
            self._play.failed.append("a stream was closed before its invocation had ended")
        if not self._play.failed and not self._play.task.parked and self._play.may_begin():
            self._invoke()
        elif not self._open and not self.done.done():
            self.done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the endpoint closed the connection"))

    async def finished(self) -> None:
        """Wait for the last invocation, and close the connection.

        Raises:
            TimeoutError: that takes too long; the error says how far the invocations have come.
        """
        try:
            await asyncio.wait_for(self.done, LIMIT_SECONDS)
        except TimeoutError:
            answered = sum(each.has_output for each in self._open.values())
            raise TimeoutError(
                f"{len(self._open)} invocations are open after {LIMIT_SECONDS} s, on the streams "
                f"{min(self._open, default=0)} to {max(self._open, default=0)}; {answered} have "
                f"answered, and {len(self._play.seconds)} others have ended"
            ) from None
        finally:
            self._transport.close()


async def connect(play: Play, in_flight: int) -> Connection:
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(
        lambda: Connection(play, in_flight), "127.0.0.1", play.task.port
    )
    return connection


async def run(task: Task) -> dict[str, Any]:
    """Carry out a task and return its results."""
    play = Play(task)
    started = time.perf_counter()
    if task.parked:
        await park(play)
    else:
        await (await connect(play, task.in_flight)).finished()
    elapsed = time.perf_counter() - started
    seconds = sorted(play.seconds)
    return {
        "invocations": len(seconds),
        "failed": play.failed[:3],
        "per_second": len(seconds) / elapsed,
        "p50_ms": seconds[len(seconds) // 2] * 1e3,
        "p99_ms": seconds[int(len(seconds) * 0.99)] * 1e3,
    }


async def park(play: Play) -> None:
    """Let all invocations wait at once, on as many connections as their streams require."""
    connections: list[Connection] = []
    while play.left:
        before = play.left
        connections.append(await connect(play, _MOST_STREAMS))
        while play.left == before:
            if connections[-1].done.done():
                raise ConnectionError("the endpoint closed the connection")
            await asyncio.sleep(0.001)
    await play.all_parked()
    print(PARKED, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    for connection, stream, completion in play.parked:
        connection.complete(stream, completion)
    for connection in connections:
        connection.flush()
    for connection in connections:
        await connection.finished()


def main() -> None:
    for line in sys.stdin:
        try:
            result = uvloop.run(run(Task(**json.loads(line))))
        except (OSError, TimeoutError, KeyError) as error:
            result = {"failed": [f"{type(error).__name__}: {error}"]}
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
