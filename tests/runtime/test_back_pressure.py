"""Back pressure, both ways: output that is not taken, and input that is not used yet."""

from __future__ import annotations

from datetime import timedelta

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Context
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import Case, in_loop, result, signal
from tests.runtime.handlers import ECHO, turns


@in_loop
async def test_a_handler_waits_while_its_output_is_not_taken() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        for _ in range(3):
            await ctx.sleep(timedelta(0))
        return parcel

    case = Case(body).start()
    case.sent()
    case.stream.above_high_water = True
    case.feed(result(1))
    assert case.sent() == []
    case.stream.above_high_water = False
    case.attempt.drained()
    assert case.sent_one(pb.SleepCommandMessage).result_completion_id == 2
    case.feed(result(2), result(3))
    assert case.answer() == Parcel()


@in_loop
@pytest.mark.parametrize("is_taken", [True, False])
async def test_results_that_are_all_there_do_not_make_a_handler_write_without_end(
    is_taken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        for _ in range(10):
            ctx.send(ECHO, b"x" * 600_000)
            await ctx.sleep(timedelta(0))
        return parcel

    case = Case(body)
    write = case.stream.write

    def write_slowly(data: bytes, *, end: bool = False) -> None:
        write(data, end=end)
        case.stream.above_high_water = not is_taken and bool(data)

    monkeypatch.setattr(case.stream, "write", write_slowly)
    case.start(*[result(2 * number + 2) for number in range(10)])
    while not case.stream.ended:
        assert not is_taken
        assert len(case.sent()) <= 6  # somewhat more than a megabyte
        case.stream.above_high_water = False
        case.attempt.drained()
    assert case.stream.writes >= 5


@in_loop
async def test_much_output_is_written_at_the_next_await_even_if_that_is_done() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        awakeable = ctx.awakeable(Parcel)
        await awakeable
        for _ in range(4):
            ctx.send(ECHO, b"x" * 500_000)
            await awakeable  # it is done: a place to pause
        return parcel

    case = Case(body).start()
    case.stream.above_high_water = False
    writes = case.stream.writes
    case.feed(signal(17))
    assert case.answer() == Parcel()
    assert case.stream.writes - writes >= 2


@in_loop
async def test_a_handler_with_much_output_pauses_until_it_is_taken() -> None:
    rounds = 0

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        nonlocal rounds
        awakeable = ctx.awakeable(Parcel)
        await awakeable
        for _ in range(10):
            rounds += 1
            ctx.send(ECHO, b"x" * 1_100_000)
            await awakeable
        return parcel

    case = Case(body).start()

    def write(data: bytes, *, end: bool = False) -> None:
        original(data, end=end)
        case.stream.above_high_water = len(data) > 1_000_000

    original, case.stream.write = case.stream.write, write  # pyright: ignore[reportAttributeAccessIssue] - a stream that fills up
    case.feed(signal(17))
    for number in range(1, 11):
        assert rounds == number
        assert not case.stream.ended
        case.stream.above_high_water = False
        case.attempt.drained()
    assert case.answer() == Parcel()


@in_loop
async def test_input_is_not_acknowledged_while_the_handler_has_turns_to_come() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await turns(1_500)
        await ctx.sleep(timedelta(0))
        return parcel

    case = Case(body).start()
    before = case.fed
    assert case.stream.acknowledged == before
    for index in range(20, 40):
        case.feed(signal(index, b"x" * 1000))
    assert case.stream.acknowledged == before
    await case.until_written()
    # It waits for durable things again: all that came meanwhile is consumed.
    assert case.stream.acknowledged == case.fed
    case.feed(result(1))
    assert case.answer() == Parcel()
    assert case.stream.acknowledged == case.fed
