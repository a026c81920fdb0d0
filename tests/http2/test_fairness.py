"""One peer cannot starve the others: shares of a loop turn, and budgets that refill."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any

import pytest

from restate_proto.http2.engines.base import HEADERS_CREDIT, RESET_COST
from restate_proto.http2.errors import ErrorCode
from restate_proto.http2.intake import BURST, SHARE, SHARE_SECONDS, Budget
from restate_proto.http2.stream import ServerStream
from tests.http2.memory import Memory, run_virtually, turn
from tests.http2.support import (
    ACK,
    DATA,
    END_HEADERS,
    END_STREAM,
    ENGINES,
    HEADERS,
    PING,
    PRIORITY,
    REQUEST,
    RST_STREAM,
    SETTINGS,
    App,
    Count,
    RawClient,
    Request,
    frame,
    frames,
    goaway_code,
    settings_frame,
    window_update,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

engines = pytest.mark.parametrize("engine", ENGINES)
READ = 262_144  # what asyncio reads at most at once
DAY = 86_400.0


def rapid_resets(client: RawClient) -> bytes:
    cancel = int(ErrorCode.CANCEL).to_bytes(4, "big")
    return b"".join(
        client.request(stream) + frame(RST_STREAM, 0, stream, cancel)
        for stream in range(3, 12_003, 2)
    )


def header_bombs(client: RawClient) -> bytes:
    """Headers of two kilobytes on the wire and sixty in memory."""
    block = client.encoder.encode(REQUEST) + bytes([0x80 | 16]) * 1_000
    return b"".join(
        frame(HEADERS, END_HEADERS | END_STREAM, stream, block) for stream in range(3, 803, 2)
    )


def same(data: bytes) -> Callable[[RawClient], bytes]:
    return lambda _: data * 200_000


FLOODS = {
    "PING": same(frame(PING, payload=bytes(8))),
    "PING ACK": same(frame(PING, 1, payload=bytes(8))),
    "SETTINGS": same(settings_frame({})),
    "WINDOW_UPDATE": same(window_update(0, 1)),
    "PRIORITY": same(frame(PRIORITY, 0, 1, bytes((0, 0, 0, 0, 16)))),
    "an unknown type": same(frame(0x77, 0, 1)),
    "empty DATA": same(frame(DATA, 0, 1)),
    "DATA of one byte": same(frame(DATA, 0, 1, b"x")),
    "resets": rapid_resets,
    "header bombs": header_bombs,
}
SMALL_BURST, SMALL_RATE = 131_072, 16_384


@pytest.fixture
def small_budgets(monkeypatch: pytest.MonkeyPatch) -> None:
    """An eighth of them, so that the processor is not what takes time."""
    monkeypatch.setattr("restate_proto.http2.intake.BURST", SMALL_BURST)
    monkeypatch.setattr("restate_proto.http2.intake.RATE", SMALL_RATE)


floods = pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)


class Answer(Request):
    """Answers at once; takes what comes."""

    def __init__(self, stream: ServerStream) -> None:
        super().__init__(stream)
        stream.respond(200)
        stream.write(b"ok", end=stream.method == "GET")

    def data_received(self, data: bytes) -> None:
        self.stream.acknowledge(len(data))


def connected(engine: str, other: Memory | None = None, accept: Any = Answer) -> Memory:
    memory = Memory(accept, engine, connections=other.connections if other else None)
    memory.feed(memory.client.preface(), frame(SETTINGS, ACK), memory.client.request(1))
    memory.transport.take()
    return memory


def reads(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), READ):
        yield data[start : start + READ]


async def pour(memory: Memory, data: bytes) -> None:
    """Send as a socket does: nothing is delivered while reading is paused."""
    for read in reads(data):
        while memory.transport.paused and not memory.transport.has_ended:
            # In virtual time: something is scheduled, be it the next turn or a timer.
            await asyncio.sleep(0)
            if memory.connection.intake.is_waiting:
                await asyncio.sleep(0.01)
        if memory.transport.has_ended:
            return
        memory.feed(read)


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
@pytest.mark.usefixtures("small_budgets")
@pytest.mark.parametrize(
    "piece",
    [
        pytest.param(frame(PING, payload=bytes(8)), id="PING"),
        pytest.param(settings_frame({}), id="SETTINGS"),
        pytest.param(frame(DATA, 0, 1), id="empty DATA"),
        pytest.param(frame(DATA, 0, 1, b"x"), id="DATA of one byte"),
        pytest.param(frame(PRIORITY, 0, 1, bytes((0, 0, 0, 0, 16))), id="PRIORITY"),
    ],
)
def test_excess_is_read_slowly_and_ends_the_connection_when_it_goes_on(
    engine: str, piece: bytes
) -> None:
    async def test() -> None:
        loop = asyncio.get_running_loop()
        app = App(Answer)
        memory = connected(engine, accept=app)
        data = piece * (16_384 // len(piece))
        sent = 0
        started = loop.time()
        while not memory.transport.has_ended:
            await pour(memory, data)
            sent += len(data)
            assert sent > 2 * SMALL_BURST or not memory.transport.has_ended
            # Not faster than the budget refills; a byte of a body pays for one more.
            allowed = SMALL_BURST + SMALL_RATE * (loop.time() - started)
            assert sent - 2 * len(data) <= allowed * 1.3
            assert sent < 20 * SMALL_BURST
        assert goaway_code(frames(memory.transport.take())) == ErrorCode.ENHANCE_YOUR_CALM
        memory.lose()
        assert "too long" in app.requests[0].reason
        assert await memory.connections.closed(1)

    run_virtually(test())


@engines
@pytest.mark.usefixtures("small_budgets")
def test_resets_are_read_slowly(engine: str) -> None:
    async def test() -> None:
        app = App(Request)
        memory = connected(engine, accept=app)
        loop = asyncio.get_running_loop()
        data = rapid_resets(memory.client)
        await pour(memory, data)
        assert memory.transport.paused
        most = (SMALL_BURST + SMALL_RATE * loop.time()) / (RESET_COST - HEADERS_CREDIT)
        assert len(app.requests) - 2 < most
        memory.lose()

    run_virtually(test())


@engines
@pytest.mark.usefixtures("small_budgets")
def test_a_burst_is_forgiven(engine: str) -> None:
    async def test() -> None:
        memory = connected(engine)
        ping = frame(PING, payload=bytes(8))
        for _ in range(20):
            await pour(memory, ping * (SMALL_BURST // len(ping)))
            while memory.transport.paused:
                await turn()
            await asyncio.sleep(60)
        assert not memory.transport.closed
        memory.lose()

    run_virtually(test())


@engines
def test_a_week_of_pings(engine: str) -> None:
    async def test() -> None:
        loop = asyncio.get_running_loop()
        app = App(Answer)
        memory = connected(engine, accept=app)
        pongs = 0
        while loop.time() < 7 * DAY:
            await asyncio.sleep(40)
            memory.feed(frame(PING, payload=bytes(8)))
            assert not memory.transport.paused
            pongs += len(frames(memory.transport.take()))
        assert pongs == 7 * DAY / 40
        assert not memory.transport.closed
        assert app.requests[0].reason is None
        memory.lose()

    run_virtually(test())


@engines
def test_what_honest_peers_send_is_never_slowed(engine: str) -> None:
    """Two thousand requests at one moment, with an update of the windows and a PING for each."""

    async def test() -> None:
        memory = connected(engine)
        get = [(b":method", b"GET"), *REQUEST[1:], *((b"x-%d" % i, b"y" * 20) for i in range(20))]
        memory.feed(window_update(0, 2**30))
        for stream in range(3, 4_003, 2):
            memory.feed(
                memory.client.request(stream, get),
                window_update(stream, 100),
                frame(DATA, 0, stream, bytes(20)),
                frame(DATA, END_STREAM, stream),
                window_update(0, 100),
                frame(PING, payload=bytes(8)),
            )
        assert memory.connection.intake.budget.spent < BURST / 10
        assert not memory.transport.paused
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


def test_a_budget_refills() -> None:
    budget = Budget(burst=10, rate=2, now=100)
    budget.spent += 14
    assert budget.wait(100) == 2
    assert budget.wait(101) == 1
    assert budget.wait(102) == 0
    budget.spent += 1
    assert budget.wait(102) == 0.5
    assert budget.wait(200) == 0
    assert budget.spent == 0
