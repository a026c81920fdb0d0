"""Helpers of the HTTP/2 tests: engines in memory, servers that record, hand-made frames."""

from __future__ import annotations

import asyncio
import gc
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import hpack

from restate_proto.http2.engines import ENGINES as ALL_ENGINES
from restate_proto.http2.engines import load_engine
from restate_proto.http2.engines.base import PREFACE, Engine, Headers
from restate_proto.http2.errors import ErrorCode
from restate_proto.http2.limits import Http2Settings
from restate_proto.http2.server import Server
from restate_proto.http2.server_connection import ServerConnection
from restate_proto.http2.stream import ServerStream

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

# ngh2 and uvloop have no wheels everywhere; what is not installed is not tested.
ENGINES: Final = [name for name in ALL_ENGINES if find_spec(name)]
PAIRS: Final = [(server, client) for server in ENGINES for client in ENGINES]
REQUEST: Final = [
    (b":method", b"POST"),
    (b":scheme", b"http"),
    (b":authority", b"test"),
    (b":path", b"/x"),
]

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS = 0, 1, 2, 3, 4
PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 5, 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS, PADDED = 0x1, 0x1, 0x4, 0x8


LOOPS: Final = ["asyncio", "uvloop"] if find_spec("uvloop") else ["asyncio"]


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


class Frame(NamedTuple):
    kind: int
    flags: int
    stream_id: int
    payload: bytes

    def encode(self) -> bytes:
        length = len(self.payload).to_bytes(3, "big")
        return (
            length
            + bytes((self.kind, self.flags))
            + self.stream_id.to_bytes(4, "big")
            + (self.payload)
        )


def frame(kind: int, flags: int = 0, stream_id: int = 0, payload: bytes = b"") -> bytes:
    return Frame(kind, flags, stream_id, payload).encode()


def frames(data: bytes) -> list[Frame]:
    """All frames of some output; it must hold whole ones."""
    found: list[Frame] = []
    data = data.removeprefix(PREFACE)
    while data:
        length = int.from_bytes(data[:3], "big")
        assert len(data) >= 9 + length, "a frame is cut"
        stream_id = int.from_bytes(data[5:9], "big") & 0x7FFFFFFF
        found.append(Frame(data[3], data[4], stream_id, data[9 : 9 + length]))
        data = data[9 + length :]
    return found


def settings_frame(values: dict[int, int]) -> bytes:
    return frame(SETTINGS, payload=b"".join(struct.pack(">HI", k, v) for k, v in values.items()))


def window_update(stream_id: int, increment: int) -> bytes:
    return frame(WINDOW_UPDATE, 0, stream_id, increment.to_bytes(4, "big"))


def goaway_code(found: Iterable[Frame]) -> int | None:
    """The error code of the last GOAWAY."""
    codes = [int.from_bytes(f.payload[4:8], "big") for f in found if f.kind == GOAWAY]
    return codes[-1] if codes else None


class RawClient:
    """Makes a client's bytes frame by frame."""

    def __init__(self) -> None:
        self.encoder = hpack.Encoder()

    def preface(self, values: dict[int, int] | None = None) -> bytes:
        return PREFACE + settings_frame(values or {})

    def request(
        self,
        stream_id: int,
        headers: Iterable[tuple[bytes, bytes]] = REQUEST,
        *,
        end: bool = False,
    ) -> bytes:
        block = self.encoder.encode(list(headers))
        return frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream_id, block)


@dataclass
class Recorder:
    """A sink that keeps what it is told."""

    headers: dict[int, Headers] = field(default_factory=dict[int, Headers])
    data: dict[int, bytes] = field(default_factory=dict[int, bytes])
    ended: list[int] = field(default_factory=list[int])
    closed: list[int] = field(default_factory=list[int])
    resets: dict[int, int] = field(default_factory=dict[int, int])
    goaways: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    terminated: list[int] = field(default_factory=list[int])
    max_streams: int | None = None
    pongs: int = 0

    def on_headers(self, stream_id: int, headers: Headers, end: bool) -> None:
        self.headers[stream_id] = headers
        if end:
            self.ended.append(stream_id)

    def on_data(self, stream_id: int, data: bytes, end: bool) -> None:
        assert data or end
        self.data[stream_id] = self.data.get(stream_id, b"") + data
        if end:
            self.ended.append(stream_id)

    def on_end(self, stream_id: int) -> None:
        self.ended.append(stream_id)

    def on_reset(self, stream_id: int, code: int) -> None:
        self.resets.setdefault(stream_id, code)

    def on_malformed(self, stream_id: int) -> None:
        self.resets.setdefault(stream_id, ErrorCode.PROTOCOL_ERROR)

    def on_closed(self, stream_id: int) -> None:
        self.closed.append(stream_id)

    def on_goaway(self, last_stream_id: int, code: int, debug: bytes) -> None:
        self.goaways.append((last_stream_id, code))

    def on_peer_settings(self, max_concurrent_streams: int) -> None:
        self.max_streams = max_concurrent_streams

    def on_pong(self) -> None:
        self.pongs += 1

    def on_terminated(self, code: int, reason: str) -> None:
        self.terminated.append(code)


def drain_output(engine: Engine) -> bytes:
    """All that an engine wants to write now."""
    parts = [engine.output()]
    while engine.more:
        parts.append(engine.output())
    return b"".join(parts)


class Pair:
    """A server's and a client's engine, wired in memory."""

    def __init__(
        self,
        server: str,
        client: str,
        *,
        server_settings: Http2Settings | None = None,
        client_settings: Http2Settings | None = None,
    ) -> None:
        self.at_server, self.at_client = Recorder(), Recorder()
        default = Http2Settings()
        self.server = load_engine(server)(self.at_server, server_settings or default, client=False)
        self.client = load_engine(client)(self.at_client, client_settings or default, client=True)

    def pump(self) -> None:
        """Carry bytes both ways until nothing moves."""
        while True:
            to_server = drain_output(self.client)
            if to_server:
                self.server.receive(to_server)
            to_client = drain_output(self.server)
            if to_client:
                self.client.receive(to_client)
            if not to_server and not to_client:
                return


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


class RawConnection:
    """A socket to a server, driven frame by frame."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.client = RawClient()
        self.seen: list[Frame] = []
        self.answers_pings = True

    @classmethod
    async def open(cls, port: int, *, preface: dict[int, int] | None = None) -> RawConnection:
        connection = cls(*await asyncio.open_connection("127.0.0.1", port))
        connection.send(connection.client.preface(preface))
        return connection

    def send(self, *data: bytes) -> None:
        self.writer.write(b"".join(data))

    async def read_frame(self) -> Frame | None:
        """The next frame; None at the end of the connection, which is then closed here, too."""
        try:
            head = await self.reader.readexactly(9)
            payload = await self.reader.readexactly(int.from_bytes(head[:3], "big"))
        except (asyncio.IncompleteReadError, ConnectionError):
            self.writer.close()
            return None
        found = Frame(head[3], head[4], int.from_bytes(head[5:9], "big") & 0x7FFFFFFF, payload)
        self.seen.append(found)
        if self.answers_pings and found.kind == PING and not found.flags & ACK:
            self.send(found._replace(flags=ACK).encode())
        return found

    async def until(self, wanted: Callable[[Frame], bool]) -> Frame:
        """Read up to a frame that fits; fail if the connection ends before."""
        while (found := await self.read_frame()) is not None:
            if wanted(found):
                return found
        raise AssertionError(f"the connection ended before; seen: {self.seen}")

    async def rest(self) -> list[Frame]:
        """All frames up to the end of the connection."""
        while await self.read_frame() is not None:
            pass
        return self.seen

    async def sync(self) -> None:
        """Wait until the server has handled all that was sent, by a PING."""
        self.send(frame(PING, payload=b"sync-sync"[:8]))
        await self.until(lambda f: f.kind == PING and f.flags == ACK)

    async def close(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


class serving:  # noqa: N801 - used like a function
    """`async with serving(accept, engine=...) as server`: starts it, stops it."""

    def __init__(self, accept: Callable[[ServerStream], Any], **options: Any) -> None:
        self.server = Server(accept, **options)

    async def __aenter__(self) -> Server:
        await self.server.start("127.0.0.1", 0)
        return self.server

    async def __aexit__(self, *_: object) -> None:
        await self.server.close()
