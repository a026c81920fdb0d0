"""Drive an endpoint in its own process through a pair of sockets, while a meter counts."""

from __future__ import annotations

import asyncio
import gc
import socket
from contextlib import asynccontextmanager, contextmanager
from itertools import repeat
from typing import TYPE_CHECKING, Final, Protocol, cast
from unittest.mock import patch

from bench.guard.requests import ENDS, PREFACE, Requests
from bench.servers.python.floor import FloorConnection
from bench.servers.python.ours import make_endpoint
from bench.workloads import Workload, workload
from restate_proto.endpoint.garbage import collecting_rarely
from restate_proto.http2 import intake
from restate_proto.protocol.frames import FrameDecoder
from restate_proto.protocol.messages import MessageType
from restate_proto.runtime import execution

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator

    from restate_proto import Endpoint

__all__ = ["FLOOR", "INVOCATIONS", "IN_FLIGHT", "Meter", "count", "count_all"]

IN_FLIGHT: Final = 32
INVOCATIONS: Final = 4 * IN_FLIGHT
FLOOR: Final = "floor"
_WARM_UP: Final = 2


class Meter(Protocol):
    """Counts the instructions that run between `start` and `stop`."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Client(asyncio.Protocol):
    """The other end of the connection: sends prepared bytes and looks for marks in the answers."""

    def __init__(self) -> None:
        self.received = bytearray()
        self._begin = 0
        self._mark = b""
        self._times = 0
        self._seen: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.received += data
        if self._seen is not None and self._count() >= self._times:
            self._seen.set_result(None)
            self._seen = None

    def _count(self) -> int:
        return self.received.count(self._mark, self._begin)

    async def exchange(self, data: bytes, mark: bytes, times: int) -> None:
        """Send bytes and return once the answers have contained the mark so many times."""
        self._begin, self._mark, self._times = len(self.received), mark, times
        self._seen = seen = asyncio.get_running_loop().create_future()
        self.transport.write(data)
        await seen


async def count(
    serve: Callable[[socket.socket], Awaitable[object]],
    work: Workload,
    meter: Meter,
    in_flight: int = IN_FLIGHT,
    invocations: int = INVOCATIONS,
) -> None:
    """Count the instructions of invocations, after other invocations have warmed the endpoint up.

    Args:
        serve: serves the connection it is given.
        work: the workload to invoke.
        meter: counts the instructions.
        in_flight: the number of invocations in flight.
        invocations: the number of invocations to count.

    Raises:
        ValueError: an answer is wrong.
    """
    ours, theirs = socket.socketpair()
    client = Client()
    loop = asyncio.get_running_loop()
    await loop.create_connection(lambda: client, sock=ours)
    await serve(theirs)
    client.transport.write(PREFACE)
    requests = Requests(work, in_flight)
    batches = [requests.batch() for _ in range(_WARM_UP + invocations // in_flight)]
    await _play(client, requests, in_flight, batches[:_WARM_UP])
    gc.collect()
    with collecting_rarely():  # as in `serve`
        meter.start()
        await _play(client, requests, in_flight, batches[_WARM_UP:])
        meter.stop()
    client.transport.close()
    check(bytes(client.received), work, len(batches) * in_flight)


async def _play(
    client: Client, requests: Requests, in_flight: int, batches: list[tuple[bytes, bytes, bytes]]
) -> None:
    closed = b""
    for opening, completions, closing in batches:
        if requests.awaited:
            await client.exchange(closed + opening, requests.awaited, in_flight)
            await client.exchange(completions, ENDS, in_flight)
        else:
            await client.exchange(closed + opening, ENDS, in_flight)
        closed = closing
    client.transport.write(closed)


def check(received: bytes, work: Workload, invocations: int) -> None:
    """Decode and check everything that an endpoint has sent.

    Raises:
        ValueError: an answer is missing or wrong.
    """
    decoders: dict[int, FrameDecoder] = {}
    outputs = 0
    position = 0
    while position < len(received):
        length = int.from_bytes(received[position : position + 3], "big")
        type_, stream = (
            received[position + 3],
            int.from_bytes(received[position + 5 : position + 9]),
        )
        if type_ == 0:
            decoder = decoders.setdefault(stream, FrameDecoder())
            for kind, payload in decoder.feed(received[position + 9 : position + 9 + length]):
                if kind == MessageType.OUTPUT:
                    work.check(payload)
                    outputs += 1
        position += 9 + length
    if outputs != invocations:
        raise ValueError(f"{work.name}: {outputs} of {invocations} invocations have answered")


@asynccontextmanager
async def serving(engine: str) -> AsyncGenerator[Callable[[socket.socket], Awaitable[object]]]:
    """Return the function that serves the floor, or the endpoint on an engine."""
    if engine == FLOOR:
        loop = asyncio.get_running_loop()

        def serve(connection: socket.socket) -> Awaitable[object]:
            return loop.connect_accepted_socket(FloorConnection, connection)

        yield serve
        return
    async with serving_endpoint(make_endpoint(engine)) as serve_:
        yield serve_


@asynccontextmanager
async def serving_endpoint(
    endpoint: Endpoint,
) -> AsyncGenerator[Callable[[socket.socket], Awaitable[object]]]:
    async with endpoint.connections() as running:
        yield running.server.adopt


async def count_all(meter: Meter, engines: list[str], names: list[str]) -> None:
    """Count workloads on engines, one after another."""
    with no_time_passes():
        for engine in engines:
            async with serving(engine) as serve:
                for name in names:
                    await count(serve, workload(name, "protobuf"), meter)


@contextmanager
def no_time_passes() -> Generator[None]:
    """Stop the clocks that limit a turn of the loop, since counting would use up most of a turn."""
    clock = repeat(0.0).__next__
    with patch.object(execution, "monotonic", clock), patch.object(intake, "monotonic", clock):
        yield
