"""asyncio in a handler: the journal decides the order of things."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Context
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.asyncio_case import ECHO, call
from tests.runtime.case import Case, in_loop, result, value

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


@in_loop
async def test_all_that_is_ready_runs_before_the_next_notification() -> None:
    """Three are there at once; each step of the tasks is as if they had come one by one."""

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def work(number: int) -> None:
            await call(ctx, number)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            await call(ctx, 10 * number)

        await asyncio.gather(work(1), work(2))
        return parcel

    live = Case(body).start()
    live.feed(value(4), value(2))
    written = live.sent()
    calls = [each for each in written if isinstance(each, pb.CallCommandMessage)]
    assert [Parcel.FromString(each.parameter).number for each in calls] == [1, 2, 20, 10]
    replayed = Case(body).start(*calls[:2], value(4), value(2))
    assert replayed.sent() == written[2:]
    assert Case(body).start(*calls[:2], value(4), calls[2], value(2)).sent() == written[3:]


@pytest.mark.parametrize("is_slow", [False, True])
@in_loop
async def test_a_handler_that_waits_for_its_output_to_be_sent_goes_on_first(
    is_slow: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it has to wait depends on the network, and the order must not."""

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def other() -> None:
            await asyncio.sleep(0)
            seen.append("other")

        seen: list[str] = []
        task = asyncio.create_task(other())
        nap = ctx.sleep(timedelta(0))
        await nap
        task = asyncio.create_task(other())
        ctx.send(ECHO, Parcel(data=b"x" * 2_000_000))
        await nap
        seen.append("handler")
        await task
        return Parcel(text=" ".join(seen))

    case = Case(body).start()
    write = case.stream.write

    def write_slowly(data: bytes, *, end: bool = False) -> None:
        write(data, end=end)
        case.stream.above_high_water = is_slow and len(data) > 500_000

    monkeypatch.setattr(case.stream, "write", write_slowly)
    case.feed(result(1))
    if is_slow:
        assert not case.stream.ended
        case.stream.above_high_water = False
        case.attempt.drained()
    assert case.answer().text == "other handler other"


def test_a_generator_is_the_handler_s_in_a_loop_that_is_run_again() -> None:
    """Else the real loop would end it, at some moment."""
    seen: list[str] = []

    async def generate() -> AsyncGenerator[int]:
        try:
            yield 1
        finally:
            seen.append("closed")

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async for _ in generate():
            break
        await ctx.sleep(timedelta(0))
        seen.append("handler")
        return parcel

    async def make() -> Case:
        return Case(body)

    async def play(case: Case) -> None:
        case.start()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        case.feed(result(1))

    with asyncio.Runner() as runner:
        case = runner.run(make())
        runner.run(play(case))
    assert seen == ["handler", "closed"]


@in_loop
async def test_sets_of_tasks_and_futures_are_in_the_same_order_in_every_process() -> None:
    hashes: list[list[int]] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def work() -> None: ...

        async with asyncio.TaskGroup() as group:
            some: list[Any] = [group.create_task(work()), ctx.sleep(timedelta(0))]
            some.append(asyncio.get_running_loop().create_future())
        hashes.append([hash(each) for each in some])
        return parcel

    for invocation in (b"0" * 24, b"0" * 24, b"1" * 24):
        Case(body).start(id=invocation)
    assert hashes[0] == hashes[1] != hashes[2]
    assert len(set(hashes[0] + hashes[2])) == 6


@in_loop
async def test_many_callbacks_leave_the_real_loop_a_turn() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        for _ in range(2_500):
            await asyncio.sleep(0)
        return parcel

    case = Case(body).start()
    assert not case.stream.ended
    await asyncio.sleep(0)
    assert not case.stream.ended
    await case.until_written()
    assert case.answer() == Parcel()


@in_loop
async def test_no_notification_takes_effect_in_the_middle_of_the_turns() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def nap() -> None:
            await ctx.sleep(timedelta(0))
            seen.append("nap")

        seen: list[str] = []
        task = asyncio.create_task(nap())
        for _ in range(2_500):
            await asyncio.sleep(0)
        seen.append("turns")
        await task
        return Parcel(text=" ".join(seen))

    case = Case(body).start().feed(result(1))
    await case.until_written()
    assert case.answer().text == "turns nap"


@in_loop
async def test_a_handler_that_spins_fails_and_is_named() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def spin() -> None:
            while True:  # noqa: ASYNC110 - what is tested
                await asyncio.sleep(0)

        asyncio.create_task(spin(), name="the spinner")  # noqa: RUF006
        await ctx.sleep(timedelta(0))
        return parcel

    case = Case(body).start()
    case.sent()
    await case.until_written()
    assert "the spinner runs on and on" in case.error().message


@in_loop
async def test_a_handler_that_waits_for_nothing_that_can_happen_fails() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await asyncio.gather(asyncio.Event().wait())
        return parcel

    message = Case(body).start().error().message
    assert "waits for nothing that can happen" in message
    assert "Event.wait" in message
