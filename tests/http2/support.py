"""Servers that record, clients of theirs, and the loops and engines that tests run with."""

from __future__ import annotations

import asyncio
import gc
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import pytest

from restate_proto.http2.client import Http2Client
from restate_proto.http2.engines import ENGINES as ALL_ENGINES
from restate_proto.http2.server import Server
from restate_proto.http2.server_connection import ServerConnection
from restate_proto.http2.stream import ServerStream

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


# ngh2 and uvloop have no wheels everywhere; what is not installed is not tested.
__all__ = [
    "ENGINES",
    "LOOPS",
    "PAIRS",
    "App",
    "Count",
    "Echo",
    "Firehose",
    "Request",
    "becomes",
    "client_of",
    "connection_of",
    "engines",
    "loops",
    "run",
    "serving",
]

ENGINES: Final = [name for name in ALL_ENGINES if find_spec(name)]
PAIRS: Final = [(server, client) for server in ENGINES for client in ENGINES]


LOOPS: Final = ["asyncio", "uvloop"] if find_spec("uvloop") else ["asyncio"]

engines = pytest.mark.parametrize("engine", ENGINES)
loops = pytest.mark.parametrize("loop", LOOPS)


def run(
    coroutine: Coroutine[Any, Any, None],
    *,
    loop: str = "asyncio",
    collect: bool = True,
) -> None:
    """Run a test; pytest-timeout ends one that hangs."""

    async def collected() -> None:
        await coroutine
        if collect:
            # What a test left behind is found in it and not in a later one.
            gc.collect()

    if loop == "uvloop":
        import uvloop

        factory = uvloop.new_event_loop
    else:
        factory = asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(collected())


async def becomes(condition: Callable[[], bool]) -> None:
    """Let the loop run until something is so that no event tells of."""
    while not condition():  # noqa: ASYNC110 - nothing to wait for
        await asyncio.sleep(0)


class Request:
    """A receiver that records one request and lets a test wait for what happens to it."""

    def __init__(self, stream: ServerStream) -> None:
        self.stream = stream
        self.body = bytearray()
        self.eof = asyncio.Event()
        self.gone = asyncio.Event()
        self.reason: str | None = None
        self.drains = asyncio.Event()
        self.is_draining = asyncio.Event()
        self.progress = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.body += data
        self.progress.set()

    def eof_received(self) -> None:
        self.eof.set()
        self.progress.set()

    def draining(self) -> None:
        self.is_draining.set()

    def aborted(self, reason: str) -> None:
        assert self.reason is None, "aborted() is the last call"
        self.reason = reason
        self.gone.set()

    def drained(self) -> None:
        self.drains.set()

    def awaited_input(self) -> object:
        return None


class App:
    """Accepts requests with a receiver class and keeps them in order."""

    def __init__(self, receiver: Callable[[ServerStream], Any] = Request) -> None:
        self.requests: list[Any] = []
        self._receiver = receiver
        self._arrived = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, stream: ServerStream) -> Any:
        request = self._receiver(stream)
        self.requests.append(request)
        task = asyncio.get_running_loop().create_task(self._notify())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return request

    async def _notify(self) -> None:
        async with self._arrived:
            self._arrived.notify_all()

    async def request(self, index: int = 0) -> Any:
        """Wait for the request with this index."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.requests) > index)
        return self.requests[index]


class Echo(Request):
    """Sends the body back as it comes, as fast as the client reads it."""

    def __init__(self, stream: ServerStream) -> None:
        super().__init__(stream)
        stream.respond(200, [(b"x-method", stream.method.encode())])

    def data_received(self, data: bytes) -> None:
        self.stream.write(data)
        self.stream.acknowledge(len(data))

    def eof_received(self) -> None:
        self.stream.end()


class Count(Request):
    """Answers with the number of bytes received."""

    def __init__(self, stream: ServerStream) -> None:
        super().__init__(stream)
        self.size = 0

    def data_received(self, data: bytes) -> None:
        self.size += len(data)
        self.stream.acknowledge(len(data))

    def eof_received(self) -> None:
        self.stream.respond(200)
        self.stream.write(str(self.size).encode(), end=True)


class Firehose(Request):
    """Writes without an end as long as it is not above the high-water mark."""

    PIECE = bytes(50_000)

    def __init__(self, stream: ServerStream) -> None:
        super().__init__(stream)
        self.written = 0
        self.most_buffered = 0
        stream.respond(200)
        self.drained()

    def drained(self) -> None:
        stream = self.stream
        while not stream.above_high_water and self.written < 50_000_000:
            stream.write(self.PIECE)
            self.written += len(self.PIECE)
            self.most_buffered = max(self.most_buffered, stream.buffered)
        if self.written >= 50_000_000:
            stream.end()


def connection_of(request: Request) -> ServerConnection:
    """The server's side of the connection that a request came on."""
    connection = request.stream.connection
    assert isinstance(connection, ServerConnection)
    return connection


class serving:  # noqa: N801 - used like a function
    """`async with serving(accept, engine=...) as server`: starts it, stops it."""

    def __init__(self, accept: Callable[[ServerStream], Any], **options: Any) -> None:
        self.server = Server(accept, **options)

    async def __aenter__(self) -> Server:
        await self.server.start("127.0.0.1", 0)
        return self.server

    async def __aexit__(self, *_: object) -> None:
        await self.server.close()


def client_of(server: Server, engine: str, **options: Any) -> Http2Client:
    """Make a client of a running server."""
    return Http2Client(f"http://127.0.0.1:{server.port}", engine=engine, **options)
