"""What repeats itself ends as it does without development mode."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import ObjectContext, select
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import CANCEL, VERSIONS, Case, id_of, in_loop, result, signal, value
from tests.runtime.debug.debug_case import (
    KINDS,
    ONE,
    OTHER,
    SOON,
    TWO,
    Twice,
    debug_case,
    ending,
    mismatch,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine
    from types import FrameType

    from google.protobuf.message import Message

    Body = Callable[[ObjectContext, Parcel], Coroutine[Any, Any, Any]]


async def steps(ctx: ObjectContext, parcel: Parcel) -> Parcel:
    """Some of everything."""

    async def numbers() -> AsyncGenerator[int]:
        for number in range(2):
            yield await ctx.run(f"number {number}", lambda: 7, type=int)

    before = await ctx.get(ONE)
    async with asyncio.timeout(3600):
        drawn = [number async for number in numbers()]
    ctx.set(ONE, f"{before} {drawn} {ctx.uuid()} {ctx.random.random()}")
    nap, call = ctx.sleep(SOON), ctx.call(OTHER, "x", str)
    first = await select(nap=nap, call=call)
    sent = ctx.send(OTHER, "x", delay=SOON)
    sent.cancel()
    return Parcel(text=f"{first[0]} {await ctx.awakeable(str)}")


def answers_to(message: Any, version: int) -> list[Message]:
    """Return what Restate says to a message of an attempt."""
    match message:
        case pb.ProposeRunCompletionMessage(result_completion_id=id_) if version >= 7:
            return [pb.ProposeRunCompletionAckMessage(completion_id=id_)]
        case pb.ProposeRunCompletionMessage(result_completion_id=id_):
            return [value(id_, message.value)]
        case pb.GetLazyStateCommandMessage(result_completion_id=id_):
            return [result(id_)]
        case pb.CallCommandMessage(result_completion_id=id_):
            return [id_of(id_ - 1, "inv_2"), value(id_, b'"done"')]
        case pb.OneWayCallCommandMessage(invocation_id_notification_idx=id_):
            return [id_of(id_, "inv_3"), signal(17, b'"awakened"')]
        case _:
            return []


async def course(case: Case, version: int) -> list[Message]:
    """Return what an attempt writes that gets its answers; without the points in time in it."""
    written: list[Message] = []
    while not case.stream.ended or not isinstance(written[-1], pb.EndMessage):
        for message in case.sent():
            written.append(message)
            for answer in answers_to(message, version):
                case.feed(answer)
        await asyncio.sleep(0)
    for message in written:
        for name in {"wake_up_time", "invoke_time"} & {*message.DESCRIPTOR.fields_by_name}:
            message.ClearField(name)
    return written


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("is_partial", [True, False])
@in_loop
async def test_what_repeats_ends_as_it_does_without(version: int, *, is_partial: bool) -> None:
    cases = [debug_case(steps, version), Case(steps, version=version, **KINDS)]
    one, other = [await course(case.start(partial_state=is_partial), version) for case in cases]
    assert one == other


@pytest.mark.parametrize("version", VERSIONS)
@in_loop
async def test_functions_of_runs_are_not_called_again(version: int) -> None:
    calls: list[str] = []

    async def work() -> str:
        calls.append("work")
        return "done"

    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        return Parcel(text=await ctx.run("work", work))

    case = debug_case(body, version).start().close_input()
    assert isinstance(await ending(case), pb.SuspensionMessage)
    assert calls == ["work"]


@in_loop
async def test_a_cancellation_is_repeated() -> None:
    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        try:
            await ctx.call(OTHER, "x", str)
        finally:
            ctx.set(ONE, "compensated")
        return Parcel()

    case = debug_case(body).start().feed(CANCEL, id_of(1, "inv_2"))
    assert isinstance(await ending(case), pb.EndMessage)


@in_loop
async def test_a_request_that_cannot_be_read_is_one_again() -> None:
    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        return parcel

    case = debug_case(body).start(payload=b"\xff\xff")
    assert isinstance(await ending(case), pb.EndMessage)


@in_loop
async def test_an_attempt_that_replays_is_repeated_with_all_that_came_before() -> None:
    twice = Twice()

    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        state = await ctx.get(ONE)
        await ctx.sleep(SOON)
        ctx.set(TWO, f"{state} {twice.number()}")  # here
        return Parcel()

    eager = pb.GetEagerStateCommandMessage(key=b"one", value=pb.Value(content=b'"a"'))
    sleep = pb.SleepCommandMessage(wake_up_time=1, result_completion_id=1)
    case = debug_case(body).start(eager, sleep, result(1))
    text = (await mismatch(case, body)).partition(" in the code, ")[2]
    assert "a 0" in text  # as the version of protobuf shows a string in quotes


@in_loop
async def test_a_stream_that_is_gone_gets_nothing() -> None:
    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        return Parcel()

    case = debug_case(body).start()
    case.attempt.aborted("reset")
    await asyncio.sleep(0)
    assert not case.stream.ended
    assert case.sent() == []


@in_loop
async def test_more_callbacks_than_a_turn_takes() -> None:
    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        for _ in range(3_000):
            await asyncio.sleep(0)
        return Parcel(text="done")

    assert isinstance(await ending(debug_case(body).start()), pb.EndMessage)


@in_loop
async def test_what_the_first_attempt_has_logged_is_not_logged_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        asyncio.get_running_loop().create_task(asyncio.sleep(60))
        await asyncio.sleep(0)
        return Parcel()

    assert isinstance(await ending(debug_case(body).start()), pb.EndMessage)
    (record,) = [each for each in caplog.records if each.name == "restate_proto"]
    assert "ended while its tasks were running" in record.getMessage()


@in_loop
async def test_nothing_of_it_is_called_where_it_is_off() -> None:
    called: set[str] = set()

    def count(frame: FrameType, event: str, argument: object) -> None:
        called.add(frame.f_code.co_filename)

    sys.setprofile(count)
    try:
        case = Case(steps, **KINDS).start()
    finally:
        sys.setprofile(None)
    case.attempt.aborted("reset")
    assert any(path.endswith("runtime/attempt.py") for path in called)
    assert not [path for path in called if "/restate_proto/runtime/debug/" in path]
    assert not [path for path in called if path.endswith(("player.py", "user_code.py"))]
