"""Stopping a server: what runs goes on, what comes is refused, and all is closed in the end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from restate_proto.http2 import (
    ConnectError,
    ConnectionLostError,
    ErrorCode,
    Http2Client,
    Http2Error,
    Server,
    StreamResetError,
)
from restate_proto.http2.engines.base import MAX_STREAM_ID
from tests.http2.support import (
    ENGINES,
    GOAWAY,
    HEADERS,
    LOOPS,
    PING,
    RST_STREAM,
    App,
    Firehose,
    Frame,
    RawConnection,
    Request,
    becomes,
    run,
    serving,
    window_update,
)

engines = pytest.mark.parametrize("engine", ENGINES)
loops = pytest.mark.parametrize("loop", LOOPS)


def goaways(seen: list[Frame]) -> list[int]:
    """The last stream ids of the GOAWAY frames."""
    return [int.from_bytes(f.payload[:4], "big") for f in seen if f.kind == GOAWAY]


async def pong(raw: RawConnection) -> None:
    """Answers the server's PING."""
    ping = await raw.until(lambda f: f.kind == PING and f.flags == 0)
    raw.send(ping._replace(flags=1).encode())


@engines
@loops
def test_an_idle_server_stops_at_once(engine: str, loop: str) -> None:
    async def test() -> None:
        server = Server(App(), engine=engine)
        await server.start()
        silent = await asyncio.open_connection("127.0.0.1", server.port)
        raw = await RawConnection.open(server.port)
        await raw.sync()
        drain = asyncio.create_task(server.drain(30))
        await pong(raw)
        seen = await raw.rest()
        assert goaways(seen) == [MAX_STREAM_ID, 0]
        assert await silent[0].read() == b""
        await drain
        silent[1].close()
        await raw.close()

    run(test(), loop=loop)


@engines
@loops
def test_a_running_stream_ends_normally(engine: str, loop: str) -> None:
    app = App()

    async def test() -> None:
        server = Server(app, engine=engine)
        await server.start()
        async with Http2Client(f"http://127.0.0.1:{server.port}", engine=engine) as client:
            task = asyncio.create_task(client.request("POST", "/", (), b"x"))
            request: Request = await app.request(0)
            drain = asyncio.create_task(server.drain(30))
            connection: Any = request.stream.connection
            await becomes(lambda: connection.last)
            with pytest.raises(ConnectError):
                await client.request("GET", "/new")
            request.stream.respond(200)
            request.stream.write(bytes(1_000_000), end=True)
            assert len((await task).body) == 1_000_000
            await drain
            assert request.reason is None

    run(test(), loop=loop)


@engines
def test_a_stream_that_comes_too_late_is_not_accepted(engine: str) -> None:
    app = App()

    async def test() -> None:
        server = Server(app, engine=engine)
        await server.start()
        raw = await RawConnection.open(server.port)
        raw.send(raw.client.request(1))
        first: Request = await app.request(0)
        drain = asyncio.create_task(server.drain(30))
        await raw.until(lambda f: f.kind == GOAWAY)
        # Sent before the notice could be known: still taken.
        raw.send(raw.client.request(3))
        second: Request = await app.request(1)
        await pong(raw)
        await raw.until(lambda f: f.kind == GOAWAY)
        assert goaways(raw.seen) == [MAX_STREAM_ID, 3]
        raw.send(raw.client.request(5, end=True))
        await raw.sync()
        assert len(app.requests) == 2
        assert not [f for f in raw.seen if f.stream_id == 5 and f.kind == HEADERS]
        refused = [f.payload[-1] for f in raw.seen if f.stream_id == 5 and f.kind == RST_STREAM]
        assert refused in ([], [ErrorCode.REFUSED_STREAM])
        for request in (first, second):
            request.stream.respond(200, end=True)
        raw.send(b"".join(Frame(0, 1, stream, b"").encode() for stream in (1, 3)))
        await raw.rest()
        await drain
        await raw.close()

    run(test())


@engines
def test_a_drain_without_notice_refuses_streams_and_says_so_at_the_end(engine: str) -> None:
    app = App()

    async def test() -> None:
        server = Server(app, engine=engine)
        await server.start()
        idle, raw = [await RawConnection.open(server.port) for _ in range(2)]
        await idle.sync()
        raw.send(raw.client.request(1))
        first: Request = await app.request(0)
        drain = asyncio.create_task(server.drain(30, announce=False))
        await pong(idle)
        assert goaways(await idle.rest()) == [MAX_STREAM_ID, 0]
        raw.send(raw.client.request(3))
        refused = await raw.until(lambda f: f.kind == RST_STREAM)
        assert (refused.stream_id, refused.payload[-1]) == (3, ErrorCode.REFUSED_STREAM)
        assert goaways(raw.seen) == []
        assert len(app.requests) == 1
        first.stream.respond(200, end=True)
        raw.send(Frame(0, 1, 1, b"").encode())
        await raw.until(lambda f: f.kind == GOAWAY)
        raw.send(raw.client.request(5))  # even now, when there is a notice
        await pong(raw)
        seen = await raw.rest()
        assert goaways(seen)[0] == MAX_STREAM_ID
        assert len(app.requests) == 1
        await drain
        await idle.close()
        await raw.close()

    run(test())


@engines
@loops
@pytest.mark.parametrize("grace", [0, 0.05])
def test_what_runs_longer_is_aborted(engine: str, loop: str, grace: float) -> None:
    app = App()

    async def test() -> None:
        server = Server(app, engine=engine)
        await server.start()
        async with Http2Client(f"http://127.0.0.1:{server.port}", engine=engine) as client:
            task = asyncio.create_task(client.request("POST", "/", (), b"x"))
            request: Request = await app.request(0)
            await server.drain(grace)
            assert request.reason == "server is shutting down"
            with pytest.raises(Http2Error) as caught:
                await task
            assert isinstance(caught.value, (StreamResetError, ConnectionLostError))

    run(test(), loop=loop)


@engines
def test_a_client_that_answers_no_ping_does_not_hold_it_up(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("restate_proto.http2.server_connection.NOTICE_SECONDS", 0.01)

    async def test() -> None:
        server = Server(App(), engine=engine)
        await server.start()
        raw = await RawConnection.open(server.port)
        await raw.sync()
        await server.drain(30)
        assert goaways(await raw.rest()) == [MAX_STREAM_ID, 0]
        await raw.close()

    run(test())


@engines
@loops
def test_a_client_that_does_not_read_does_not_hold_it_up(
    engine: str, loop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("restate_proto.http2.server.CLOSE_SECONDS", 0.05)
    app = App(Firehose)

    async def test() -> None:
        server = Server(app, engine=engine)
        await server.start()
        raw = await RawConnection.open(server.port, preface={4: 2**31 - 1})
        raw.writer.transport.pause_reading()  # type: ignore[attr-defined]
        raw.send(window_update(0, 2**31 - 1 - 65_535), raw.client.request(1, end=True))
        hose: Firehose = await app.request(0)
        await becomes(lambda: hose.stream.connection.paused)
        await server.drain(0)
        assert hose.reason == "server is shutting down"
        raw.writer.transport.abort()

    run(test(), loop=loop)


@engines
def test_a_stopped_server_accepts_no_connection(engine: str) -> None:
    async def test() -> None:
        server = Server(App(), engine=engine)
        with pytest.raises(RuntimeError, match="not listening"):
            _ = server.port
        await server.start()
        with pytest.raises(RuntimeError, match="already started"):
            await server.start()
        port = server.port
        assert server.address == ("127.0.0.1", port)
        await server.close()
        await server.close()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)

    run(test())


@engines
def test_a_port_in_use_is_an_os_error(engine: str) -> None:
    async def test() -> None:
        async with serving(App(), engine=engine) as server:
            other = Server(App(), engine=engine)
            with pytest.raises(OSError, match="in use"):
                await other.start("127.0.0.1", server.port)
            await other.close()

    run(test())


@engines
def test_what_does_not_end_soon_is_told_and_may_end(engine: str) -> None:
    app = App()

    async def test() -> None:
        async with (
            serving(app, engine=engine) as server,
            Http2Client(f"http://127.0.0.1:{server.port}", engine=engine) as client,
        ):
            answer = asyncio.create_task(client.request("GET", "/"))
            request: Request = await app.request(0)
            drain = asyncio.create_task(server.drain(0.2))
            await request.is_draining.wait()
            request.stream.respond(204, end=True)
            assert (await answer).status == 204
            await drain
            assert request.reason is None

    run(test())
