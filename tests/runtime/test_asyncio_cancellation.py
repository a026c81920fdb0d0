"""Cancellations in a handler that meet each other: Restate's own, timeouts, `Task.cancel`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import CancelledError, Context, Target
from tests.runtime.case import CANCEL, Case, frame, in_loop, result, value

if TYPE_CHECKING:
    from restate_proto import DurableFuture

HOUR = 3600
ECHO = Target.service("runtime.v1.Service", "Handle")


def call(ctx: Context, number: int) -> DurableFuture[Parcel]:
    return ctx.call(ECHO, Parcel(number=number), Parcel, cancel_with_me=False)


async def careful(ctx: Context, seen: list[str]) -> None:
    """Cleans up however often it is cancelled."""
    for number in (1, 2, 3):
        try:
            await call(ctx, number)
        except asyncio.CancelledError:
            seen.append(f"cancelled at {number}")
    raise asyncio.CancelledError


@pytest.mark.parametrize("first", ["the cancellation", "the timeout"])
@in_loop
async def test_a_timeout_passes_while_the_tasks_of_a_cancelled_handler_clean_up(first: str) -> None:
    """It is no timeout that the handler sees then, but what comes from outside of it."""
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
    """The group would swallow it, so the handler is told where it waits next."""
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
