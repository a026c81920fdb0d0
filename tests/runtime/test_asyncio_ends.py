"""How a handler with tasks ends: by its cancellation, a failure or its return."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import CancelledError, Context, TerminalError
from tests.runtime.asyncio_case import HOUR, call, commands
from tests.runtime.case import CANCEL, Case, each_version, id_of, in_loop, result, value

# ---- Cancellation ----


@each_version
@in_loop
async def test_restate_s_cancellation_reaches_the_tasks_of_a_group(version: int) -> None:
    seen: list[str] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def work(number: int) -> None:
            try:
                await call(ctx, number)
            except asyncio.CancelledError:
                await call(ctx, 10 * number)
                raise

        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(work(1))
                group.create_task(work(2))
        except CancelledError as error:
            seen.append(str(error))
            await call(ctx, 100)
            raise
        return parcel

    case = Case(body, version=version).start()
    commands(case)
    case.feed(id_of(1, "inv_1"), id_of(3, "inv_3"), CANCEL)
    assert commands(case) == ["cancel inv_1", "cancel inv_3", "call 10", "call 20"]
    case.feed(value(6), value(8), value(10))
    failure = case.failure()
    assert (failure.code, failure.message) == (409, "cancelled")
    assert seen == ["[409] cancelled"]


@in_loop
async def test_restate_s_cancellation_cancels_what_gather_waits_for() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        with pytest.raises(CancelledError):
            await asyncio.gather(call(ctx, 1), asyncio.sleep(HOUR))
        return parcel

    case = Case(body).start().feed(id_of(1, "inv_1"), CANCEL)
    assert commands(case)[-3:] == ["cancel inv_1", "OutputCommandMessage", "EndMessage"]


@pytest.mark.parametrize("shield", ["a call", "a coroutine", "a group", "a gather"])
@in_loop
async def test_what_is_shielded_is_not_cancelled(shield: str) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def group() -> Parcel:
            async with asyncio.TaskGroup() as tasks:
                task = tasks.create_task(one())
            return task.result()

        async def one() -> Parcel:
            return await call(ctx, 1)

        shielded: Any = {
            "a call": lambda: asyncio.shield(call(ctx, 1)),
            "a coroutine": lambda: asyncio.shield(one()),
            "a group": lambda: asyncio.shield(group()),
            "a gather": lambda: asyncio.shield(asyncio.gather(one(), one())),
        }[shield]()
        with pytest.raises(CancelledError):
            await asyncio.gather(shielded, call(ctx, 2))
        await call(ctx, 3)
        return parcel

    case = Case(body).start()
    issued = commands(case)
    case.feed(*[id_of(2 * n + 1, f"inv_{text[-1]}") for n, text in enumerate(issued)], CANCEL)
    assert commands(case) == ["cancel inv_2", "call 3"]


@in_loop
async def test_cancelling_a_task_cancels_no_call() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def work() -> None:
            await call(ctx, 1)

        task = asyncio.create_task(work())
        await call(ctx, 2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return parcel

    case = Case(body).start().feed(id_of(3, "inv_3"), value(2))
    assert commands(case) == ["call 2", "call 1", "OutputCommandMessage", "EndMessage"]


@in_loop
async def test_a_plain_cancellation_that_leaves_the_handler_is_a_bug() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        task = asyncio.current_task()
        assert task is not None
        task.cancel("for no reason")
        await ctx.sleep(timedelta(0))
        return parcel

    assert Case(body).start().error().message == "CancelledError: for no reason"


# ---- Failures that leave the handler ----


@in_loop
async def test_a_group_of_terminal_errors_ends_the_invocation_with_the_first() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def fail(code: int) -> None:
            raise TerminalError(f"number {code}", code=code)

        async with asyncio.TaskGroup() as group:
            group.create_task(fail(441))
            group.create_task(fail(442))
        return parcel

    failure = Case(body).start().failure()
    assert (failure.code, failure.message) == (441, "number 441")


@in_loop
async def test_a_group_with_another_error_is_retried() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        raise ExceptionGroup("both", [TerminalError("no"), ExceptionGroup("x", [OSError("disk")])])

    assert "OSError: disk" in Case(body).start().error().message


@in_loop
async def test_a_timeout_that_leaves_the_handler_is_terminal() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async with asyncio.timeout(5):
            await ctx.awakeable(Parcel)
        return parcel

    assert Case(body).start().feed(result(1)).failure().code == 408


@in_loop
async def test_a_timeout_of_the_handler_s_own_is_retried() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        raise TimeoutError("a bug")

    assert Case(body).start().error().message == "TimeoutError: a bug"


# ---- The end of the handler ----


@in_loop
async def test_tasks_that_are_left_are_cancelled_before_the_output_and_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def careful() -> None:
            try:
                await asyncio.sleep(HOUR)
            finally:
                await call(ctx, 1)

        task = asyncio.create_task(careful(), name="the careful one")
        await asyncio.sleep(0)
        assert not task.done()
        return parcel

    case = Case(body).start()
    assert commands(case) == ["asyncio.sleep", "call 1"]
    case.feed(value(3))
    assert commands(case) == ["OutputCommandMessage", "EndMessage"]
    assert "the careful one" in caplog.text


@in_loop
async def test_a_task_that_never_ends_its_cleanup_is_ended() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def stubborn() -> None:
            while True:
                try:
                    await ctx.sleep(timedelta(0))
                except asyncio.CancelledError:
                    continue

        task = asyncio.create_task(stubborn())
        await asyncio.sleep(0)
        assert not task.done()
        return parcel

    case = Case(body).start()
    for id_ in range(1, 2_000):
        if not case.stream.ended:
            case.feed(result(id_))
    assert case.answer() == Parcel()
