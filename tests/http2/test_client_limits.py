"""The client and servers that are silent, full or slow, and connections that it does not use."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest

from restate_proto.http2.client import Http2Client
from restate_proto.http2.errors import (
    ConnectionLostError,
    ErrorCode,
    PoolTimeoutError,
    ResponseTimeoutError,
)
from restate_proto.http2.keepalive import Keepalive
from restate_proto.http2.pool_limits import PoolLimits
from restate_proto.http2.states import ConnectionState
from tests.http2.frames import ACK, END_HEADERS, END_STREAM, HEADERS, PING, RST_STREAM, frame
from tests.http2.played_server import OK, Peer, played
from tests.http2.support import becomes, engines, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from restate_proto.http2.keepalive import WatchedConnection

MAX_STREAMS = 3


def answer(stream_id: int) -> bytes:
    return frame(HEADERS, END_HEADERS | END_STREAM, stream_id, OK)


@engines
def test_a_server_that_falls_silent_is_asked_and_given_up(engine: str) -> None:
    async def play(peer: Peer) -> None:
        await peer.greet()
        await peer.until(PING)
        asked.set()
        await peer.reader.read()

    async def test() -> None:
        limits = PoolLimits(read_timeout=0.1)
        async with played(play) as url, Http2Client(url, engine=engine, limits=limits) as client:
            with pytest.raises(ConnectionLostError, match=r"sent nothing for 0\.1 s.* PING"):
                await client.request("GET", "/")
        assert asked.is_set()

    asked = asyncio.Event()
    run(test())


@engines
def test_a_response_may_take_longer_than_the_silence_of_a_server(engine: str) -> None:
    async def play(peer: Peer) -> None:
        await peer.greet()
        await peer.until(HEADERS)
        for _ in range(3):
            ping = await peer.until(PING)
            peer.send(ping._replace(flags=ACK).encode())
        peer.send(answer(1))
        await peer.reader.read()

    async def test() -> None:
        # Ours is answered in time on a slow machine, too.
        limits = PoolLimits(read_timeout=2.0, idle_timeout=0.4)
        async with played(play) as url, Http2Client(url, engine=engine, limits=limits) as client:
            assert (await client.request("GET", "/")).status == 200

    run(test())


@engines
def test_a_connection_that_is_not_used_is_closed_and_replaced(engine: str) -> None:
    closed: list[Peer] = []

    async def play(peer: Peer) -> None:
        await peer.greet()
        await peer.until(HEADERS)
        peer.send(answer(1))
        await peer.reader.read()
        closed.append(peer)

    async def test() -> None:
        limits = PoolLimits(idle_timeout=0.05)
        async with played(play) as url, Http2Client(url, engine=engine, limits=limits) as client:
            for count in (1, 2):
                assert (await client.request("GET", "/")).status == 200
                await becomes(lambda: len(closed) == count)  # noqa: B023 - called here

    run(test())


@engines
def test_a_request_that_gets_no_stream_in_time_is_not_sent(engine: str) -> None:
    async def play(peer: Peer) -> None:
        await peer.greet({MAX_STREAMS: 1})
        await peer.until(HEADERS)
        taken.set()
        await too_late.wait()
        peer.send(answer(1))
        await peer.until(HEADERS)
        peer.send(answer(3))
        await peer.reader.read()

    async def test() -> None:
        limits = PoolLimits(max_connections=1, pool_timeout=0.05)
        async with played(play) as url, Http2Client(url, engine=engine, limits=limits) as client:
            first = asyncio.create_task(client.request("GET", "/"))
            await taken.wait()
            words = r"within 0\.05 s: 1 requests wait .* on 1 of at most 1 connections"
            with pytest.raises(PoolTimeoutError, match=words):
                await client.request("GET", "/")
            too_late.set()
            assert (await first).status == 200
            assert (await client.request("GET", "/")).status == 200

    taken, too_late = asyncio.Event(), asyncio.Event()
    run(test())


@engines
def test_a_client_may_use_fewer_streams_than_the_server_allows(engine: str) -> None:
    peers: list[Peer] = []

    async def play(peer: Peer) -> None:
        await peer.greet({MAX_STREAMS: 100})
        await peer.until(HEADERS)
        peers.append(peer)
        await both.wait()
        peer.send(answer(1))
        await peer.reader.read()

    async def test() -> None:
        limits = PoolLimits(max_streams=1)
        async with played(play) as url, Http2Client(url, engine=engine, limits=limits) as client:
            calls = [asyncio.create_task(client.request("GET", "/")) for _ in range(2)]
            await becomes(lambda: len(peers) == 2)
            both.set()
            assert [(await call).status for call in calls] == [200, 200]

    both = asyncio.Event()
    run(test())


@engines
def test_a_response_that_takes_too_long_ends_its_stream_alone(engine: str) -> None:
    async def play(peer: Peer) -> None:
        await peer.greet()
        await peer.until(HEADERS)
        reset = await peer.until(RST_STREAM)
        assert int.from_bytes(reset.payload, "big") == ErrorCode.CANCEL
        await peer.until(HEADERS)
        peer.send(answer(3))
        await peer.reader.read()

    async def test() -> None:
        async with played(play) as url, Http2Client(url, engine=engine) as client:
            with pytest.raises(ResponseTimeoutError, match=r"no response within 0\.05 s"):
                await client.request("GET", "/", timeout=0.05)
            assert (await client.request("GET", "/")).status == 200

    run(test())


@dataclass
class Intake:
    is_held: bool = False


@dataclass
class Watched:
    """A connection that a test drives, and a loop whose timer the test calls."""

    state: ConnectionState = ConnectionState.OPEN
    intake: Intake = field(default_factory=Intake)
    is_silent: bool = True
    is_unused: bool = True
    streams: dict[int, object] = field(default_factory=dict[int, object])
    said: list[str] = field(default_factory=list[str])
    look: Callable[[], None] = lambda: None

    def call_later(self, seconds: float, look: Callable[[], None]) -> None:
        self.look = look

    def ping(self) -> None:
        self.said.append("ping")

    def drop(self, reason: str) -> None:
        self.said.append("drop")

    def retire(self) -> None:
        self.said.append("retire")


def watched(**state: Any) -> Watched:
    connection = Watched(**state)
    limits = PoolLimits(read_timeout=8.0, idle_timeout=24.0)
    Keepalive(cast("WatchedConnection", connection), limits, cast("Any", connection))
    return connection


def test_a_server_is_asked_after_half_of_the_time_and_given_up_after_all_of_it() -> None:
    connection = watched(streams={1: None})
    looks: list[list[str]] = []
    for _ in range(4):
        connection.look()
        looks.append(list(connection.said))
    assert looks == [[], ["ping"], ["ping"], ["ping", "drop"]]


def test_whatever_comes_begins_the_time_again() -> None:
    connection = watched(streams={1: None})
    for _ in range(9):
        connection.look()
        connection.look()
        connection.look()
        connection.is_silent = False
        connection.look()
    assert connection.said == ["ping"] * 9


@pytest.mark.parametrize("state", [{}, {"streams": {1: None}, "intake": Intake(is_held=True)}])
def test_silence_is_no_sign_where_nothing_is_awaited_or_read(state: dict[str, Any]) -> None:
    connection = watched(**state)
    for _ in range(11):
        connection.look()
    assert connection.said == []


def test_a_connection_is_unused_where_no_stream_was_opened_between_two_looks() -> None:
    connection = watched()
    for _ in range(11):
        connection.look()
    connection.is_unused = False
    for _ in range(12):
        connection.look()
    assert connection.said == []
    connection.look()
    assert connection.said == ["retire"]
