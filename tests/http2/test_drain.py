"""Stopping a server: what runs goes on, new requests are refused, and everything is closed."""

from __future__ import annotations

import asyncio
import socket

import pytest

from restate_proto.http2.client import Http2Client
from restate_proto.http2.engines.base import MAX_STREAM_ID
from restate_proto.http2.errors import (
    ConnectError,
    ConnectionLostError,
    ErrorCode,
    Http2Error,
    StreamResetError,
)
from restate_proto.http2.server import Server
from restate_proto.http2.states import ConnectionState
from tests.http2.frames import (
    ACK,
    DATA,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PING,
    RST_STREAM,
    SETTINGS,
    Frame,
    RawClient,
    RawConnection,
    frame,
    frames,
    goaways,
    is_ping,
    window_update,
)
from tests.http2.support import (
    App,
    Firehose,
    Request,
    becomes,
    connection_of,
    engines,
    loops,
    run,
    serving,
)


def forbids_streams(found: Frame) -> bool:
    """Return whether a frame sets SETTINGS_MAX_CONCURRENT_STREAMS to 0."""
    return found.kind == SETTINGS and found.payload == b"\x00\x03" + bytes(4)


async def all_is_sent(request: Request) -> None:
    """Wait until the connection is about to close its socket."""
    connection = connection_of(request)
    await becomes(lambda: connection.state >= ConnectionState.CLOSING)


def read_all(peer: socket.socket) -> bytes:
    parts: list[bytes] = []
    while part := peer.recv(65_536):
        parts.append(part)
    return b"".join(parts)


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
            connection = connection_of(request)
            await becomes(lambda: connection.state is ConnectionState.DRAINING)
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
        raw.answers_pings = False
        raw.send(raw.client.request(1))
        first: Request = await app.request(0)
        drain = asyncio.create_task(server.drain(30))
        await raw.until(lambda f: f.kind == GOAWAY)
        # Sent before the notice could be known: still taken.
        raw.send(raw.client.request(3))
        second: Request = await app.request(1)
        raw.answers_pings = True
        await raw.until(is_ping)
        raw.send(raw.client.request(5, end=True))
        refused = await raw.until(lambda f: f.kind == RST_STREAM)
        assert (refused.stream_id, refused.payload[-1]) == (5, ErrorCode.REFUSED_STREAM)
        assert len(app.requests) == 2
        for request in (first, second):
            request.stream.respond(200, end=True)
        raw.send(b"".join(Frame(0, 1, stream, b"").encode() for stream in (1, 3)))
        assert goaways(await raw.rest()) == [MAX_STREAM_ID, 5]
        await drain
        await raw.close()

    run(test())


@engines
def test_a_drain_without_goaway_forbids_streams_and_says_so_at_the_end(engine: str) -> None:
    app = App()

    async def test() -> None:
        server = Server(app, engine=engine)
        await server.start()
        idle, raw = [await RawConnection.open(server.port) for _ in range(2)]
        await idle.sync()
        raw.send(raw.client.request(1))
        first: Request = await app.request(0)
        drain = asyncio.create_task(server.drain(30, announce=False))
        assert goaways(await idle.rest()) == [0]
        raw.answers_pings = False
        await raw.until(forbids_streams)
        # Sent before the client could know: still taken.
        raw.send(raw.client.request(3))
        second: Request = await app.request(1)
        ping = await raw.until(is_ping)
        known = Frame(SETTINGS, ACK, 0, b"").encode() + ping._replace(flags=ACK).encode()
        raw.send(known, raw.client.request(5))
        refused = await raw.until(lambda f: f.kind == RST_STREAM)
        assert (refused.stream_id, refused.payload[-1]) == (5, ErrorCode.REFUSED_STREAM)
        assert goaways(raw.seen) == []
        for request in (first, second):
            request.stream.respond(200, end=True)
        raw.send(b"".join(Frame(0, 1, stream, b"").encode() for stream in (1, 3)))
        ping = await raw.until(is_ping)
        raw.send(raw.client.request(7))  # even now, when all that ran has ended
        refused = await raw.until(lambda f: f.kind == RST_STREAM)
        assert refused.stream_id == 7
        assert goaways(raw.seen) == []
        raw.send(ping._replace(flags=ACK).encode())
        assert goaways(await raw.rest()) == [7]
        assert len(app.requests) == 2
        await drain
        await idle.close()
        await raw.close()

    run(test())


@engines
@loops
@pytest.mark.parametrize("announce", [True, False])
def test_the_end_of_a_connection_never_overtakes_the_end_of_a_stream(
    engine: str, loop: str, announce: bool
) -> None:
    """The client's side has ended before, so that our last frame is the last of the stream."""
    app = App()

    async def test() -> None:
        server = Server(app, engine=engine)
        await server.start()
        raw = await RawConnection.open(server.port)
        raw.send(raw.client.request(1, end=True))
        request: Request = await app.request(0)
        drain = asyncio.create_task(server.drain(30, announce=announce))
        connection = connection_of(request)
        await raw.until(is_ping)
        await becomes(lambda: connection.state is ConnectionState.DRAINING)
        raw.answers_pings = False
        raw.seen.clear()
        request.stream.respond(200)
        request.stream.write(b"the last bytes", end=True)
        ping = await raw.until(is_ping)
        last = [(f.kind, f.flags & END_STREAM, f.stream_id) for f in raw.seen if f.kind < SETTINGS]
        assert last == [(HEADERS, 0, 1), (DATA, END_STREAM, 1)]
        # The client is told of the end, and the socket closed, when it has read all.
        await raw.sync()
        assert connection.state is ConnectionState.CONFIRMING
        assert goaways(raw.seen) == []
        raw.send(ping._replace(flags=ACK).encode())
        assert goaways(await raw.rest()) == [1]
        await drain

    run(test(), loop=loop)


@engines
@loops
def test_what_a_client_still_sends_costs_it_none_of_what_it_has_not_read(
    engine: str, loop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket that is closed with unread input is reset, and what was not sent is dropped."""
    monkeypatch.setattr("restate_proto.http2.server_connection.NOTICE_SECONDS", 0)
    monkeypatch.setattr("restate_proto.http2.server_connection.CONFIRM_SECONDS", 0)
    monkeypatch.setattr("restate_proto.http2.linger.LINGER_SECONDS", 600)
    app = App()
    body = bytes(200_000)

    async def test() -> None:
        server = Server(app, engine=engine)
        await server.start()
        client = RawClient()
        with socket.socket() as peer:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
            peer.connect(("127.0.0.1", server.port))
            peer.sendall(client.preface({4: 2**31 - 1}) + window_update(0, 2**30))
            peer.sendall(client.request(1, end=True))
            request: Request = await app.request(0)
            drain = asyncio.create_task(server.drain(30, announce=False))
            request.stream.respond(200)
            request.stream.write(body, end=True)
            await all_is_sent(request)
            for _ in range(10):  # the socket would be closed by now
                await asyncio.sleep(0)
            peer.sendall(frame(PING, payload=bytes(8)) * 100)
            for _ in range(10):
                await asyncio.sleep(0)
            found = frames(await asyncio.to_thread(read_all, peer))
        assert b"".join(f.payload for f in found if f.kind == DATA) == body
        assert [f.stream_id for f in found if f.kind == DATA and f.flags & END_STREAM] == [1]
        assert goaways(found) == [1]
        await drain

    run(test(), loop=loop)


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
    monkeypatch.setattr("restate_proto.http2.server_connection.CONFIRM_SECONDS", 0.01)

    async def test() -> None:
        server = Server(App(), engine=engine)
        await server.start()
        raw = await RawConnection.open(server.port)
        raw.answers_pings = False
        await raw.sync()
        drain = asyncio.create_task(server.drain(30))
        assert goaways(await raw.rest()) == [MAX_STREAM_ID, 0]
        await drain
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
        await becomes(lambda: connection_of(hose).socket_is_full)
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
