"""The end of a connection that drains: how long it waits for a client, and for what."""

from __future__ import annotations

import asyncio

import pytest

from restate_proto.http2.errors import ErrorCode
from restate_proto.http2.linger import FAULT_SECONDS, LINGER_BYTES, LINGER_SECONDS
from restate_proto.http2.server_connection import CONFIRM_SECONDS
from restate_proto.http2.states import ConnectionState
from tests.http2.frames import ACK, PING, frame, frames, goaways, window_update
from tests.http2.memory import Memory, run_virtually, turn
from tests.http2.support import App, Request, engines


def drained(engine: str) -> Memory:
    """A connection with a response that was just written, which drains."""

    class Answer(Request):
        def eof_received(self) -> None:
            self.stream.respond(200)
            self.stream.write(b"the last bytes", end=True)

    memory = Memory(App(Answer), engine)
    memory.feed(memory.client.preface(), memory.client.request(1, end=True))
    memory.connection.refuse()
    return memory


@engines
def test_a_client_that_answers_and_does_not_close_has_some_seconds(engine: str) -> None:
    async def test() -> None:
        memory = drained(engine)
        transport = memory.transport
        transport.pause_reading()  # as when there was too much to read
        await asyncio.sleep(CONFIRM_SECONDS - 0.1)
        assert not transport.wrote_eof
        memory.feed(frame(PING, ACK, payload=bytes(8)))
        assert transport.wrote_eof
        assert goaways(frames(transport.take())) == [1]
        assert not transport.paused, "what is not read has the kernel reset the connection"
        memory.feed(memory.client.request(3, end=True))
        await asyncio.sleep(LINGER_SECONDS - 0.1)
        assert not transport.closed
        await asyncio.sleep(0.2)
        assert transport.aborted
        memory.lose()

    run_virtually(test())


@engines
def test_an_answer_to_an_earlier_ping_says_nothing_of_the_last_bytes(engine: str) -> None:
    async def test() -> None:
        memory = drained(engine)
        memory.connection.ping()
        await turn()
        memory.feed(frame(PING, ACK, payload=bytes(8)))
        assert memory.connection.state is ConnectionState.CONFIRMING
        memory.feed(frame(PING, ACK, payload=bytes(8)))
        assert memory.transport.wrote_eof
        memory.lose()

    run_virtually(test())


@engines
@pytest.mark.parametrize("behaviour", ["is silent", "does not read", "reads drop by drop"])
def test_a_client_that_broke_the_rules_has_some_seconds_in_all(engine: str, behaviour: str) -> None:
    async def test() -> None:
        memory = drained(engine)
        transport = memory.transport
        if behaviour == "does not read":
            memory.connection.pause_writing()
        elif behaviour == "reads drop by drop":
            transport.unsent = 1_000
        memory.connection.end(ErrorCode.ENHANCE_YOUR_CALM, "a fault")
        assert transport.wrote_eof is (behaviour != "does not read")
        memory.connection.stop("the server stops")
        while asyncio.get_running_loop().time() < FAULT_SECONDS - 0.5:
            await asyncio.sleep(0.25)
            transport.unsent = max(0, transport.unsent - 1)
            memory.feed(memory.client.request(3, end=True))
        assert not transport.closed
        await asyncio.sleep(0.75)
        assert transport.aborted
        memory.lose()

    run_virtually(test())


@engines
@pytest.mark.parametrize("fault", [b"", window_update(0, 0)])
def test_a_client_cannot_have_bytes_dropped_for_ever(engine: str, fault: bytes) -> None:
    async def test() -> None:
        memory = drained(engine)
        memory.feed(fault or frame(PING, ACK, payload=bytes(8)))
        assert memory.transport.wrote_eof
        for _ in range(LINGER_BYTES // 1_048_576):
            assert not memory.transport.closed
            memory.feed(bytes(1_048_576))
        memory.feed(b"x")
        assert memory.transport.aborted
        memory.lose()

    run_virtually(test())


@engines
def test_what_runs_is_aborted_when_the_rules_are_broken(engine: str) -> None:
    async def test() -> None:
        app = App()
        memory = Memory(app, engine)
        memory.feed(memory.client.preface(), memory.client.request(1))
        memory.feed(window_update(0, 0))
        assert not memory.transport.closed
        assert "PROTOCOL_ERROR" in app.requests[0].reason
        memory.lose()

    run_virtually(test())


@engines
def test_a_client_that_reads_slowly_has_the_time_it_needs(engine: str) -> None:
    async def test() -> None:
        memory = drained(engine)
        transport = memory.transport
        memory.connection.pause_writing()
        await asyncio.sleep(60)
        assert not transport.wrote_eof, "there is output that the socket did not take"
        memory.connection.resume_writing()
        assert transport.wrote_eof
        assert goaways(frames(transport.take())) == [1]
        transport.unsent = 1_000
        await asyncio.sleep(60)
        assert not transport.closed
        transport.unsent = 0
        await asyncio.sleep(LINGER_SECONDS)
        assert transport.aborted
        memory.lose()

    run_virtually(test())


@engines
def test_a_client_that_goes_before_it_answers_ends_the_connection(engine: str) -> None:
    async def test() -> None:
        memory = drained(engine)
        await turn()
        memory.lose()
        assert await memory.connections.closed(0)
        await asyncio.sleep(CONFIRM_SECONDS + LINGER_SECONDS)
        assert not memory.transport.wrote_eof

    run_virtually(test())
