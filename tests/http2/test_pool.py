"""How many connections a client makes, whatever the server allows and however it ends them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from restate_proto.http2 import pool
from restate_proto.http2.client import Http2Client
from restate_proto.http2.engines.base import goaway_frame
from restate_proto.http2.errors import ConnectError, ErrorCode, StreamResetError
from restate_proto.http2.limits import Http2Settings
from restate_proto.http2.pool_limits import PoolLimits
from restate_proto.http2.server import Server
from tests.http2.frames import (
    ACK,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    PING,
    RST_STREAM,
    frame,
    settings_frame,
)
from tests.http2.played_server import OK, Peer, played
from tests.http2.support import App, Request, becomes, engines, run, serving

if TYPE_CHECKING:
    from collections.abc import Coroutine

MAX_STREAMS, INITIAL_WINDOW = 3, 4


def answer(stream_id: int) -> bytes:
    return frame(HEADERS, END_HEADERS | END_STREAM, stream_id, OK)


async def requests(peer: Peer, count: int) -> None:
    """Wait until so many requests have arrived in all."""
    while sum(f.kind == HEADERS for f in peer.seen) < count:
        await peer.until(HEADERS)


async def synced(peer: Peer) -> None:
    """Wait until the client has handled all that was sent."""
    peer.send(frame(PING, payload=b"in order"))
    while (await peer.until(PING)).flags != ACK:
        pass


@engines
def test_a_server_that_allows_no_stream_for_now_is_asked_over_one_connection(engine: str) -> None:
    peers: list[Peer] = []

    async def play(peer: Peer) -> None:
        peers.append(peer)
        await peer.greet({MAX_STREAMS: 0})
        await synced(peer)
        allowed.set()
        await go.wait()
        peer.send(settings_frame({MAX_STREAMS: 10}))
        await requests(peer, 3)
        peer.send(answer(1), answer(3), answer(5))
        await peer.reader.read()

    async def test() -> None:
        async with played(play) as url, Http2Client(url, engine=engine) as client:
            first = asyncio.create_task(client.request("GET", "/1"))
            await allowed.wait()
            rest = [asyncio.create_task(client.request("GET", "/2")) for _ in range(2)]
            await becomes(lambda: len(waiting(client)) >= 2)
            assert len(peers) == 1
            go.set()
            assert [r.status for r in await asyncio.gather(first, *rest)] == [200] * 3
        assert len(peers) == 1

    allowed, go = asyncio.Event(), asyncio.Event()
    run(test())


@engines
def test_a_server_that_never_allows_a_stream_counts_as_unreachable(engine: str) -> None:
    peers: list[Peer] = []

    async def play(peer: Peer) -> None:
        peers.append(peer)
        await peer.greet({MAX_STREAMS: 0})
        await peer.reader.read()

    async def test() -> None:
        async with (
            played(play) as url,
            Http2Client(url, engine=engine, limits=PoolLimits(connect_timeout=0.2)) as client,
        ):
            calls = (client.request("GET", "/") for _ in range(120))
            errors = await asyncio.gather(*calls, return_exceptions=True)
            found = [error for error in errors if isinstance(error, BaseException)]
            assert len(found) == 120
            for error in found:
                assert isinstance(error, ConnectError)
                assert "has allowed no request for 0.2 s" in str(error)
        assert len(peers) == 1

    run(test())


@engines
def test_a_limit_that_is_lowered_while_streams_are_open(engine: str) -> None:
    peers: list[Peer] = []

    async def play(peer: Peer) -> None:
        peers.append(peer)
        await peer.greet({MAX_STREAMS: 4})
        for _ in range(3):
            await peer.until(HEADERS)
        peer.send(settings_frame({MAX_STREAMS: 0}))
        await synced(peer)
        lowered.set()
        await go.wait()
        peer.send(answer(1), answer(3), answer(5))
        await synced(peer)
        ended.set()
        await again.wait()
        peer.send(settings_frame({MAX_STREAMS: 2}))
        await requests(peer, 5)
        peer.send(answer(7), answer(9))
        await peer.reader.read()

    async def test() -> None:
        async with played(play) as url, Http2Client(url, engine=engine) as client:
            early = [asyncio.create_task(client.request("GET", "/")) for _ in range(3)]
            await lowered.wait()
            late = [asyncio.create_task(client.request("GET", "/")) for _ in range(2)]
            await becomes(lambda: len(waiting(client)) == 2)
            go.set()
            assert [r.status for r in await asyncio.gather(*early)] == [200] * 3
            await ended.wait()
            assert not any(task.done() for task in late)
            again.set()
            assert [r.status for r in await asyncio.gather(*late)] == [200] * 2
        assert len(peers) == 1

    lowered, go, ended, again = (asyncio.Event() for _ in range(4))
    run(test())


@engines
def test_settings_that_do_not_name_the_limit_leave_it(engine: str) -> None:
    async def play(peer: Peer) -> None:
        await peer.greet({MAX_STREAMS: 1})
        await requests(peer, 1)
        peer.send(settings_frame({INITIAL_WINDOW: 100_000}))
        await synced(peer)
        assert sum(f.kind == HEADERS for f in peer.seen) == 1
        peer.send(answer(1))
        await requests(peer, 2)
        peer.send(answer(3))
        await peer.reader.read()

    async def test() -> None:
        async with (
            played(play) as url,
            Http2Client(url, engine=engine, limits=PoolLimits(max_connections=1)) as client,
        ):
            calls = [client.request("GET", "/") for _ in range(2)]
            assert [r.status for r in await asyncio.gather(*calls)] == [200] * 2

    run(test())


@engines
def test_a_connection_that_takes_no_more_makes_room_for_another(engine: str) -> None:
    """Otherwise a waiting call could wait for calls that wait for it."""
    peers: list[Peer] = []

    async def play(peer: Peer) -> None:
        peers.append(peer)
        await peer.greet({MAX_STREAMS: 1})
        await requests(peer, 1)
        arrived.release()
        if peer is peers[0]:
            await everybody_waits.wait()
            peer.send(goaway_frame(1, ErrorCode.NO_ERROR))
        await all_arrived.wait()
        peer.send(answer(1))
        await peer.reader.read()

    async def test() -> None:
        async with (
            played(play) as url,
            Http2Client(url, engine=engine, limits=PoolLimits(max_connections=2)) as client,
        ):
            tasks = [asyncio.create_task(client.request("GET", "/")) for _ in range(3)]
            for _ in range(2):
                await arrived.acquire()
            await becomes(lambda: len(waiting(client)) == 1)
            everybody_waits.set()
            await arrived.acquire()
            all_arrived.set()
            assert [r.status for r in await asyncio.gather(*tasks)] == [200] * 3

    arrived = asyncio.Semaphore(0)
    everybody_waits, all_arrived = asyncio.Event(), asyncio.Event()
    run(test())


@engines
def test_calls_that_wait_for_one_another_get_connections_of_their_own(engine: str) -> None:
    """When a limit is raised by less than is wanted, waiting calls may connect."""
    peers: list[Peer] = []
    count = 5

    async def play(peer: Peer) -> None:
        peers.append(peer)
        if peer is peers[0]:
            await peer.greet({MAX_STREAMS: 0})
            await everybody_waits.wait()
            peer.send(settings_frame({MAX_STREAMS: 1}))
        else:
            await peer.greet({MAX_STREAMS: 1})
        await requests(peer, 1)
        arrived.release()
        await all_arrived.wait()
        peer.send(answer(1))
        await peer.reader.read()

    async def test() -> None:
        async with (
            played(play) as url,
            Http2Client(url, engine=engine, limits=PoolLimits(max_connections=count)) as client,
        ):
            tasks = [asyncio.create_task(client.request("GET", "/")) for _ in range(count)]
            await becomes(lambda: len(waiting(client)) == count)
            everybody_waits.set()
            for _ in range(count):
                await arrived.acquire()
            all_arrived.set()
            assert [r.status for r in await asyncio.gather(*tasks)] == [200] * count

    arrived = asyncio.Semaphore(0)
    everybody_waits, all_arrived = asyncio.Event(), asyncio.Event()
    run(test())


@engines
def test_a_connection_that_failed_is_tried_again_while_others_work(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "RECONNECT_SECONDS", 0.01)
    app = App()

    async def test() -> None:
        settings = Http2Settings(max_concurrent_streams=1)
        server = Server(app, engine=engine, settings=settings)
        await server.start()
        port = server.port
        async with Http2Client(f"http://127.0.0.1:{port}", engine=engine) as client:
            first = asyncio.create_task(client.request("GET", "/"))
            held: Request = await app.request(0)
            server._server.close()  # type: ignore[union-attr] - it takes no new connection
            second = asyncio.create_task(client.request("GET", "/"))
            await becomes(lambda: len(waiting(client)) == 1)
            async with serving_at(port, app, engine, settings):
                other: Request = await app.request(1)
                for request in (held, other):
                    request.stream.respond(200, end=True)
                assert [r.status for r in await asyncio.gather(first, second)] == [200, 200]
        await server.close()

    run(test())


class serving_at(serving):  # noqa: N801 - used like a function
    """Serve as `serving` does, on a given port."""

    def __init__(self, port: int, app: App, engine: str, settings: Http2Settings) -> None:
        super().__init__(app, engine=engine, settings=settings)
        self.port = port

    async def __aenter__(self) -> Server:
        await self.server.start("127.0.0.1", self.port)
        return self.server


@engines
def test_a_server_that_ends_each_connection_after_one_request(engine: str) -> None:
    """Connections that are ending count, so that not every call opens one."""
    peers: list[Peer] = []

    async def play(peer: Peer) -> None:
        peers.append(peer)
        await peer.greet({MAX_STREAMS: 1})
        await requests(peer, 1)
        peer.send(goaway_frame(1, ErrorCode.NO_ERROR))
        await go.wait()
        peer.send(answer(1))
        await peer.reader.read()

    async def test() -> None:
        async with (
            played(play) as url,
            Http2Client(url, engine=engine, limits=PoolLimits(max_connections=2)) as client,
        ):
            tasks = [asyncio.create_task(client.request("GET", "/")) for _ in range(14)]
            await becomes(lambda: len(connections(client)) == 4)
            await becomes(lambda: not any(c.usable for c in connections(client)))
            await becomes(lambda: len(waiting(client)) == 10)
            assert len(peers) == 4
            go.set()
            assert [r.status for r in await asyncio.gather(*tasks)] == [200] * 14
        assert len(peers) == 14

    go = asyncio.Event()
    run(test())


@engines
def test_a_server_that_refuses_every_stream(engine: str) -> None:
    peers: list[Peer] = []

    async def play(peer: Peer) -> None:
        peers.append(peer)
        await peer.greet()
        while True:
            stream_id = (await peer.until(HEADERS)).stream_id
            code = int(ErrorCode.REFUSED_STREAM).to_bytes(4, "big")
            peer.send(frame(RST_STREAM, 0, stream_id, code))

    async def test() -> None:
        async with played(play) as url, Http2Client(url, engine=engine) as client:
            calls: list[Coroutine[Any, Any, Any]] = [
                client.request("POST", "/", (), b"x") for _ in range(150)
            ]
            errors = await asyncio.gather(*calls, return_exceptions=True)
            assert all(isinstance(error, StreamResetError) for error in errors)
            assert all(error.unprocessed for error in errors if isinstance(error, StreamResetError))
        assert len(peers) == 1

    run(test())


@engines
def test_a_server_that_closes_each_connection_unheard(engine: str) -> None:
    accepted = 0

    async def play(peer: Peer) -> None:
        nonlocal accepted
        accepted += 1

    async def test() -> None:
        async with played(play) as url, Http2Client(url, engine=engine) as client:
            calls = (client.request("GET", "/") for _ in range(50))
            errors = await asyncio.gather(*calls, return_exceptions=True)
            assert all(isinstance(error, Exception) for error in errors)
        # One that lives long enough to take a request, or five for those that wait.
        assert accepted <= 10

    run(test())


def waiting(client: Http2Client) -> Any:
    return client._pool._waiting  # pyright: ignore[reportPrivateUsage] - nothing else tells


def connections(client: Http2Client) -> Any:
    return client._pool._connections  # pyright: ignore[reportPrivateUsage] - nothing else tells
