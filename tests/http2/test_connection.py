"""A server's connection on an in-memory transport: requests, answers, writes and flushes."""

from __future__ import annotations

import pytest

from restate_proto.http2.limits import Http2Settings
from restate_proto.http2.stream import ServerStream
from tests.http2.frames import (
    DATA,
    END_STREAM,
    HEADERS,
    REQUEST,
    RST_STREAM,
    frame,
    frames,
    window_update,
)
from tests.http2.memory import Memory, turn
from tests.http2.support import App, Request, engines, run


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
def test_the_preface_may_come_byte_by_byte(engine: str) -> None:
    async def test() -> None:
        app = App()
        memory = Memory(app, engine)
        data = memory.client.preface() + memory.client.request(1)
        for index in range(len(data)):
            memory.feed(data[index : index + 1])
        assert len(app.requests) == 1

    run(test())
