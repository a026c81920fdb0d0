"""asyncio in a handler: its functions are durable, and the journal decides the order."""

from __future__ import annotations

import asyncio
import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Context, TerminalError
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.asyncio_case import ECHO, HOUR, VARIABLE, call, commands, each_version
from tests.runtime.case import CANCEL, Case, id_of, in_loop, result, value

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


# ---- asyncio's functions ----


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


# ---- The order of things ----


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
