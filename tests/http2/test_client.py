"""The client: connections, limits, failures and the texts of its errors."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from restate_proto.http2.client import Http2Client
from restate_proto.http2.engines.base import goaway_frame
from restate_proto.http2.errors import (
    ConnectError,
    ConnectionLostError,
    ErrorCode,
    ResponseTooLargeError,
    StreamResetError,
)
from restate_proto.http2.limits import Http2Settings, PoolLimits
from restate_proto.http2.server import Server
from tests.http2.played_server import OK, Peer, played
from tests.http2.support import (
    DATA,
    END_HEADERS,
    END_STREAM,
    ENGINES,
    GOAWAY,
    HEADERS,
    LOOPS,
    RST_STREAM,
    App,
    Count,
    Echo,
    Firehose,
    Request,
    becomes,
    frame,
    goaway_code,
    run,
    serving,
)

engines = pytest.mark.parametrize("engine", ENGINES)


def client_of(server: Server, engine: str, **options: Any) -> Http2Client:
    return Http2Client(f"http://127.0.0.1:{server.port}", engine=engine, **options)


@engines
def test_one_connection_serves_many_requests(engine: str) -> None:
    app = App(Count)

    async def test() -> None:
        async with serving(app, engine=engine) as server, client_of(server, engine) as client:
            await asyncio.gather(*(client.request("GET", "/") for _ in range(5)))
            await client.request("GET", "/")
        assert len({id(request.stream.connection) for request in app.requests}) == 1

    run(test())


@engines
def test_the_request_arrives_as_it_was_given(engine: str) -> None:
    app = App(Count)

    async def test() -> None:
        async with serving(app, engine=engine) as server:
            url = f"http://127.0.0.1:{server.port}/base/"
            async with Http2Client(url, engine=engine) as client:
                await client.request("PATCH", "/a%20b?c=d", [(b"x-one", b"1"), (b"x-one", b"2")])
        stream = app.requests[0].stream
        assert (stream.method, stream.path, stream.query) == ("PATCH", "/base/a%20b", "c=d")
        assert list(stream.headers) == [(b"x-one", b"1"), (b"x-one", b"2")]

    run(test())


@engines
def test_the_response_arrives_as_it_was_given(engine: str) -> None:
    class Teapot(Request):
        def eof_received(self) -> None:
            self.stream.respond(418, [(b"x-a", b"1"), (b"x-a", b"2")])
            self.stream.write(b"short", end=True)

    async def test() -> None:
        async with (
            serving(App(Teapot), engine=engine) as server,
            client_of(server, engine) as client,
        ):
            response = await client.request("GET", "/")
            assert (response.status, response.body) == (418, b"short")
            assert list(response.fields) == [(b"x-a", b"1"), (b"x-a", b"2")]
            assert response.headers["X-A"] == "1, 2"
            assert response.headers.get("x-b") is None
            head = await client.request("HEAD", "/")
            assert (head.status, head.body) == (418, b"")

    run(test())


@engines
def test_a_refused_connection_is_a_connect_error(engine: str) -> None:
    async def test() -> None:
        async with serving(App(Count), engine=engine) as server:
            port = server.port
        async with Http2Client(f"http://127.0.0.1:{port}", engine=engine) as client:
            wanted = rf"^POST http://127.0.0.1:{port}/a/b: cannot connect to 127.0.0.1:{port}: "
            with pytest.raises(ConnectError, match=wanted):
                await client.request("POST", "/a/b", (), b"x")

    run(test())


@engines
def test_an_unknown_host_is_a_connect_error(engine: str) -> None:
    async def test() -> None:
        async with Http2Client("http://no-such-host.invalid", engine=engine) as client:
            with pytest.raises(ConnectError, match=r"cannot connect to no-such-host\.invalid:80"):
                await client.request("GET", "/")

    run(test())


@engines
def test_a_client_recovers_when_the_server_is_back(engine: str) -> None:
    async def test() -> None:
        first = Server(App(Count), engine=engine)
        await first.start()
        port = first.port
        async with Http2Client(f"http://127.0.0.1:{port}", engine=engine) as client:
            assert (await client.request("GET", "/")).status == 200
            await first.close()
            with pytest.raises(ConnectError):
                await client.request("GET", "/")
            second = Server(App(Count), engine=engine)
            await second.start(port=port)
            assert (await client.request("GET", "/")).status == 200
            await second.close()

    run(test())


@engines
def test_a_broken_connection_leaves_the_outcome_unknown(engine: str) -> None:
    async def play(peer: Peer) -> None:
        await peer.greet()
        await peer.until(HEADERS)

    async def test() -> None:
        async with played(play) as url, Http2Client(url, engine=engine) as client:
            with pytest.raises(ConnectionLostError, match=f"^GET {url}/x: the connection was cl"):
                await client.request("GET", "/x")

    run(test())


@engines
def test_a_broken_connection_in_the_middle_of_a_response(engine: str) -> None:
    async def play(peer: Peer) -> None:
        await peer.greet()
        await peer.until(HEADERS)
        peer.send(frame(HEADERS, END_HEADERS, 1, OK), frame(DATA, 0, 1, b"half"))

    async def test() -> None:
        async with played(play) as url, Http2Client(url, engine=engine) as client:
            with pytest.raises(ConnectionLostError):
                await client.request("GET", "/x")

    run(test())


@engines
@pytest.mark.parametrize(
    ("code", "unprocessed"),
    [
        (ErrorCode.REFUSED_STREAM, True),
        (ErrorCode.INTERNAL_ERROR, False),
        (ErrorCode.CANCEL, False),
        (ErrorCode.NO_ERROR, False),
    ],
)
def test_a_reset_says_whether_it_was_processed(
    engine: str, code: ErrorCode, unprocessed: bool
) -> None:
    async def play(peer: Peer) -> None:
        await peer.greet()
        await peer.until(HEADERS)
        peer.send(frame(RST_STREAM, 0, 1, int(code).to_bytes(4, "big")))
        await peer.until(HEADERS)
        peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 3, OK))
        await peer.until(GOAWAY)

    async def test() -> None:
        async with played(play) as url, Http2Client(url, engine=engine) as client:
            with pytest.raises(StreamResetError, match=rf"^GET {url}/x: .*{code.name}") as caught:
                await client.request("GET", "/x")
            assert caught.value.code == code
            assert caught.value.unprocessed is unprocessed
            assert (await client.request("GET", "/x")).status == 200

    run(test())


@engines
def test_goaway_tells_what_was_not_processed_and_lets_the_rest_go_on(engine: str) -> None:
    connections = 0

    async def play(peer: Peer) -> None:
        nonlocal connections
        connections += 1
        await peer.greet()
        await peer.until(HEADERS)
        if connections > 1:
            peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, OK))
            await peer.until(GOAWAY)
            return
        await peer.until(HEADERS)
        peer.send(goaway_frame(1, ErrorCode.NO_ERROR))
        await again.wait()
        peer.send(frame(HEADERS, END_HEADERS, 1, OK), frame(DATA, END_STREAM, 1, b"late"))
        await peer.reader.read()
        closed.set()

    async def test() -> None:
        async with played(play) as url, Http2Client(url, engine=engine) as client:
            first = asyncio.create_task(client.request("GET", "/1"))
            second = asyncio.create_task(client.request("GET", "/2"))
            with pytest.raises(StreamResetError, match="going away") as caught:
                await second
            assert caught.value.unprocessed
            assert (await client.request("GET", "/3")).status == 200
            assert connections == 2
            again.set()
            assert (await first).body == b"late"
            await closed.wait()  # the client has no use for that connection any more

    again, closed = asyncio.Event(), asyncio.Event()
    run(test())


@engines
def test_a_server_that_speaks_http1_processed_nothing(engine: str) -> None:
    async def play(peer: Peer) -> None:
        await peer.reader.read(10)
        peer.send(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n")

    async def test() -> None:
        async with played(play) as url, Http2Client(url, engine=engine) as client:
            with pytest.raises(ConnectError, match=r"answered in HTTP/1\.1"):
                await client.request("GET", "/")

    run(test())


@engines
def test_garbage_from_the_server_ends_the_connection(engine: str) -> None:
    async def play(peer: Peer) -> None:
        await peer.greet()
        await peer.until(HEADERS)
        peer.send(frame(DATA, 0, 0, b"x"))
        goaway = await peer.until(GOAWAY)
        assert goaway_code([goaway]) == ErrorCode.PROTOCOL_ERROR

    async def test() -> None:
        async with played(play) as url, Http2Client(url, engine=engine) as client:
            with pytest.raises(ConnectionLostError, match="PROTOCOL_ERROR"):
                await client.request("GET", "/")

    run(test())


@engines
def test_a_server_that_closes_every_connection_at_once(engine: str) -> None:
    async def play(peer: Peer) -> None:
        await peer.greet()
        peer.send(goaway_frame(0, ErrorCode.NO_ERROR))

    async def test() -> None:
        async with played(play) as url, Http2Client(url, engine=engine) as client:
            with pytest.raises((ConnectError, StreamResetError, ConnectionLostError)):
                await client.request("GET", "/")

    run(test())


@engines
def test_requests_wait_for_a_free_stream(engine: str) -> None:
    most = 0

    class Slow(Request):
        open = 0

        def eof_received(self) -> None:
            nonlocal most
            Slow.open += 1
            most = max(most, Slow.open)
            asyncio.get_running_loop().call_soon(self.answer)

        def answer(self) -> None:
            Slow.open -= 1
            self.stream.respond(200, end=True)

    async def test() -> None:
        settings = Http2Settings(max_concurrent_streams=3)
        async with (
            serving(App(Slow), engine=engine, settings=settings) as server,
            client_of(server, engine, limits=PoolLimits(max_connections=1)) as client,
        ):
            await client.request("GET", "/")  # the server's settings are known now
            responses = await asyncio.gather(*(client.request("GET", "/") for _ in range(50)))
            assert [r.status for r in responses] == [200] * 50

    run(test())
    assert most == 3


@engines
def test_more_connections_are_made_when_the_streams_are_used_up(engine: str) -> None:
    app = App()

    async def test() -> None:
        settings = Http2Settings(max_concurrent_streams=2)
        async with (
            serving(app, engine=engine, settings=settings) as server,
            client_of(server, engine, limits=PoolLimits(max_connections=3)) as client,
        ):
            tasks = [asyncio.create_task(client.request("GET", "/")) for _ in range(9)]
            await app.request(5)
            held = [request.stream.connection for request in app.requests]
            assert sorted(held.count(c) for c in set(held)) == [2, 2, 2]
            for index in range(9):
                request: Request = await app.request(index)
                request.stream.respond(200, end=True)
            assert [r.status for r in await asyncio.gather(*tasks)] == [200] * 9
            assert {request.stream.connection for request in app.requests} == set(held)

    run(test())


@engines
def test_a_second_connection_that_fails_is_done_without(engine: str) -> None:
    app = App()

    async def test() -> None:
        server = Server(app, engine=engine, settings=Http2Settings(max_concurrent_streams=1))
        await server.start()
        async with client_of(server, engine) as client:
            first = asyncio.create_task(client.request("GET", "/"))
            request: Request = await app.request(0)
            server._server.close()  # type: ignore[union-attr]
            second = asyncio.create_task(client.request("GET", "/"))
            pool: Any = client._pool  # pyright: ignore[reportPrivateUsage] - nothing else tells
            await becomes(lambda: len(pool._waiting) == 1)
            request.stream.respond(200, end=True)
            request = await app.request(1)
            request.stream.respond(200, end=True)
            assert [r.status for r in await asyncio.gather(first, second)] == [200, 200]
        await server.close()

    run(test())


@engines
def test_a_cancelled_waiter_leaves_its_turn_to_the_next(engine: str) -> None:
    app = App()

    async def test() -> None:
        settings = Http2Settings(max_concurrent_streams=1)
        async with (
            serving(app, engine=engine, settings=settings) as server,
            client_of(server, engine, limits=PoolLimits(max_connections=1)) as client,
        ):
            tasks = [asyncio.create_task(client.request("GET", f"/{i}")) for i in range(2)]
            first: Request = await app.request(0)
            waiting = [asyncio.create_task(client.request("GET", f"/{i}")) for i in range(2, 6)]
            first.stream.respond(200, end=True)
            await tasks[0]
            second: Request = await app.request(1)
            for index in (0, 2):
                waiting[index].cancel()
            second.stream.respond(200, end=True)
            for index in (2, 3):
                request: Request = await app.request(index)
                request.stream.respond(200, end=True)
            results = await asyncio.gather(*waiting, return_exceptions=True)
            cancelled = [isinstance(result, asyncio.CancelledError) for result in results]
            assert cancelled == [True, False, True, False]
            assert [r.stream.path for r in app.requests] == ["/0", "/1", "/3", "/5"]

    run(test())


@engines
def test_a_waiter_that_is_cancelled_as_its_turn_comes_passes_it_on(engine: str) -> None:
    app = App()

    async def test() -> None:
        settings = Http2Settings(max_concurrent_streams=1)
        async with (
            serving(app, engine=engine, settings=settings) as server,
            client_of(server, engine, limits=PoolLimits(max_connections=1)) as client,
        ):
            running = asyncio.create_task(client.request("GET", "/0"))
            request: Request = await app.request(0)
            waiting = [asyncio.create_task(client.request("GET", f"/{i}")) for i in (1, 2)]
            pool: Any = client._pool  # pyright: ignore[reportPrivateUsage] - the moment matters
            await becomes(lambda: len(pool._waiting) == 2)
            wake = pool._wake

            def wake_and_cancel(count: int) -> None:
                wake(count)
                if count:
                    waiting[0].cancel()

            pool._wake = wake_and_cancel
            request.stream.respond(200, end=True)
            await running
            request = await app.request(1)
            assert request.stream.path == "/2"
            request.stream.respond(200, end=True)
            await waiting[1]
            assert waiting[0].cancelled()

    run(test())


@engines
def test_a_failed_connection_that_nobody_waits_for_is_no_error(
    engine: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        async with serving(App(Count), engine=engine) as server:
            port = server.port
        async with Http2Client(f"http://127.0.0.1:{port}", engine=engine) as client:
            task = asyncio.create_task(client.request("GET", "/"))
            await asyncio.sleep(0)
            task.cancel()
            pool: Any = client._pool  # pyright: ignore[reportPrivateUsage] - nothing else tells
            await becomes(lambda: task.done() and pool._connecting is None)

    run(test())
    assert caplog.records == []


@engines
def test_cancelling_resets_the_stream(engine: str) -> None:
    app = App()

    async def test() -> None:
        async with serving(app, engine=engine) as server, client_of(server, engine) as client:
            task = asyncio.create_task(client.request("POST", "/", (), b"x"))
            request: Request = await app.request(0)
            await request.eof.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await request.gone.wait()
            assert request.reason == "the peer reset the stream: CANCEL"

    run(test())


@engines
def test_cancelling_one_of_those_that_connect_leaves_the_others(engine: str) -> None:
    async def test() -> None:
        async with (
            serving(App(Count), engine=engine) as server,
            client_of(server, engine) as client,
        ):
            tasks = [asyncio.create_task(client.request("GET", "/")) for _ in range(3)]
            await asyncio.sleep(0)
            tasks[0].cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert isinstance(results[0], asyncio.CancelledError)
            assert [r.status for r in results[1:] if not isinstance(r, BaseException)] == [200] * 2

    run(test())


@engines
def test_a_response_above_the_limit_is_refused(engine: str) -> None:
    app = App(Echo)

    async def test() -> None:
        async with (
            serving(app, engine=engine) as server,
            client_of(server, engine, max_response_bytes=100_000) as client,
        ):
            assert len((await client.request("POST", "/", (), bytes(100_000))).body) == 100_000
            with pytest.raises(ResponseTooLargeError, match="larger than 100000 bytes"):
                await client.request("POST", "/", (), bytes(100_001))
            with pytest.raises(ResponseTooLargeError):
                await client.request("POST", "/", (), bytes(11), max_response_bytes=10)
            assert (await client.request("POST", "/", (), b"x")).body == b"x"

    run(test())


@engines
def test_a_response_above_the_limit_is_not_read_on(engine: str) -> None:
    app = App(Firehose)

    async def test() -> None:
        async with serving(app, engine=engine) as server, client_of(server, engine) as client:
            with pytest.raises(ResponseTooLargeError):
                await client.request("GET", "/", max_response_bytes=1_000_000)
            hose = app.requests[0]
            await hose.gone.wait()
            assert hose.reason == "the peer reset the stream: CANCEL"
            assert hose.written < 10_000_000

    run(test())


@engines
def test_an_answer_before_the_end_of_the_request_is_enough(engine: str) -> None:
    class TooLarge(Request):
        def data_received(self, data: bytes) -> None:
            if not self.body:
                self.stream.respond(413, end=True)
            super().data_received(data)

    app = App(TooLarge)

    async def test() -> None:
        async with serving(app, engine=engine) as server, client_of(server, engine) as client:
            response = await client.request("POST", "/", (), bytes(20_000_000))
            assert response.status == 413
            await app.requests[0].gone.wait()
            assert len(app.requests[0].body) < 20_000_000

    run(test())


@engines
@pytest.mark.parametrize("loop", LOOPS)
def test_close_fails_what_still_runs(engine: str, loop: str) -> None:
    app = App()

    async def test() -> None:
        async with serving(app, engine=engine) as server:
            client = client_of(server, engine)
            task = asyncio.create_task(client.request("GET", "/"))
            request: Request = await app.request(0)
            await client.close()
            with pytest.raises(ConnectionLostError, match="the client was closed"):
                await task
            await request.gone.wait()
            with pytest.raises(RuntimeError, match="the client is closed"):
                await client.request("GET", "/")
            await client.close()

    run(test(), loop=loop)


@engines
def test_close_while_connecting(engine: str) -> None:
    async def test() -> None:
        async with serving(App(Count), engine=engine) as server:
            client = client_of(server, engine)
            task = asyncio.create_task(client.request("GET", "/"))
            await asyncio.sleep(0)
            await client.close()
            with pytest.raises(RuntimeError, match="the client is closed"):
                await task

    run(test())


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GE T", "/", []),
        ("", "/", []),
        ("GET", "", []),
        ("GET", "a", []),
        ("GET", "/a b", []),
        ("GET", "/a\r\n", []),
        ("GET", "/ü", []),
        ("GET", "/", [(b"X-Upper", b"1")]),
        ("GET", "/", [(b":path", b"/other")]),
        ("GET", "/", [(b"x-a", b"1\r\nx-b: 2")]),
        ("GET", "/", [(b"x-a", b"\0")]),
        ("GET", "/", [(b"", b"1")]),
    ],
)
def test_what_http_does_not_allow_is_not_sent(
    method: str, path: str, headers: list[tuple[bytes, bytes]]
) -> None:
    async def test() -> None:
        async with Http2Client("http://127.0.0.1:1") as client:
            with pytest.raises(ValueError, match="not a"):
                await client.request(method, path, headers)

    run(test())
