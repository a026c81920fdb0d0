"""How a client's requests fail: what the error says, and whether the server may have worked."""

from __future__ import annotations

import asyncio

import pytest

from restate_proto.http2.client import Http2Client
from restate_proto.http2.engines.base import goaway_frame
from restate_proto.http2.errors import (
    ConnectError,
    ConnectionLostError,
    ErrorCode,
    StreamResetError,
)
from restate_proto.http2.server import Server
from tests.http2.frames import (
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    RST_STREAM,
    frame,
    goaway_code,
)
from tests.http2.played_server import OK, Peer, played
from tests.http2.support import App, Count, engines, run, serving


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
