"""What ends because nothing arrives or nothing is taken, and what may last for ever."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from restate_proto.http2.engines.base import PREFACE
from restate_proto.http2.errors import ErrorCode
from restate_proto.http2.limits import ServerLimits
from restate_proto.http2.stream import ServerStream
from tests.http2.frames import (
    ACK,
    CONTINUATION,
    DATA,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PING,
    REQUEST,
    RST_STREAM,
    SETTINGS,
    frame,
    frames,
    goaway_code,
    window_update,
)
from tests.http2.memory import Memory, run_virtually
from tests.http2.support import App, Request, engines

if TYPE_CHECKING:
    from tests.http2.frames import Frame

LIMITS = ServerLimits()
DAY = 86_400.0


class Awaiting(Request):
    """Awaits the whole request; then its handler waits for something else."""

    def awaited_input(self) -> object:
        return None if self.eof.is_set() else len(self.body)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self.stream.acknowledge(len(data))


def connected(engine: str, accept: Any, **options: Any) -> Memory:
    memory = Memory(accept, engine, **options)
    memory.feed(memory.client.preface(), frame(SETTINGS, ACK))
    memory.transport.take()
    return memory


def answer_pings(memory: Memory) -> list[Frame]:
    """Return the frames that were written, after answering their PINGs."""
    found = frames(memory.transport.take())
    for each in found:
        if each.kind == PING and not each.flags & ACK:
            memory.feed(frame(PING, ACK, payload=each.payload))
    return found


async def passes(seconds: float, memory: Memory, *, step: float = 1.0) -> list[Frame]:
    """Let time pass, in which the client only answers PINGs."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    found: list[Frame] = []
    while loop.time() < end and not memory.transport.closed:
        await asyncio.sleep(step)
        found += answer_pings(memory)
    return found + answer_pings(memory)


@pytest.mark.parametrize("data", [b"", b"P", PREFACE[:-1], b"GET /health"])
def test_a_connection_that_does_not_greet_is_closed(data: bytes) -> None:
    async def test() -> None:
        memory = Memory(App(), "h2")
        if data:
            memory.feed(data)
        await passes(LIMITS.handshake_timeout - 1, memory)
        assert not memory.transport.closed
        await passes(2, memory)
        assert memory.transport.closed
        memory.lose()
        assert await memory.connections.closed(1)

    run_virtually(test())


@engines
def test_a_preface_without_settings_is_not_enough(engine: str) -> None:
    async def test() -> None:
        memory = Memory(App(), engine)
        memory.feed(PREFACE)
        await passes(LIMITS.handshake_timeout - 1, memory)
        assert not memory.transport.closed
        found = await passes(LIMITS.handshake_timeout, memory)
        assert memory.transport.closed
        assert goaway_code(found) == ErrorCode.SETTINGS_TIMEOUT
        memory.lose()

    run_virtually(test())


@engines
@pytest.mark.parametrize("part", ["half a frame", "half a header block", "drops of a header block"])
def test_a_frame_that_is_begun_is_to_be_finished(engine: str, part: str) -> None:
    async def test() -> None:
        app = App(Awaiting)
        memory = connected(engine, app)
        memory.feed(memory.client.request(1, end=True))
        block = memory.client.encoder.encode(REQUEST)
        if part == "half a frame":
            memory.feed(frame(HEADERS, END_STREAM, 3, block)[:-2])
        else:
            memory.feed(frame(HEADERS, END_STREAM, 3, block[:2]))
        for _ in range(6):
            assert not memory.transport.closed
            if part.startswith("drops"):
                memory.feed(frame(CONTINUATION, 0, 3, b""))
            await asyncio.sleep(LIMITS.read_timeout / 6)
        await asyncio.sleep(LIMITS.read_timeout / 4)
        # The client cannot answer the PING in between.
        assert memory.transport.closed
        assert goaway_code(frames(memory.transport.take())) == ErrorCode.PROTOCOL_ERROR
        memory.lose()
        assert "unfinished frame" in app.requests[0].reason

    run_virtually(test())


@engines
@pytest.mark.parametrize("last", [frame(2, 0, 1, bytes(5)), frame(0x77, 0, 0, b"grease"), b""])
def test_a_parked_stream_may_be_silent_for_a_day(engine: str, last: bytes) -> None:
    """The last frame may be any, since the library does not report some of them."""

    async def test() -> None:
        app = App(Awaiting)
        memory = connected(engine, app)
        memory.feed(memory.client.request(1, end=True))
        memory.feed(last)
        found = await passes(DAY, memory, step=10)
        assert not memory.transport.closed
        assert app.requests[0].reason is None
        assert {f.kind for f in found} <= {PING}
        assert len(found) <= 1
        memory.feed(memory.client.request(3, end=True))
        assert len(app.requests) == 2
        memory.lose()

    run_virtually(test())


@engines
def test_a_request_that_is_not_complete_is_to_go_on(engine: str) -> None:
    async def test() -> None:
        app = App(Awaiting)
        memory = connected(engine, app)
        memory.feed(memory.client.request(1), memory.client.request(3))
        for _ in range(20):  # slowly, but on and on
            memory.feed(frame(DATA, 0, 3, b"x"))
            found = await passes(LIMITS.read_timeout / 2, memory)
            if app.requests[0].reason is None:
                continue
            assert "nothing came" in app.requests[0].reason
        assert app.requests[0].reason is not None
        assert app.requests[1].reason is None
        memory.feed(frame(DATA, END_STREAM, 3))
        found = await passes(DAY / 10, memory)
        assert found == []
        assert app.requests[1].reason is None
        memory.lose()

    run_virtually(test())


@engines
def test_a_peer_that_does_not_end_its_side_is_asked_to(engine: str) -> None:
    class Answer(Request):
        def __init__(self, stream: ServerStream) -> None:
            super().__init__(stream)
            stream.respond(200)
            stream.write(b"done", end=True)

    async def test() -> None:
        memory = connected(engine, App(Answer))
        memory.feed(memory.client.request(1))
        memory.transport.take()
        found = await passes(2 * LIMITS.read_timeout, memory)
        assert [(f.kind, f.payload) for f in found] == [(RST_STREAM, bytes(4))]
        assert memory.connection.streams == {}
        memory.lose()

    run_virtually(test())


class Large(Request):
    """Answers with more than the client takes."""

    def __init__(self, stream: ServerStream) -> None:
        super().__init__(stream)
        stream.respond(200)
        stream.write(bytes(200_000), end=True)


@engines
def test_an_answer_that_nobody_takes_is_dropped(engine: str) -> None:
    async def test() -> None:
        app = App(Large)
        memory = connected(engine, app)
        memory.feed(memory.client.request(1, end=True), memory.client.request(3, end=True))
        memory.feed(window_update(0, 2**30))
        for _ in range(10):  # of the other, it takes a little now and then
            await passes(LIMITS.write_timeout / 2, memory)
            memory.feed(window_update(3, 1_000))
        assert "took nothing" in app.requests[0].reason
        assert app.requests[1].reason is None
        assert not memory.transport.closed
        assert memory.connection.streams.keys() == {3}
        memory.lose()

    run_virtually(test())


@engines
@pytest.mark.parametrize("closing", [False, True])
def test_a_connection_that_takes_no_output_is_dropped(engine: str, *, closing: bool) -> None:
    async def test() -> None:
        app = App(Awaiting)
        memory = connected(engine, app)
        memory.feed(memory.client.request(1))
        memory.feed(frame(DATA, END_STREAM, 1))
        transport = memory.transport
        transport.unsent = 300_000
        if closing:
            memory.connection.stop("enough")
            # A real transport closes when the rest is written.
            transport.closed = False
        else:
            memory.connection.pause_writing()
        await asyncio.sleep(LIMITS.write_timeout * 0.8)
        transport.unsent -= 1
        await asyncio.sleep(LIMITS.write_timeout * 0.9)
        assert not transport.aborted
        await asyncio.sleep(LIMITS.write_timeout * 0.2)
        assert transport.aborted
        memory.lose()
        assert (
            app.requests[0].reason == "enough" if closing else "no output" in app.requests[0].reason
        )

    run_virtually(test())


@engines
def test_an_idle_connection_is_drained(engine: str) -> None:
    async def test() -> None:
        memory = connected(engine, App())
        loop = asyncio.get_running_loop()
        while loop.time() < LIMITS.idle_timeout - 60:
            memory.feed(frame(PING, payload=bytes(8)))  # keeps it alive, and does not use it
            await asyncio.sleep(40)
        assert not memory.transport.closed
        memory.transport.take()
        found = await passes(100, memory, step=0.25)
        assert memory.transport.closed
        assert [f.kind for f in found if f.kind == GOAWAY] == [GOAWAY, GOAWAY]
        assert goaway_code(found) == ErrorCode.NO_ERROR
        memory.lose()

    run_virtually(test())


@engines
def test_a_connection_in_use_is_not_idle(engine: str) -> None:
    class Answer(Request):
        def __init__(self, stream: ServerStream) -> None:
            super().__init__(stream)
            stream.respond(200, end=True)

    async def test() -> None:
        memory = connected(engine, App(Answer))
        for stream in range(1, 41, 2):
            memory.feed(memory.client.request(stream, end=True))
            assert memory.connection.streams == {}
            await passes(LIMITS.idle_timeout / 2, memory)
        assert not memory.transport.closed
        # And one with a stream, however long.
        await passes(LIMITS.idle_timeout / 4, memory)
        memory.connection._accept = App(Awaiting)  # pyright: ignore[reportPrivateUsage]
        memory.feed(memory.client.request(51, end=True))
        await passes(10 * LIMITS.idle_timeout, memory)
        assert not memory.transport.closed
        memory.lose()

    run_virtually(test())


@engines
def test_connections_that_do_not_close_are_not_more_than_others(engine: str) -> None:
    async def test() -> None:
        limits = ServerLimits(max_connections=4)
        busy = connected(engine, App(Awaiting), limits=limits)
        ending: list[Memory] = []
        for index in range(12):
            ending.append(Memory(App(), engine, connections=busy.connections))
            ending[-1].feed(b"garbage" if index % 2 else PREFACE + window_update(0, 0))
        for memory in ending[:-5]:
            assert memory.transport.aborted
            memory.lose()
        assert not any(each.transport.closed for each in (busy, *ending[-4:]))
        for memory in (busy, *ending[-5:]):
            memory.lose()

    run_virtually(test())


def test_a_connection_too_many_takes_the_place_of_a_spare_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def test() -> None:
        limits = ServerLimits(max_connections=4)
        app = App(Awaiting)
        busy = connected("h2", app, limits=limits, peer="192.0.2.9")
        busy.feed(busy.client.request(1))
        shared = busy.connections
        others = [Memory(app, "h2", connections=shared, peer="192.0.2.1") for _ in range(2)]
        lone = connected("h2", app, connections=shared, peer="192.0.2.7")
        fifth = connected("h2", app, connections=shared, peer="192.0.2.5")
        # The oldest of the host that has most.
        assert [m.transport.closed for m in others] == [True, False]
        others[0].lose()
        assert not busy.transport.closed
        assert not lone.transport.closed
        assert not fifth.transport.closed
        for memory in (lone, fifth):
            memory.feed(memory.client.request(1))
        sixth = connected("h2", app, connections=shared)
        assert others[1].transport.closed
        others[1].lose()
        sixth.feed(sixth.client.request(1))
        # All have work: there is no room.
        assert caplog.records == []
        for _ in range(3):
            late = Memory(app, "h2", connections=shared)
            assert late.transport.closed
            late.lose()
        assert len(caplog.records) == 1
        for memory in (busy, lone, fifth, sixth):
            assert not memory.transport.closed
            memory.lose()

    run_virtually(test())


@pytest.mark.parametrize("name", ["max_connections", "read_timeout", "idle_timeout"])
def test_limits_are_positive(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be positive"):
        ServerLimits(**{name: 0})
