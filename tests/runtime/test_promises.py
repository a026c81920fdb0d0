"""A durable promise is a durable future, whose command is written when it is first used."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import (
    DurableFuture,
    PromiseKey,
    TerminalError,
    WorkflowContext,
    gather,
    select,
)
from restate_proto.model.kinds import HandlerKind, ServiceKind
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import VERSIONS, Case, in_loop, result, value

if TYPE_CHECKING:
    from google.protobuf.message import Message

PAID = PromiseKey("paid", int)
LONG = timedelta(hours=1)
WORKFLOW: dict[str, Any] = {"kind": ServiceKind.WORKFLOW, "handler_kind": HandlerKind.WORKFLOW}


def names(messages: list[Message]) -> list[str]:
    return [type(message).__name__.removesuffix("Message") for message in messages]


@in_loop
async def test_one_that_nobody_waits_for_writes_nothing() -> None:
    async def body(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        assert isinstance(ctx.promise(PAID), DurableFuture)
        return parcel

    assert names(Case(body, **WORKFLOW).start(key="k").sent()) == ["OutputCommand", "End"]


@in_loop
async def test_one_object_writes_one_command_however_often_it_is_used() -> None:
    async def body(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        promise = ctx.promise(PAID)
        ctx.sleep(LONG)  # begun before the promise is used
        first = await promise
        (second,) = await gather(promise)
        _, third = await select(paid=promise, never=ctx.awakeable(int))
        return Parcel(number=first + second + third + await promise)

    case = Case(body, **WORKFLOW).start(key="k")
    sleep, get = case.sent()
    assert isinstance(sleep, pb.SleepCommandMessage)
    assert isinstance(get, pb.GetPromiseCommandMessage)
    assert (get.key, get.result_completion_id) == ("paid", 2)
    output, end = case.feed(value(2, b"5")).sent()
    assert isinstance(output, pb.OutputCommandMessage)
    assert Parcel.FromString(output.value.content).number == 20
    assert isinstance(end, pb.EndMessage)


@in_loop
async def test_each_object_has_a_command_of_its_own() -> None:
    async def body(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        one, other = await gather(ctx.promise(PAID), ctx.promise(PAID))
        return Parcel(number=one + other)

    case = Case(body, **WORKFLOW).start(key="k")
    assert names(case.sent()) == ["GetPromiseCommand"] * 2
    case.feed(value(1, b"1"), value(2, b"2"))
    assert case.answer().number == 3


@pytest.mark.parametrize("version", VERSIONS)
@in_loop
async def test_the_winner_of_a_select(version: int) -> None:
    async def body(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        name, number = await select(timeout=ctx.sleep(LONG), paid=ctx.promise(PAID))
        return Parcel(text=name, number=number or 0)

    case = Case(body, version=version, **WORKFLOW).start(key="k")
    assert names(case.sent())[:2] == ["SleepCommand", "GetPromiseCommand"]
    case.feed(value(2, b"7"))
    assert case.answer() == Parcel(text="paid", number=7)


@in_loop
async def test_a_combination_that_is_done_at_once_writes_it_all_the_same() -> None:
    """Otherwise the result would decide which command comes next."""

    async def body(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        sleep = ctx.sleep(LONG)
        await sleep
        name, _ = await select(sleep=sleep, paid=ctx.promise(PAID))
        return Parcel(text=name)

    case = Case(body, **WORKFLOW).start(key="k")
    case.sent_one(pb.SleepCommandMessage)
    case.feed(result(1))
    get, output, _ = case.sent()
    assert isinstance(get, pb.GetPromiseCommandMessage)
    assert isinstance(output, pb.OutputCommandMessage)


@in_loop
async def test_a_rejected_one_raises_at_each_await() -> None:
    async def body(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        promise = ctx.promise(PAID)
        for future in (promise, promise, gather(promise)):
            with pytest.raises(TerminalError, match="never"):
                await future
        return Parcel(number=1)

    case = Case(body, **WORKFLOW).start(key="k")
    case.feed(result(1, failure=pb.Failure(code=409, message="never")))
    assert case.answer().number == 1


@in_loop
async def test_looking_at_it_and_completing_it_are_commands_of_their_own() -> None:
    async def body(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        promise = ctx.promise(PAID)
        seen = await promise.peek()
        await promise.resolve(4)
        return Parcel(text=str(seen), number=await promise)

    case = Case(body, **WORKFLOW).start(key="k").feed(result(1), result(2), value(3, b"4"))
    commands = case.sent()
    assert names(commands) == [
        "PeekPromiseCommand",
        "CompletePromiseCommand",
        "GetPromiseCommand",
        "OutputCommand",
        "End",
    ]
    replay = Case(body, **WORKFLOW)
    replay.start(*commands[:3], result(1), result(2), value(3, b"4"), key="k")
    assert replay.answer() == Parcel(text="None", number=4)
