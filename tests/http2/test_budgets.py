"""What a peer may cost, and how its budget refills: excess is read slowly, and then ends the connection."""

from __future__ import annotations

import asyncio

import pytest

from restate_proto.http2.engines.base import HEADERS_CREDIT, RESET_COST
from restate_proto.http2.errors import ErrorCode
from restate_proto.http2.intake import BURST, Budget
from tests.http2.floods import DAY, Answer, connected, pour, rapid_resets
from tests.http2.frames import (
    DATA,
    END_STREAM,
    PING,
    PRIORITY,
    REQUEST,
    frame,
    frames,
    goaway_code,
    settings_frame,
    window_update,
)
from tests.http2.memory import run_virtually, turn
from tests.http2.support import App, Request, engines

SMALL_BURST, SMALL_RATE = 131_072, 16_384


@pytest.fixture
def small_budgets(monkeypatch: pytest.MonkeyPatch) -> None:
    """An eighth of them, so that the processor is not what takes time."""
    monkeypatch.setattr("restate_proto.http2.intake.BURST", SMALL_BURST)
    monkeypatch.setattr("restate_proto.http2.intake.RATE", SMALL_RATE)


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
