"""One peer cannot starve the others: all that comes is taken in shares of a loop turn."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from restate_proto.http2.intake import SHARE, SHARE_SECONDS
from restate_proto.http2.stream import ServerStream
from tests.http2.floods import READ, Answer, connected, floods, pour
from tests.http2.frames import (
    ACK,
    DATA,
    END_STREAM,
    HEADERS,
    PING,
    REQUEST,
    SETTINGS,
    RawClient,
    frame,
    frames,
)
from tests.http2.memory import Memory, run_virtually, turn
from tests.http2.support import App, Count, engines

if TYPE_CHECKING:
    from collections.abc import Callable


@engines
def test_requests_that_take_long_are_taken_in_shares_of_time(engine: str) -> None:
    """However small they are: what a share of bytes begins could hold the loop for long."""
    accepted = 0

    class Counted(Answer):
        def __init__(self, stream: ServerStream) -> None:
            nonlocal accepted
            accepted += 1
            super().__init__(stream)

    async def test() -> None:
        memory = connected(engine, accept=Counted)
        moments = itertools.count(step=SHARE_SECONDS / 2)
        memory.connections.turns.clock = lambda: next(moments)
        portion = memory.connection.engine.portion_size
        get = [(b":method", b"GET"), *REQUEST[1:]]
        requests = [memory.client.request(stream, get, end=True) for stream in range(3, 1_803, 2)]
        most = 3 * portion // len(requests[-1]) + 1
        memory.feed(b"".join(requests))
        in_turns: list[int] = []
        while memory.transport.paused:
            in_turns.append(accepted - 1 - sum(in_turns))
            await turn()
        assert accepted == 1 + len(requests)
        assert len(in_turns) >= len(requests) // most > 1
        assert max(in_turns) <= most
        memory.lose()

    run_virtually(test())


@engines
@floods
def test_a_flood_is_taken_in_shares(engine: str, flood: Callable[[RawClient], bytes]) -> None:
    async def test() -> None:
        hostile = connected(engine)
        honest = connected(engine, hostile)
        work = hostile.connection.engine.work
        hostile.feed(flood(hostile.client)[:READ])
        answered = 0
        stream = 3
        while hostile.transport.paused and not hostile.connection.intake.is_waiting:
            done = hostile.connection.engine.work - work
            work += done
            assert done <= 3 * SHARE
            get = [(b":method", b"GET"), *REQUEST[1:]]
            honest.feed(honest.client.request(stream, get, end=True))
            stream += 2
            answered += len([f for f in frames(honest.transport.take()) if f.kind == HEADERS])
            await turn()
        # Cheap is what the library takes without a word, at the speed of C.
        is_cheap = engine == "ngh2" and answered == 0
        assert is_cheap or answered > 5
        hostile.lose()

    run_virtually(test())


def test_small_frames_are_passed_off_as_a_large_one_only_once() -> None:
    """A payload goes on in a new read like the head of a large frame, and small frames follow."""

    async def test() -> None:
        hostile = connected("ngh2")
        decoy = frame(DATA, 0, 1, bytes(60_000))[:9]
        cut = frame(DATA, 0, 1, bytes(1_000) + decoy)[: -len(decoy)]
        largest: list[int] = []  # the most work in a turn
        for _ in range(3):
            hostile.feed(cut)
            while hostile.transport.paused:
                await turn()
            hostile.feed(decoy + 3_000 * frame(PING, 0, 0, bytes(8)))
            work = [hostile.connection.engine.work]
            while hostile.transport.paused:
                await turn()
                work.append(hostile.connection.engine.work)
            largest.append(max(end - start for start, end in itertools.pairwise(work)))
        assert largest[0] > 3 * SHARE
        assert max(largest[1:]) <= 3 * SHARE
        hostile.lose()

    run_virtually(test())


@engines
def test_connections_that_flood_take_turns(engine: str) -> None:
    async def test() -> None:
        first = connected(engine)
        hostile = [first, *(connected(engine, first) for _ in range(9))]
        for memory in hostile:
            memory.feed(frame(PING, payload=bytes(8)) * 10_000)
        before = [memory.connection.engine.work for memory in hostile]
        served: set[int] = set()
        for _ in range(20):
            await turn()
            now = [memory.connection.engine.work for memory in hostile]
            grown = {i for i in range(10) if now[i] > before[i]}
            assert len(grown) <= 1
            served |= grown
            before = now
        assert len(served) == 10
        for memory in hostile:
            memory.lose()

    run_virtually(test())


@engines
def test_all_of_a_large_read_is_taken_in_order(engine: str) -> None:
    async def test() -> None:
        app = App(Count)
        memory = Memory(app, engine)
        requests: list[bytes] = []
        for stream in range(1, 401, 2):
            requests += [
                memory.client.request(stream),
                frame(DATA, 0, stream, bytes(500)),
                frame(DATA, END_STREAM, stream, bytes(stream)),
            ]
        await pour(memory, memory.client.preface() + b"".join(requests))
        while memory.transport.paused:
            await turn()
        assert [request.size for request in app.requests] == [500 + s for s in range(1, 401, 2)]
        assert memory.connection.intake.budget.spent == 0
        memory.lose()

    run_virtually(test())


@engines
def test_a_large_body_is_taken_in_one_turn(engine: str) -> None:
    async def test() -> None:
        app = App(Count)
        memory = Memory(app, engine)
        memory.feed(memory.client.preface(), frame(SETTINGS, ACK), memory.client.request(1))
        memory.feed(frame(DATA, 0, 1, bytes(16_375)) * 16)
        assert app.requests[0].size == READ - 16 * 9
        assert not memory.transport.paused
        memory.lose()

    run_virtually(test())


@engines
def test_bytes_that_come_while_reading_is_paused_are_not_lost(engine: str) -> None:
    async def test() -> None:
        app = App(Count)
        memory = Memory(app, engine)
        memory.feed(memory.client.preface(), memory.client.request(1))
        memory.feed(frame(PING, payload=bytes(8)) * 1_000)
        assert memory.transport.paused
        memory.feed(frame(DATA, 0, 1, b"abc"))
        memory.feed(frame(DATA, END_STREAM, 1, b"def"))
        while memory.transport.paused:
            await turn()
        assert app.requests[0].size == 6
        pings = [f for f in frames(memory.transport.take()) if f.kind == PING]
        assert len(pings) == 1_000
        memory.lose()

    run_virtually(test())


@engines
def test_a_connection_that_is_lost_while_it_waits_leaves_the_queue(engine: str) -> None:
    async def test() -> None:
        first, second = connected(engine), None
        second = connected(engine, first)
        for memory in (first, second):
            memory.feed(frame(PING, payload=bytes(8)) * 2_000)
        first.lose()
        while second.transport.paused:
            await turn()
        assert not first.connection.intake.is_held
        assert len([f for f in frames(second.transport.take()) if f.kind == PING]) == 2_000
        second.lose()

    run_virtually(test())
