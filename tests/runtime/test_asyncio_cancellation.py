"""Cancellations in a handler that meet each other: Restate's own, timeouts, `Task.cancel`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import CancelledError, Context, ObjectContext, StateKey, Target
from restate_proto.model.kinds import HandlerKind, ServiceKind
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import CANCEL, Case, frame, id_of, in_loop, result, value

if TYPE_CHECKING:
    from restate_proto import DurableFuture

HOUR = 3600
BIG = StateKey("big", str)
MUCH = 1 << 20
ECHO = Target.service("runtime.v1.Service", "Handle")


def call(ctx: Context, number: int) -> DurableFuture[Parcel]:
    return ctx.call(ECHO, Parcel(number=number), Parcel, cancel_with_me=False)


async def careful(ctx: Context, seen: list[str]) -> None:
    """Clean up, however often the task is cancelled."""
    for number in (1, 2, 3):
        try:
            await call(ctx, number)
        except asyncio.CancelledError:
            seen.append(f"cancelled at {number}")
    raise asyncio.CancelledError


@pytest.mark.parametrize("first", ["the cancellation", "the timeout"])
@in_loop
async def test_a_timeout_passes_while_the_tasks_of_a_cancelled_handler_clean_up(first: str) -> None:
    """The handler sees the cancellation from outside, and no timeout."""
    seen: list[str] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        try:
            async with asyncio.timeout(5):
                await asyncio.gather(careful(ctx, seen))
        except CancelledError:
            seen.append("compensated")
            await call(ctx, 4)
            raise
        return parcel

    case = Case(body).start()
    case.feed(*((CANCEL, result(1)) if first == "the cancellation" else (result(1), CANCEL)))
    case.feed(value(7), value(9))
    assert case.failure().code == 409
    assert seen == ["cancelled at 1", "cancelled at 2", "compensated"]


@in_loop
async def test_a_timeout_passes_while_the_tasks_of_a_cancelled_group_clean_up() -> None:
    seen: list[str] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            group.create_task(careful(ctx, seen))
        return parcel

    case = Case(body).start().feed(CANCEL, result(1), value(5), value(7))
    assert case.failure().code == 409


@pytest.mark.parametrize("pieces", ["each for itself", "at once"])
@pytest.mark.parametrize("why", ["a task has failed", "a timeout has passed"])
@in_loop
async def test_a_cancellation_comes_while_a_group_aborts(why: str, pieces: str) -> None:
    """The group would swallow it, so the handler gets it at its next wait."""
    seen: list[str] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def fail() -> None:
            if why == "a task has failed":
                await call(ctx, 10)
                raise ZeroDivisionError

        try:
            async with asyncio.timeout(5), asyncio.TaskGroup() as group:
                group.create_task(careful(ctx, seen))
                group.create_task(fail())
        except* (ZeroDivisionError, TimeoutError) as errors:
            seen.append(type(errors.exceptions[0]).__name__)
        try:
            await call(ctx, 20)
        except CancelledError:
            seen.append("told")
            raise
        return parcel

    case = Case(body).start()
    last = 7 if why == "a task has failed" else 5
    first = value(5) if why == "a task has failed" else result(1)
    known = (first, CANCEL, value(last), value(last + 2))
    case.feed(*(known if pieces == "each for itself" else [b"".join(map(frame, known))]))
    assert case.failure().code == 409
    error = "ZeroDivisionError" if why == "a task has failed" else "TimeoutError"
    assert seen == ["cancelled at 1", error, "told"]


def myself() -> asyncio.Task[object]:
    task = asyncio.current_task()
    assert task is not None
    return task


@in_loop
async def test_nothing_happens_before_a_cancellation_of_a_handler_that_runs() -> None:
    """A replay has the notifications at once, and has to write the same before them."""
    seen: list[bool] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        first = call(ctx, 1)
        myself().cancel()
        try:
            await call(ctx, 2)
        except asyncio.CancelledError:
            seen.append(first.done())
        myself().uncancel()
        return await first

    case = Case(body).start()
    commands = [each for each in case.sent() if isinstance(each, pb.CallCommandMessage)]
    case.feed(id_of(1, "inv_a"), value(2, Parcel(text="first")))
    assert case.answer().text == "first"
    replay = Case(body).start(*commands, id_of(1, "inv_a"), value(2, Parcel(text="first")))
    assert replay.answer().text == "first"
    assert seen == [False, False]


@pytest.mark.parametrize("is_busy", [False, True])
@in_loop
async def test_a_cancellation_of_a_handler_that_runs_waits_for_a_wait(is_busy: bool) -> None:
    """To await a future that is done is no wait, even if much output is sent first."""
    seen: list[str] = []

    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        first = call(ctx, 1)
        await first
        case.stream.above_high_water = is_busy
        ctx.set(BIG, "x" * MUCH)
        myself().cancel()
        try:
            seen.append((await first).text)
            await call(ctx, 2)
        except asyncio.CancelledError:
            seen.append("cancelled")
        return parcel

    case = Case(body, kind=ServiceKind.VIRTUAL_OBJECT, handler_kind=HandlerKind.EXCLUSIVE)
    case.start(key="k").feed(value(2, Parcel(text="first")))
    assert seen == ["first", "cancelled"]
