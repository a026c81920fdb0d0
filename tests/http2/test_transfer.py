"""Server and client on real sockets: bodies of all sizes, both ways, under flow control."""

from __future__ import annotations

import asyncio
import socket

import pytest

from restate_proto.http2.connection import WRITE_BUFFER
from restate_proto.http2.engines.base import OUTPUT_CHUNK, Headers
from restate_proto.http2.errors import ErrorCode, Http2Error
from restate_proto.http2.limits import Http2Settings
from tests.http2.frames import DATA, END_STREAM, REQUEST, RawConnection, frame, window_update
from tests.http2.support import (
    PAIRS,
    App,
    Count,
    Echo,
    Firehose,
    Request,
    client_of,
    connection_of,
    engines,
    loops,
    run,
    serving,
)

pairs = pytest.mark.parametrize(("server_engine", "client_engine"), PAIRS)

BIG = bytes(range(256)) * 32_768  # 8 MiB


@pairs
@loops
def test_bodies_of_all_sizes(server_engine: str, client_engine: str, loop: str) -> None:
    async def test() -> None:
        async with (
            serving(App(Echo), engine=server_engine) as server,
            client_of(server, client_engine) as client,
        ):
            for size in (0, 1, 16_383, 16_384, 16_385, 65_535, 65_536, 1_048_577):
                body = BIG[:size]
                response = await client.request("POST", "/echo", (), body)
                assert response.status == 200
                assert response.headers["x-method"] == "POST"
                assert response.body == body

    run(test(), loop=loop)


@pairs
@loops
def test_eight_mebibytes_both_ways(server_engine: str, client_engine: str, loop: str) -> None:
    async def test() -> None:
        async with (
            serving(App(Echo), engine=server_engine) as server,
            client_of(server, client_engine) as client,
        ):
            response = await client.request("POST", "/echo", (), BIG)
            assert response.body == BIG

    run(test(), loop=loop)


@pairs
def test_tiny_windows_are_only_slow(server_engine: str, client_engine: str) -> None:
    tiny = Http2Settings(stream_window=1_000, high_water=500, low_water=0)

    async def test() -> None:
        async with (
            serving(App(Echo), engine=server_engine, settings=tiny) as server,
            client_of(server, client_engine, settings=tiny) as client,
        ):
            body = BIG[:100_001]
            response = await client.request("POST", "/echo", (), body)
            assert response.body == body

    run(test())


@pairs
def test_two_hundred_streams_at_once(server_engine: str, client_engine: str) -> None:
    app = App(Count)

    async def test() -> None:
        async with (
            serving(app, engine=server_engine) as server,
            client_of(server, client_engine) as client,
        ):
            bodies = [BIG[: index * 500] for index in range(200)]
            responses = await asyncio.gather(
                *(client.request("POST", f"/{len(body)}", (), body) for body in bodies)
            )
            assert [int(r.body) for r in responses] == [len(body) for body in bodies]
        assert len({id(request.stream.connection) for request in app.requests}) == 1

    run(test())


@engines
def test_a_server_that_does_not_read_stops_the_client(engine: str) -> None:
    window = 100_000
    app = App()

    async def test() -> None:
        settings = Http2Settings(stream_window=window)
        async with (
            serving(app, engine=engine, settings=settings) as server,
            client_of(server, engine) as client,
        ):
            upload = asyncio.create_task(client.request("POST", "/", (), BIG[:400_000]))
            slow: Request = await app.request(0)
            while len(slow.body) < window:
                slow.progress.clear()
                await slow.progress.wait()
            # The connection is open for others, and nothing more comes on this stream.
            other = asyncio.create_task(client.request("POST", "/", (), b"other"))
            request: Request = await app.request(1)
            await request.eof.wait()
            request.stream.respond(204, end=True)
            assert (await other).status == 204
            assert len(slow.body) == window
            # Reading lets it go on.
            total = 0
            while not slow.eof.is_set():
                assert len(slow.body) <= window
                total += len(slow.body)
                slow.stream.acknowledge(len(slow.body))
                slow.body.clear()
                slow.progress.clear()
                await slow.progress.wait()
            assert total + len(slow.body) == 400_000
            slow.stream.respond(200, end=True)
            assert (await upload).status == 200

    run(test())


@engines
@loops
def test_a_client_that_does_not_read_its_socket_bounds_the_server(engine: str, loop: str) -> None:
    app = App(Firehose)
    high_water = 200_000

    async def test() -> None:
        settings = Http2Settings(high_water=high_water, low_water=50_000)
        async with serving(app, engine=engine, settings=settings) as server:
            sock = socket.create_connection(("127.0.0.1", server.port))
            reader, writer = await asyncio.open_connection(sock=sock)
            raw = RawConnection(reader, writer)
            # No HTTP/2 window stands in the way: only the socket does.
            raw.send(raw.client.preface({4: 2**31 - 1}), window_update(0, 2**31 - 1 - 65_535))
            raw.send(raw.client.request(1, end=True))
            hose: Firehose = await app.request(0)
            connection = connection_of(hose)
            transport = connection.transport
            assert transport is not None
            limit = WRITE_BUFFER + OUTPUT_CHUNK + 65_536
            while not (connection.socket_is_full and hose.stream.above_high_water):
                assert transport.get_write_buffer_size() <= limit
                await asyncio.sleep(0)
            # Between the two marks by now, perhaps: the socket takes what fits into the client's.
            assert hose.stream.buffered <= hose.most_buffered
            assert high_water < hose.most_buffered <= high_water + len(hose.PIECE)
            assert hose.written < 50_000_000
            received = 0
            while True:
                found = await raw.until(lambda f: f.kind == DATA)
                received += len(found.payload)
                raw.seen.clear()
                assert transport.get_write_buffer_size() <= limit
                if found.flags & END_STREAM:
                    break
            assert received == hose.written == 50_000_000
            assert hose.most_buffered <= high_water + len(hose.PIECE)
            await raw.close()

    run(test(), loop=loop)


@engines
def test_a_client_without_window_bounds_the_server_and_not_its_other_streams(engine: str) -> None:
    app = App(Firehose)

    async def test() -> None:
        async with serving(app, engine=engine) as server:
            raw = await RawConnection.open(server.port, preface={4: 1_000})
            raw.send(window_update(0, 2**30))
            raw.send(raw.client.request(1, end=True))
            hose: Firehose = await app.request(0)
            await raw.sync()
            assert hose.stream.above_high_water
            assert hose.stream.buffered == hose.written - 1_000
            raw.send(raw.client.request(3, end=True), window_update(3, 100_000))
            await raw.until(lambda f: f.kind == DATA and f.stream_id == 3)
            assert hose.stream.buffered == hose.written - 1_000
            sent = [f for f in raw.seen if f.kind == DATA and f.stream_id == 1]
            assert sum(len(f.payload) for f in sent) == 1_000
            raw.send(frame(3, 0, 1, bytes(4)))  # RST_STREAM
            await hose.gone.wait()
            assert hose.stream.buffered == 0
            await raw.close()

    run(test())


class BigThenSmall(Request):
    """Sends many bytes on "/big", and one byte elsewhere."""

    def eof_received(self) -> None:
        self.stream.respond(200)
        self.stream.write(BIG if self.stream.path == "/big" else b"!", end=True)


@engines
def test_a_large_response_lets_small_ones_pass(engine: str) -> None:
    async def test() -> None:
        async with serving(App(BigThenSmall), engine=engine) as server:
            raw = await RawConnection.open(server.port, preface={4: 2**31 - 1})
            big = [*REQUEST[:3], (b":path", b"/big")]
            # Both may send 100,000 bytes in all, together.
            raw.send(window_update(0, 100_000 - 65_535), raw.client.request(1, big, end=True))
            raw.send(raw.client.request(3, end=True))
            await raw.until(lambda f: f.kind == DATA and f.stream_id == 3)
            await raw.close()

    run(test())


class Reader:
    """A response receiver that acknowledges only when told to."""

    def __init__(self) -> None:
        self.body = bytearray()
        self.status = 0
        self.progress = asyncio.Event()
        self.eof = asyncio.Event()
        self.error: Http2Error | None = None
        self.drains = 0

    def response_received(self, status: int, headers: Headers) -> None:
        self.status = status

    def data_received(self, data: bytes) -> None:
        self.body += data
        self.progress.set()

    def eof_received(self) -> None:
        self.eof.set()
        self.progress.set()

    def aborted(self, error: Http2Error) -> None:
        self.error = error
        self.progress.set()

    def drained(self) -> None:
        self.drains += 1


@pairs
def test_a_client_that_does_not_read_stops_the_server(
    server_engine: str, client_engine: str
) -> None:
    app = App(Firehose)
    window = 100_000

    async def test() -> None:
        settings = Http2Settings(stream_window=window)
        async with (
            serving(app, engine=server_engine) as server,
            client_of(server, client_engine, settings=settings) as client,
        ):
            reader = Reader()
            stream = await client.open("GET", "/", (), reader, end=True)
            while len(reader.body) < window:
                reader.progress.clear()
                await reader.progress.wait()
            hose: Firehose = app.requests[0]
            # Another exchange shows that no more was on its way.
            other = Reader()
            second = await client.open("GET", "/", (), other, end=True)
            await other.progress.wait()
            assert len(reader.body) == window
            assert hose.stream.buffered == hose.written - window
            stream.acknowledge(window)
            while len(reader.body) < 2 * window:
                reader.progress.clear()
                await reader.progress.wait()
            stream.reset()
            second.reset(ErrorCode.NO_ERROR)
            await hose.gone.wait()
            assert hose.reason == "the peer reset the stream: CANCEL"

    run(test())


@pairs
def test_a_conversation_on_one_stream(server_engine: str, client_engine: str) -> None:
    async def test() -> None:
        async with (
            serving(App(Echo), engine=server_engine) as server,
            client_of(server, client_engine) as client,
        ):
            reader = Reader()
            stream = await client.open("POST", "/echo", (), reader)
            for index in range(20):
                reader.progress.clear()
                stream.write(b"%d," % index)
                while not reader.body.endswith(b"%d," % index):
                    await reader.progress.wait()
                    reader.progress.clear()
            stream.end()
            await reader.eof.wait()
            assert reader.status == 200
            assert reader.body == b"".join(b"%d," % index for index in range(20))

    run(test())
