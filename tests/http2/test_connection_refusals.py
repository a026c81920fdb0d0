"""What a server's connection does not take: other protocols, malformed requests, any bytes."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restate_proto.http2.errors import ErrorCode
from restate_proto.http2.greeting import Greeting
from restate_proto.http2.limits import Http2Settings
from restate_proto.http2.server_connection import ServerConnection
from tests.http2.frames import (
    GOAWAY,
    HEADERS,
    REQUEST,
    RST_STREAM,
    RawClient,
    frame,
    frames,
    goaway_code,
    settings_frame,
)
from tests.http2.memory import FakeTransport, Memory, turn
from tests.http2.support import App, Echo, Request, engines, run


@engines
def test_connect_is_not_implemented(engine: str) -> None:
    async def test() -> None:
        app = App()
        memory = Memory(app, engine)
        connect = [(b":method", b"CONNECT"), (b":authority", b"a:1")]
        memory.feed(memory.client.preface(), memory.client.request(1, connect))
        assert app.requests == []
        found = frames(memory.transport.take())
        assert [f for f in found if f.kind in {HEADERS, RST_STREAM, GOAWAY}]

    run(test())


@engines
@pytest.mark.parametrize(
    "fields",
    [
        pytest.param([f for f in REQUEST if f[0] != b":path"], id="no path"),
        pytest.param([f for f in REQUEST if f[0] != b":method"], id="no method"),
        pytest.param([*REQUEST[:3], (b":path", b"")], id="an empty path"),
        pytest.param([*REQUEST[:3], (b":path", b"/\xff\xfe")], id="a path that is no text"),
        pytest.param([*REQUEST, (b"", b"x")], id="a nameless field"),
        pytest.param([(b"", b"x"), *REQUEST], id="a nameless field first"),
        pytest.param([*REQUEST, (b"X-Upper", b"x")], id="an upper-case name"),
        pytest.param([*REQUEST, (b":path", b"/y")], id="two paths"),
        pytest.param([*REQUEST, (b"connection", b"close")], id="a field of HTTP/1.1"),
        pytest.param([], id="nothing"),
    ],
)
def test_a_malformed_request_is_not_accepted(
    engine: str, fields: list[tuple[bytes, bytes]]
) -> None:
    async def test() -> None:
        app = App()
        memory = Memory(app, engine)
        memory.feed(memory.client.preface(), memory.client.request(1, fields, end=True))
        await turn()
        assert app.requests == []
        found = frames(memory.transport.take())
        assert [f for f in found if f.kind in {RST_STREAM, GOAWAY} and f.payload[-1] != 0]

    run(test())


@engines
def test_too_many_streams_are_not_accepted(engine: str) -> None:
    async def test() -> None:
        app = App()
        memory = Memory(app, engine, Http2Settings(max_concurrent_streams=10))
        memory.feed(memory.client.preface(), settings_frame({}), frame(4, 1))
        memory.feed(*(memory.client.request(s) for s in range(1, 101, 2)))
        assert len(app.requests) <= 10

    run(test())


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "PRI"])
@pytest.mark.parametrize("pieces", [1, 5])
def test_http1_gets_an_answer_that_it_can_read(method: str, pieces: int) -> None:
    async def test() -> None:
        memory = Memory(Request, "h2")
        data = f"{method} /discover HTTP/1.1\r\nhost: a\r\n\r\n".encode()
        size = len(data) // pieces + 1
        for start in range(0, len(data), size):
            memory.feed(data[start : start + size])
        answer = memory.transport.take()
        assert memory.transport.wrote_eof
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 505 ")
        assert f"content-length: {len(body)}".encode() in head
        assert b"HTTP/2" in body
        assert b"prior knowledge" in body

    run(test())


@pytest.mark.parametrize(
    "data", [b"\x16\x03\x01\x02\x00\x01\x00", b"\x00" * 30, b"PRI * HTTP/2.0!"]
)
def test_garbage_gets_a_goaway(data: bytes) -> None:
    async def test() -> None:
        memory = Memory(Request, "h2")
        memory.feed(data)
        assert memory.transport.wrote_eof
        answer = memory.transport.take()
        if not data.startswith(b"PRI"):
            assert goaway_code(frames(answer)) == ErrorCode.PROTOCOL_ERROR

    run(test())


def test_a_connection_that_comes_while_the_server_stops_is_closed() -> None:
    async def test() -> None:
        memory = Memory(Request, "h2")
        memory.connections.draining = True
        late = FakeTransport()
        greeting = Greeting(lambda: memory.connection, memory.connections)
        greeting.connection_made(cast("asyncio.Transport", late))
        assert late.closed
        assert not memory.transport.closed

    run(test())


def check_survives(engine: str, *data: bytes) -> None:
    """Feed bytes: nothing may be raised, and the connection either closed or waits for more."""

    async def test() -> None:
        app = App(Echo)
        memory = Memory(app, engine)
        for piece in data:
            memory.feed(piece)
        await turn()
        if not memory.transport.has_ended and isinstance(
            memory.transport.protocol, ServerConnection
        ):
            # It waits, so it still answers.
            memory.transport.protocol.drain()
            await turn()
        memory.lose()
        assert all(r.reason is not None or r.stream.buffered == 0 for r in app.requests)
        assert await memory.connections.closed(1)

    run(test(), collect=False)


kinds = st.integers(0, 12)
payloads = st.binary(max_size=40)
stream_ids = st.sampled_from([0, 1, 2, 3, 5, 7, 0x7FFFFFFF])
any_frame = st.builds(frame, kinds, st.integers(0, 255), stream_ids, payloads)


@engines
@given(st.lists(st.binary(max_size=200), max_size=5))
def test_any_bytes_are_survived(engine: str, data: list[bytes]) -> None:
    check_survives(engine, *data)


@engines
@given(st.lists(st.binary(max_size=100), max_size=5))
def test_any_bytes_after_the_preface_are_survived(engine: str, data: list[bytes]) -> None:
    check_survives(engine, RawClient().preface(), *data)


@engines
@given(st.lists(any_frame, max_size=8))
def test_any_frames_are_survived(engine: str, data: list[bytes]) -> None:
    client = RawClient()
    check_survives(engine, client.preface(), client.request(1), *data)


@engines
@given(st.lists(any_frame, max_size=8))
def test_any_frames_in_one_read_are_survived(engine: str, data: list[bytes]) -> None:
    client = RawClient()
    check_survives(engine, client.preface() + client.request(1) + b"".join(data))
