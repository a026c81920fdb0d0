"""asyncio in a handler: its functions are durable."""

from __future__ import annotations

import asyncio
import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Context, TerminalError
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.asyncio_case import HOUR, VARIABLE, call, commands
from tests.runtime.case import CANCEL, Case, each_version, id_of, in_loop, result, value

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


@each_version
@in_loop
async def test_gather(version: int) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        first, second, third = await asyncio.gather(call(ctx, 1), call(ctx, 2), twice(ctx, 3))
        return Parcel(text=f"{first.number} {second.number} {third}")

    async def twice(ctx: Context, number: int) -> int:
        return (await call(ctx, number)).number + (await call(ctx, 10 * number)).number

    case = Case(body, version=version).start()
    assert commands(case) == ["call 1", "call 2", "call 3"]
    case.feed(value(6, Parcel(number=3)))
    assert commands(case) == ["call 30"]
    case.feed(value(4, Parcel(number=2)), value(8, Parcel(number=30)), value(2, Parcel(number=1)))
    assert case.answer().text == "1 2 33"


@in_loop
async def test_gather_with_exceptions() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        results = await asyncio.gather(call(ctx, 1), call(ctx, 2), return_exceptions=True)
        return Parcel(text=", ".join(type(each).__name__ for each in results))

    case = Case(body).start()
    case.feed(result(2, failure=pb.Failure(code=444, message="no")), value(4))
    assert case.answer().text == "TerminalError, Parcel"


@each_version
@in_loop
async def test_a_task_group_with_timers(version: int) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def pay(number: int) -> int:
            paid = await call(ctx, number)
            await asyncio.sleep(5)
            return paid.number

        async with asyncio.timeout(HOUR), asyncio.TaskGroup() as group:
            tasks = [group.create_task(pay(number)) for number in (1, 2)]
        return Parcel(number=sum(task.result() for task in tasks))

    case = Case(body, version=version).start()
    assert commands(case) == ["asyncio.timeout", "call 1", "call 2"]
    case.feed(value(5, Parcel(number=2)), value(3, Parcel(number=1)))
    assert commands(case) == ["asyncio.sleep", "asyncio.sleep"]
    case.feed(result(6), result(7))
    assert case.answer().number == 3


@in_loop
async def test_a_task_group_that_fails_aborts_its_tasks() -> None:
    seen: list[str] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def careful() -> None:
            try:
                await call(ctx, 1)
            finally:
                await call(ctx, 10)
                seen.append("compensated")

        async def bad() -> None:
            await call(ctx, 2)

        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(careful())
                group.create_task(bad())
        except* TerminalError as errors:
            seen.extend(str(error) for error in errors.exceptions)
        return parcel

    case = Case(body).start()
    case.feed(result(4, failure=pb.Failure(code=444, message="no")))
    assert commands(case) == ["call 1", "call 2", "call 10"]  # and no call is cancelled
    case.feed(value(6))
    assert case.answer() == Parcel()
    assert seen == ["compensated", "[444] no"]


@in_loop
async def test_a_timeout_forgets_what_was_awaited_and_cancels_nothing() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        answer = call(ctx, 1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await answer
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(answer, 5)
        return await answer

    case = Case(body).start().feed(result(3), result(4))
    assert commands(case) == ["call 1", "asyncio.timeout", "asyncio.timeout"]
    case.feed(value(2, Parcel(number=7)))
    assert case.answer().number == 7


@in_loop
async def test_a_timeout_after_a_group_that_failed_at_its_end() -> None:
    """asyncio's groups count a cancellation of their parent that never comes, before Python 3.13."""

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async with asyncio.timeout(5):
            with pytest.raises(ExceptionGroup):
                async with asyncio.TaskGroup() as group:
                    group.create_task(asyncio.wait_for(call(ctx, 1), HOUR))
            await call(ctx, 2)
        return parcel

    case = Case(body).start().feed(result(3, failure=pb.Failure(code=444, message="no")))
    assert commands(case) == ["asyncio.timeout", "call 1", "asyncio.timeout", "call 2"]
    assert case.feed(result(1)).failure().code == 408


@pytest.mark.parametrize("seconds", [math.inf, 1e300, 2**63])
@in_loop
async def test_a_timeout_that_never_passes_is_no_timer(seconds: float) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async with asyncio.timeout(seconds):
            return await call(ctx, 1)

    case = Case(body).start()
    assert commands(case) == ["call 1"]
    assert case.feed(value(2, Parcel(number=1))).answer().number == 1


@in_loop
async def test_a_long_chain_of_tasks_is_cancelled() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def link(number: int) -> None:
            if number == 0:
                await call(ctx, 1)
            else:
                await asyncio.gather(link(number - 1))

        await link(200)
        return parcel

    case = Case(body).start().feed(id_of(1, "inv_1"), CANCEL)
    assert commands(case)[:2] == ["call 1", "cancel inv_1"]


@in_loop
async def test_a_timer_that_is_not_needed_any_more_is_not_awaited() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async with asyncio.timeout(5):
            await call(ctx, 1)
        await call(ctx, 2)
        return parcel

    case = Case(body).start().feed(value(3))
    assert list(case.close_input().suspension().waiting_completions) == [5]


@in_loop
async def test_wait_gives_the_durable_futures_themselves() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        futures: list[Any] = [call(ctx, 1), call(ctx, 2), ctx.sleep(timedelta(hours=1))]
        done, pending = await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
        assert done == {futures[1]}
        assert pending == {futures[0], futures[2]}
        done, pending = await asyncio.wait(futures, timeout=5)
        assert pending == {futures[2]}
        return Parcel(number=futures[0].result().number)

    case = Case(body).start().feed(value(4))
    assert commands(case) == ["call 1", "call 2", "", "asyncio.timeout"]
    case.feed(value(2, Parcel(number=1)), result(6))
    assert case.answer().number == 1


@in_loop
async def test_as_completed() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        texts = [
            str((await each).number)
            for each in asyncio.as_completed([call(ctx, 1), call(ctx, 2), call(ctx, 3)])  # pyright: ignore[reportArgumentType] - typeshed has no awaitables there
        ]
        return Parcel(text=" ".join(texts))

    case = Case(body).start()
    case.feed(value(6, Parcel(number=3)), value(2, Parcel(number=1)), value(4, Parcel(number=2)))
    assert case.answer().text == "3 1 2"


@in_loop
async def test_locks_queues_and_their_like() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        queue: asyncio.Queue[int] = asyncio.Queue(1)
        lock, condition, opened = asyncio.Lock(), asyncio.Condition(), asyncio.Event()
        semaphore, barrier = asyncio.Semaphore(1), asyncio.Barrier(2)
        seen: list[str] = []

        async def produce() -> None:
            for number in (1, 2, 3):
                await queue.put((await call(ctx, number)).number)
            opened.set()
            await barrier.wait()

        async def consume() -> None:
            for _ in range(3):
                async with lock, semaphore:
                    seen.append(str(await queue.get()))
            await opened.wait()
            await barrier.wait()
            async with condition:
                condition.notify_all()

        async def listen() -> None:
            async with condition:
                await condition.wait()
            seen.append("notified")

        async with asyncio.TaskGroup() as group:
            for each in (listen(), produce(), consume()):
                group.create_task(each)
        return Parcel(text=" ".join(seen))

    case = Case(body).start()
    for id_, number in ((2, 1), (4, 2), (6, 3)):
        case.feed(value(id_, Parcel(number=number)))
    assert case.answer().text == "1 2 3 notified"


@in_loop
async def test_tasks_have_context_variables_of_their_own() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def work(name: str) -> str:
            before = VARIABLE.get()
            VARIABLE.set(name)
            await ctx.sleep(timedelta(0))
            return f"{before} {VARIABLE.get()}"

        VARIABLE.set("handler")
        texts = await asyncio.gather(work("a"), work("b"))
        return Parcel(text=", ".join([*texts, VARIABLE.get()]))

    case = Case(body).start().feed(result(1), result(2))
    assert case.answer().text == "handler a, handler b, handler"


@pytest.mark.parametrize("ends", ["in the middle", "with the handler"])
@in_loop
async def test_asynchronous_generators(ends: str) -> None:
    async def numbers(ctx: Context) -> AsyncGenerator[int]:
        try:
            for number in (1, 2):
                yield (await call(ctx, number)).number
        finally:
            await call(ctx, 9)

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async for number in numbers(ctx):
            parcel.number += number
            if ends == "with the handler":
                break
        return parcel

    case = Case(body).start().feed(value(2, Parcel(number=1)))
    if ends == "in the middle":
        case.feed(value(4, Parcel(number=2)), value(6))
        assert commands(case)[:3] == ["call 1", "call 2", "call 9"]
    else:
        assert commands(case) == ["call 1", "call 9"]  # before the output
        case.feed(value(4))
        assert commands(case) == ["OutputCommandMessage", "EndMessage"]


@in_loop
async def test_a_generator_that_fails_after_its_handler_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def numbers(ctx: Context) -> AsyncGenerator[int]:
        try:
            yield 1
        finally:
            await call(ctx, 9)

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async for number in numbers(ctx):
            parcel.number = number
            break
        return parcel

    case = Case(body).start().feed(result(2, failure=pb.Failure(code=444, message="no")))
    assert case.answer().number == 1
    assert "numbers, which failed when it was closed" in caplog.text


@in_loop
async def test_a_handler_has_the_context_variables_of_its_beginning() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        text = VARIABLE.get()
        VARIABLE.set("of the handler")
        await ctx.sleep(timedelta(0))
        return Parcel(text=f"{text}, {VARIABLE.get()}")

    VARIABLE.set("of the connection")
    case = Case(body).start()
    VARIABLE.set("changed")
    case.feed(result(1))
    assert case.answer().text == "of the connection, of the handler"
    assert VARIABLE.get() == "changed"


@in_loop
async def test_a_cancellation_from_within_is_raised_at_a_durable_wait() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        sleep = ctx.sleep(timedelta(hours=1))
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sleep
        return parcel

    assert Case(body).start().answer() == Parcel()
