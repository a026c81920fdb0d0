"""Many handlers that are ready at once let the event loop turn in between."""

from __future__ import annotations

import asyncio
import math
import time
from datetime import timedelta
from typing import Any

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Context
from restate_proto.runtime import Runtime, Scheduling
from restate_proto.runtime.runtime import TurnShare
from tests.runtime.case import Case, in_loop, result
from tests.runtime.handlers import echo

HOUR = timedelta(hours=1)


def used_up() -> Runtime:
    """Return a runtime whose share is used up by any handler."""
    return Runtime(asyncio.get_running_loop(), Scheduling(turn_seconds=-1.0))


@in_loop
async def test_handlers_run_in_the_call_that_began_them_while_there_is_a_share() -> None:
    runtime = Runtime(asyncio.get_running_loop(), Scheduling(turn_seconds=math.inf))
    for _ in range(100):
        assert Case(echo, runtime=runtime).start().answer() == Parcel()


@in_loop
async def test_handlers_wait_for_a_turn_when_the_share_is_used_up() -> None:
    """Each waits for its own turn here, in the order of arrival, and between other callbacks."""
    seen: list[Any] = []
    runtime = used_up()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        seen.append(parcel.number)
        return parcel

    def other(number: int) -> None:
        seen.append(f"turn {number}")
        if number < 4:
            asyncio.get_running_loop().call_soon(other, number + 1)

    cases = [
        Case(body, runtime=runtime).start(payload=Parcel(number=number)) for number in range(4)
    ]
    assert seen == [0]
    other(1)
    await cases[-1].until_written()
    assert seen[:7] == [0, "turn 1", 1, "turn 2", 2, "turn 3", 3]
    assert [case.answer().number for case in cases] == [0, 1, 2, 3]


@in_loop
async def test_a_share_is_a_matter_of_time() -> None:
    """A handler that blocks longer than the share is the last one of its turn."""
    runtime = Runtime(asyncio.get_running_loop(), Scheduling(turn_seconds=0.01))

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        time.sleep(0.02)  # noqa: ASYNC251 - what is tested
        return parcel

    first, second = Case(body, runtime=runtime).start(), Case(echo, runtime=runtime).start()
    assert first.stream.ended
    assert not second.stream.ended
    await second.until_written()
    assert second.answer() == Parcel()


@in_loop
async def test_what_a_waiting_handler_waits_for_may_have_to_wait_too() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.sleep(HOUR)
        await ctx.sleep(HOUR)
        return parcel

    case = Case(body, runtime=used_up()).start()
    case.sent()
    case.feed(result(1))  # before the next turn
    assert case.sent() == []
    case.feed(result(2))
    while not case.stream.ended:
        await case.until_written()
    assert case.answer() == Parcel()
    assert case.stream.acknowledged == case.fed


@in_loop
async def test_a_handler_whose_output_was_sent_goes_on_in_its_share() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.sleep(HOUR)
        return parcel

    runtime = used_up()
    case = Case(body, runtime=runtime).start()
    await asyncio.sleep(0)
    case.sent()
    case.stream.above_high_water = True
    case.feed(result(1))
    await asyncio.sleep(0)
    Case(echo, runtime=runtime).start()  # which uses the share up
    case.stream.above_high_water = False
    case.attempt.drained()
    assert not case.stream.ended
    await case.until_written()
    assert case.answer() == Parcel()


@in_loop
async def test_no_turn_is_asked_for_while_handlers_have_run_for_less_than_a_share(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An idle endpoint is not woken twice for each call, however long it was idle."""
    now = 0.0
    monkeypatch.setattr("restate_proto.runtime.execution.monotonic", lambda: now)
    runtime = Runtime(asyncio.get_running_loop(), Scheduling(turn_seconds=0.01))
    for _ in range(100):
        assert Case(echo, runtime=runtime).start().answer() == Parcel()
        assert not runtime.turn_share.is_used_up
        now += 60.0


@pytest.mark.parametrize("ending", ["eof", "drain", "abort", "broken"])
@in_loop
async def test_what_happens_to_an_attempt_that_waits_for_its_turn(ending: str) -> None:
    begun: list[int] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        begun.append(parcel.number)
        await ctx.sleep(HOUR)
        return parcel

    runtime = used_up()
    Case(echo, runtime=runtime).start()
    case = Case(body, runtime=runtime).start()
    assert begun == []
    if ending == "eof":
        case.close_input()
    elif ending == "drain":
        case.attempt.draining()
    elif ending == "abort":
        case.attempt.aborted("gone")
    else:
        case.feed(b"\xff" * 8)
    for _ in range(5):
        await asyncio.sleep(0)
    if ending in {"eof", "drain"}:
        case.suspension()
        assert begun == [0]
    else:
        assert begun == []
        assert len(case.sent()) == (ending == "broken")


@in_loop
async def test_attempts_that_are_aborted_at_once_end_in_their_turns() -> None:
    """Whoever waits for what they clean up waits for all of them."""
    ended: list[int] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        try:
            await ctx.sleep(HOUR)
        finally:
            ended.append(parcel.number)
        return parcel

    runtime = Runtime(asyncio.get_running_loop(), Scheduling(turn_seconds=math.inf))
    cases = [
        Case(body, runtime=runtime).start(payload=Parcel(number=number)) for number in range(4)
    ]
    runtime.turn_share = TurnShare(asyncio.get_running_loop(), seconds=-1.0)
    for case in cases:
        case.attempt.aborted("the connection was closed")
    seen = [len(ended)]
    cleaned_up = asyncio.ensure_future(runtime.cleanups.finished())
    while not cleaned_up.done():
        await asyncio.sleep(0)
        seen.append(len(ended))
    assert ended == [0, 1, 2, 3]
    assert seen[:4] == [1, 2, 3, 4]


@in_loop
async def test_a_handler_that_is_ready_goes_before_the_end_of_aborted_ones() -> None:
    """Of these one ends in each turn all the same."""
    seen: list[str] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        try:
            await ctx.sleep(HOUR)
        finally:
            seen.append("aborted")
        return parcel

    async def honest(ctx: Context, parcel: Parcel) -> Parcel:
        seen.append("honest")
        return parcel

    runtime = Runtime(asyncio.get_running_loop(), Scheduling(turn_seconds=math.inf))
    cases = [Case(body, runtime=runtime).start() for _ in range(4)]
    runtime.turn_share = TurnShare(asyncio.get_running_loop(), seconds=-1.0)
    for case in cases:
        case.attempt.aborted("the connection was closed")
    Case(honest, runtime=runtime).start()
    await runtime.cleanups.finished()
    assert seen == ["aborted", "honest", "aborted", "aborted", "aborted"]
