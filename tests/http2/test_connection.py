"""A server's connection on an in-memory transport: writes, flushes, malformed and hostile input."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restate_proto.http2.errors import ErrorCode
from restate_proto.http2.greeting import Greeting
from restate_proto.http2.limits import Http2Settings
from restate_proto.http2.server_connection import ServerConnection
from restate_proto.http2.stream import ServerStream
from tests.http2.memory import FakeTransport, Memory, turn
from tests.http2.support import (
    DATA,
    END_STREAM,
    ENGINES,
    GOAWAY,
    HEADERS,
    REQUEST,
    RST_STREAM,
    App,
    Echo,
    RawClient,
    Request,
    frame,
    frames,
    goaway_code,
    run,
    settings_frame,
    window_update,
)

engines = pytest.mark.parametrize("engine", ENGINES)


class Answer(Request):
    """Answers at once, in several pieces."""

    def __init__(self, stream: ServerStream) -> None:
        super().__init__(stream)
        stream.respond(200)
        stream.write(b"a")
        stream.write(b"b", end=True)


@engines
def test_one_receive_gives_one_write(engine: str) -> None:
    async def test() -> None:
        memory = Memory(Answer, engine)
        memory.feed(memory.client.preface())
        memory.transport.take()
        memory.feed(*(memory.client.request(s, end=True) for s in range(1, 21, 2)))
        assert len(memory.transport.writes) == 1
        found = frames(memory.transport.take())
        assert {f.stream_id for f in found if f.kind == HEADERS} == set(range(1, 21, 2))
        await turn()
        assert memory.transport.writes == []

    run(test())


@engines
def test_one_loop_turn_gives_one_write(engine: str) -> None:
    async def test() -> None:
        app = App()
        memory = Memory(app, engine)
        memory.feed(memory.client.preface())
        memory.feed(*(memory.client.request(s, end=True) for s in (1, 3)))
        memory.transport.take()
        for request in app.requests:
            request.stream.respond(200)
            request.stream.write(b"x")
            request.stream.write(b"y", end=True)
        assert memory.transport.writes == []
        await turn()
        assert len(memory.transport.writes) == 1
        found = [f for f in frames(memory.transport.take()) if f.kind == DATA]
        assert b"".join(f.payload for f in found if f.stream_id == 3) == b"xy"

    run(test())


@engines
def test_a_full_socket_leaves_the_rest_where_it_is_counted(engine: str) -> None:
    async def test() -> None:
        app = App()
        memory = Memory(app, engine)
        memory.feed(memory.client.preface({4: 2**31 - 1}), window_update(0, 2**30))
        memory.feed(memory.client.request(1, end=True))
        stream: ServerStream = app.requests[0].stream
        memory.transport.take()
        memory.connection.pause_writing()
        stream.respond(200)
        stream.write(bytes(1_000_000))
        await turn()
        assert memory.transport.writes == []
        assert stream.buffered == 1_000_000
        assert stream.above_high_water
        memory.connection.resume_writing()
        assert stream.buffered == 0
        assert app.requests[0].drains.is_set()
        assert not stream.above_high_water
        sent = [f for f in frames(memory.transport.take()) if f.kind == DATA]
        assert sum(len(f.payload) for f in sent) == 1_000_000

    run(test())


@engines
def test_drained_comes_once_the_peer_has_opened_its_window(engine: str) -> None:
    async def test() -> None:
        app = App()
        settings = Http2Settings(high_water=1_000, low_water=100)
        memory = Memory(app, engine, settings)
        memory.feed(memory.client.preface({4: 0}), memory.client.request(1, end=True))
        request = app.requests[0]
        stream: ServerStream = request.stream
        stream.respond(200)
        stream.write(bytes(1_000))
        await turn()
        assert not stream.above_high_water
        stream.write(b"x")
        assert stream.above_high_water
        memory.feed(window_update(1, 900))
        assert stream.buffered == 101
        assert not request.drains.is_set()
        memory.feed(window_update(1, 1))
        assert stream.buffered == 100
        assert request.drains.is_set()
        assert not stream.above_high_water

    run(test())


@engines
def test_small_acknowledgements_are_passed_on_together(engine: str) -> None:
    async def test() -> None:
        app = App()
        window = 65_536
        memory = Memory(app, engine, Http2Settings(stream_window=window))
        memory.feed(memory.client.preface(), memory.client.request(1))
        stream: ServerStream = app.requests[0].stream
        memory.feed(*(frame(DATA, 0, 1, bytes(16_384)) for _ in range(2)))
        memory.transport.take()
        for _ in range(32_767):
            stream.acknowledge(1)
        await turn()
        assert memory.transport.writes == []
        stream.acknowledge(1)
        await turn()
        assert frames(memory.transport.take())[0][2:] == (1, (32_768).to_bytes(4, "big"))

    run(test())


@engines
def test_a_request_tells_its_parts(engine: str) -> None:
    async def test() -> None:
        app = App()
        memory = Memory(app, engine)
        fields = [
            (b":path", b"/a/b?c=d?e"),
            (b":scheme", b"http"),
            (b":authority", b"test"),
            (b":method", b"PUT"),
            (b"x-one", b"1"),
            (b"x-two", b"2"),
        ]
        memory.feed(memory.client.preface(), memory.client.request(1, fields))
        memory.feed(memory.client.request(3, [*REQUEST, (b"x-one", b"1")]))
        first, second = (request.stream for request in app.requests)
        assert (first.method, first.path, first.query) == ("PUT", "/a/b", "c=d?e")
        assert list(first.headers) == fields[4:]
        assert (second.method, second.path, second.query) == ("POST", "/x", "")
        assert list(second.headers) == [(b"x-one", b"1")]

    run(test())


@engines
@pytest.mark.parametrize("method", [b"POST", b"HEAD"])
def test_writing_out_of_order_is_the_programs_error(engine: str, method: bytes) -> None:
    async def test() -> None:
        app = App()
        memory = Memory(app, engine)
        head = [(b":method", method), *REQUEST[1:]]
        memory.feed(memory.client.preface(), memory.client.request(1, head))
        stream: ServerStream = app.requests[0].stream
        with pytest.raises(RuntimeError, match=r"call respond\(\) first"):
            stream.write(b"x")
        stream.respond(200)
        with pytest.raises(RuntimeError, match="already sent"):
            stream.respond(200)
        stream.end()
        with pytest.raises(RuntimeError, match="has ended"):
            stream.write(b"x")

    run(test())


@engines
def test_a_stream_that_the_peer_reset_ignores_writes(engine: str) -> None:
    async def test() -> None:
        app = App()
        memory = Memory(app, engine)
        memory.feed(memory.client.preface(), memory.client.request(1))
        memory.feed(frame(RST_STREAM, 0, 1, (8).to_bytes(4, "big")))
        request = app.requests[0]
        assert request.reason == "the peer reset the stream: CANCEL"
        stream: ServerStream = request.stream
        memory.transport.take()
        stream.respond(200)
        stream.write(b"x", end=True)
        stream.acknowledge(1)
        stream.reset()
        await turn()
        assert memory.transport.take() == b""
        assert stream.buffered == 0

    run(test())


@engines
def test_a_reset_and_its_request_may_come_together(engine: str) -> None:
    async def test() -> None:
        app = App(Answer)
        memory = Memory(app, engine)
        reset = frame(RST_STREAM, 0, 1, (8).to_bytes(4, "big"))
        memory.feed(memory.client.preface(), memory.client.request(1), reset)
        assert app.requests[0].reason is not None
        memory.feed(memory.client.request(3, end=True))
        assert [f.stream_id for f in frames(memory.transport.take()) if f.kind == DATA][-1] == 3

    run(test())


class Eager(Request):
    """Answers before the request's end is told."""

    def __init__(self, stream: ServerStream) -> None:
        super().__init__(stream)
        if stream.path == "/now":
            stream.respond(200, end=True)

    def data_received(self, data: bytes) -> None:
        self.stream.respond(200)
        self.stream.write(data, end=True)


@engines
def test_the_end_is_told_though_the_answer_is_complete(engine: str) -> None:
    async def test() -> None:
        app = App(Eager)
        memory = Memory(app, engine)
        now = [*REQUEST[:3], (b":path", b"/now")]
        memory.feed(memory.client.preface(), memory.client.request(1, now, end=True))
        memory.feed(memory.client.request(3), frame(DATA, END_STREAM, 3, b"x"))
        assert [request.eof.is_set() for request in app.requests] == [True, True]
        assert memory.connection.streams == {}
        assert [request.reason for request in app.requests] == [None, None]

    run(test())


class Broken:
    """An engine with a bug."""

    more = False
    portion_size = 1_024

    def __init__(self, where: str) -> None:
        self.where = where

    def receive(self, data: bytes) -> int:
        if self.where == "receive":
            raise ZeroDivisionError("a bug")
        return 0

    def output(self) -> bytes:
        if self.where == "output":
            raise ZeroDivisionError("a bug")
        return b""


@pytest.mark.parametrize("where", ["receive", "output"])
def test_a_bug_below_ends_the_connection_and_not_the_loop(
    where: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        app = App()
        memory = Memory(app, "h2")
        memory.feed(memory.client.preface(), memory.client.request(1))
        memory.connection.engine = cast("Any", Broken(where))
        memory.feed(b"x")
        assert memory.transport.has_ended
        memory.lose()
        assert app.requests[0].reason == "ZeroDivisionError('a bug')"

    run(test())
    assert [record.name for record in caplog.records] == ["restate_proto.http2"]


@engines
def test_a_lost_connection_aborts_every_stream(engine: str) -> None:
    async def test() -> None:
        app = App()
        memory = Memory(app, engine)
        memory.feed(memory.client.preface())
        memory.feed(memory.client.request(1), memory.client.request(3, end=True))
        memory.lose()
        assert [r.reason for r in app.requests] == ["the connection was closed"] * 2
        assert await memory.connections.closed(1)
        app.requests[0].stream.write(b"x")  # ignored
        await turn()

    run(test())


@engines
def test_a_finished_stream_is_not_aborted(engine: str) -> None:
    async def test() -> None:
        app = App(Answer)
        memory = Memory(app, engine)
        memory.feed(memory.client.preface(), memory.client.request(1, end=True))
        memory.lose()
        assert app.requests[0].reason is None

    run(test())


class Bomb(Request):
    """Raises where the path says so."""

    def __init__(self, stream: ServerStream) -> None:
        super().__init__(stream)
        self.where = stream.path[1:]
        self.explode("accept")

    def explode(self, where: str) -> None:
        if where == self.where:
            raise LookupError(f"boom in {where}")

    def data_received(self, data: bytes) -> None:
        self.explode("data_received")

    def eof_received(self) -> None:
        self.explode("eof_received")
        self.stream.respond(200, end=True)

    def draining(self) -> None:
        self.explode("draining")

    def aborted(self, reason: str) -> None:
        self.explode("aborted")


@engines
@pytest.mark.parametrize("where", ["accept", "data_received", "eof_received"])
def test_an_exception_resets_its_stream_alone(
    engine: str, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        memory = Memory(Bomb, engine)
        path = [*REQUEST[:3], (b":path", b"/" + where.encode())]
        memory.feed(memory.client.preface(), memory.client.request(1, path))
        memory.feed(frame(DATA, END_STREAM, 1, b"x"))
        resets = [f for f in frames(memory.transport.take()) if f.kind == RST_STREAM]
        assert resets[0][2:] == (1, bytes([0, 0, 0, ErrorCode.INTERNAL_ERROR]))
        assert {f.stream_id for f in resets} == {1}
        memory.feed(memory.client.request(3, end=True))
        assert [f.stream_id for f in frames(memory.transport.take())] == [3]
        assert not memory.transport.closed

    run(test())
    (record,) = caplog.records
    assert record.name == "restate_proto.http2"
    assert record.exc_info is not None
    assert f"boom in {where}" in str(record.exc_info[1])


@engines
def test_an_exception_in_aborted_is_logged(engine: str, caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        memory = Memory(Bomb, engine)
        path = [*REQUEST[:3], (b":path", b"/aborted")]
        memory.feed(memory.client.preface(), memory.client.request(1, path))
        memory.feed(memory.client.request(3, path))
        memory.lose()

    run(test())
    assert len(caplog.records) == 2


@engines
def test_a_head_response_has_no_body(engine: str) -> None:
    async def test() -> None:
        memory = Memory(Answer, engine)
        head = [(b":method", b"HEAD"), *REQUEST[1:]]
        memory.feed(memory.client.preface(), memory.client.request(1, head, end=True))
        found = [f for f in frames(memory.transport.take()) if f.stream_id == 1]
        assert b"".join(f.payload for f in found if f.kind == DATA) == b""
        assert found[-1].flags & END_STREAM

    run(test())


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
def test_continue_is_sent_to_a_client_that_waits_for_it(engine: str) -> None:
    async def test() -> None:
        memory = Memory(Request, engine)
        expect = [*REQUEST, (b"expect", b"100-continue")]
        memory.feed(memory.client.preface(), memory.client.request(1, expect))
        found = [f for f in frames(memory.transport.take()) if f.kind == HEADERS]
        assert len(found) == 1
        assert not found[0].flags & END_STREAM
        # One that answered at once has said enough.
        memory = Memory(Answer, engine)
        memory.feed(memory.client.preface(), memory.client.request(1, expect))
        assert len([f for f in frames(memory.transport.take()) if f.kind == HEADERS]) == 1

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


@engines
def test_the_preface_may_come_byte_by_byte(engine: str) -> None:
    async def test() -> None:
        app = App()
        memory = Memory(app, engine)
        data = memory.client.preface() + memory.client.request(1)
        for index in range(len(data)):
            memory.feed(data[index : index + 1])
        assert len(app.requests) == 1

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
