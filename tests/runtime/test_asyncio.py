"""asyncio in a handler: its functions are durable, and what could not be repeated is refused."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import math
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import CancelledError, Context, DurableFuture, Target, TerminalError
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import CANCEL, VERSIONS, Case, id_of, in_loop, result, signal, value

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

HOUR = 3600
ECHO = Target.service("runtime.v1.Service", "Handle")
VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("VARIABLE", default="unset")
each_version = pytest.mark.parametrize("version", VERSIONS)


def call(ctx: Context, number: int) -> DurableFuture[Parcel]:
    return ctx.call(ECHO, Parcel(number=number), Parcel)


def commands(case: Case) -> list[str]:
    """What the attempt has issued since the last look: names of timers, numbers of calls."""
    seen: list[str] = []
    for message in case.sent():
        if isinstance(message, pb.SleepCommandMessage):
            seen.append(message.name)
        elif isinstance(message, pb.CallCommandMessage):
            seen.append(f"call {Parcel.FromString(message.parameter).number}")
        elif isinstance(message, pb.SendSignalCommandMessage):
            seen.append(f"cancel {message.target_invocation_id}")
        elif not isinstance(message, pb.AwaitingOnMessage):
            seen.append(type(message).__name__)
    return seen


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


@in_loop
async def test_a_timeout_that_never_passes_is_no_timer() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async with asyncio.timeout(math.inf):
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


# ---- What is refused ----


async def _timeout_at(_: Context) -> None:
    async with asyncio.timeout_at(5):
        await asyncio.sleep(0)


async def _as_completed(_: Context) -> None:
    for each in asyncio.as_completed([asyncio.sleep(1)]):
        await each


async def _cancel_scope(ctx: Context) -> None:
    with anyio.CancelScope():
        await ctx.sleep(timedelta(0))


async def _fail_after(ctx: Context) -> None:
    with anyio.fail_after(5):
        await ctx.sleep(timedelta(0))


async def _task_group(ctx: Context) -> None:
    async with anyio.create_task_group():
        await ctx.sleep(timedelta(0))


async def _time(_: Context) -> None:
    asyncio.get_running_loop().time()


async def _call_at(_: Context) -> None:
    asyncio.get_running_loop().call_at(5.0, print)


async def _make_task(_: Context) -> None:
    coroutine = asyncio.sleep(1)
    try:
        await asyncio.Task(coroutine)
    finally:
        coroutine.close()


REFUSED: dict[str, tuple[Callable[[Context], Awaitable[object]], str]] = {
    "timeout_at": (_timeout_at, r"asyncio.timeout_at\(\) .*test_asyncio.py:\d+.*asyncio.timeout\("),
    "time": (_time, r"loop.time\(\) .*test_asyncio.py:\d+.*await ctx.time\(\)"),
    "call_at": (_call_at, r"loop.call_at\(\) .*test_asyncio.py:\d+"),
    "Task": (_make_task, r"asyncio.Task\(\) .*test_asyncio.py:\d+.*create_task"),
    "to_thread": (lambda _: asyncio.to_thread(int), r"loop.run_in_executor\(\) .*ctx.run"),
    "sockets": (lambda _: asyncio.open_connection("x", 1), r"loop.create_connection\(\) .*ctx.run"),
    "as_completed": (_as_completed, r"as_completed\(\) over coroutines .*create_task"),
    "anyio's scopes": (_cancel_scope, r"anyio .*test_asyncio.py:\d+.*ctx.run"),
    "anyio's timeouts": (_fail_after, r"anyio .*test_asyncio.py:\d+.*ctx.run"),
    "anyio's groups": (_task_group, r"anyio .*test_asyncio.py:\d+.*ctx.run"),
}


@pytest.mark.parametrize("what", list(REFUSED))
@in_loop
async def test_what_no_other_attempt_could_repeat_is_refused(what: str) -> None:
    function, pattern = REFUSED[what]

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        with pytest.raises(RuntimeError, match=pattern):
            await function(ctx)
        return Parcel(number=1)

    assert Case(body).start().answer().number == 1


@pytest.mark.parametrize("where", ["the handler", "a task"])
@in_loop
async def test_a_future_of_the_real_loop_is_refused(where: str) -> None:
    real = asyncio.get_running_loop().create_future()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def wait() -> None:
            await real

        with pytest.raises(RuntimeError, match=r"belongs to the real event loop .*ctx.run"):
            await (wait() if where == "the handler" else asyncio.create_task(wait()))
        return Parcel(number=1)

    assert Case(body).start().answer().number == 1


@pytest.mark.parametrize("way", ["argument", "variable"])
@pytest.mark.parametrize("class_", [asyncio.Queue, asyncio.LifoQueue, asyncio.Event])
@in_loop
async def test_a_queue_of_the_handler_is_refused_in_a_run(way: str, class_: type[Any]) -> None:
    """The run fills it before anybody waits, and nobody fills it for the next attempt."""

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        queue = class_()

        async def fill(*_: object) -> None:
            queue.put_nowait("item")

        async def nothing(*_: object) -> None:
            pass

        with pytest.raises(RuntimeError, match=r"ctx.run 'fill'.*Return what the handler needs"):
            await (ctx.run("fill", fill) if way == "variable" else ctx.run("fill", nothing, queue))
        return parcel

    Case(body).start().answer()


@in_loop
async def test_a_queue_of_the_process_is_not_refused_in_a_run() -> None:
    queue: asyncio.Queue[str] = asyncio.Queue()
    waited: asyncio.Queue[str] = asyncio.Queue()
    waiting = asyncio.create_task(waited.get())
    await asyncio.sleep(0)
    waiting.cancel()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        mine = waited

        async def fill(*_: object) -> None:
            queue.put_nowait("item")
            mine.put_nowait("item")

        await ctx.run("fill", fill, queue)
        return parcel

    Case(body).start()
    assert (await queue.get(), await waited.get()) == ("item", "item")


@in_loop
async def test_a_lock_of_another_invocation_is_refused() -> None:
    lock = asyncio.Lock()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async with lock:
            await ctx.sleep(timedelta(0))
        return parcel

    first = Case(body).start()
    second = Case(body).start()
    assert "waits for nothing that can happen" in second.error().message
    first.feed(result(1))
    assert first.stream.ended


@in_loop
async def test_an_event_of_another_invocation_is_refused() -> None:
    events: list[asyncio.Event] = []

    async def listen(ctx: Context, parcel: Parcel) -> Parcel:
        events.append(asyncio.Event())
        await asyncio.gather(events[0].wait(), ctx.sleep(timedelta(0)))
        return parcel

    async def tell(ctx: Context, parcel: Parcel) -> Parcel:
        events[0].set()
        return parcel

    listener = Case(listen).start()
    listener.sent()
    assert "used by another invocation" in Case(tell).start().error().message
    await listener.until_written()
    assert "used by another invocation" in listener.error().message


@in_loop
async def test_the_function_of_a_run_sees_the_real_loop() -> None:
    real = asyncio.get_running_loop()
    seen: list[bool] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def function() -> None:
            seen.append(asyncio.get_running_loop() is real)
            await asyncio.sleep(0)
            seen.append(asyncio.get_running_loop() is real)

        seen.append(asyncio.get_running_loop() is real)
        await ctx.run("function", function)
        return parcel

    case = Case(body).start()
    case.sent()
    await case.until_written()
    assert seen == [False, True, True]
    assert asyncio.get_running_loop() is real


@in_loop
async def test_there_is_no_suspension_while_a_run_of_a_task_is_executed() -> None:
    gate = asyncio.Event()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def function() -> int:
            await gate.wait()
            return 7

        await asyncio.gather(ctx.run("function", function), ctx.awakeable(Parcel))
        return parcel

    case = Case(body).start()
    case.close_input()
    assert not case.stream.ended
    gate.set()
    case.sent()
    await case.until_written()
    proposal, suspension = case.sent()
    assert isinstance(proposal, pb.ProposeRunCompletionMessage)
    assert isinstance(suspension, pb.SuspensionMessage)
    assert list(suspension.waiting_completions) == [1]
    assert 17 in suspension.waiting_signals


@each_version
@in_loop
async def test_a_suspension_names_all_that_any_task_waits_for(version: int) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async with asyncio.timeout(HOUR):
            await asyncio.gather(call(ctx, 1), ctx.awakeable(Parcel), asyncio.sleep(HOUR))
        return parcel

    suspension = Case(body, version=version).start().close_input().suspension()
    if version >= 7:
        tree = suspension.awaiting_on
        assert tree.combinator_type == pb.FIRST_COMPLETED
        completions, signals = tree.waiting_completions, tree.waiting_signals
    else:
        completions, signals = suspension.waiting_completions, suspension.waiting_signals
    assert sorted(completions) == [1, 3, 4]
    assert sorted(signals) == [1, 17]


@in_loop
async def test_signals_end_a_wait_of_a_task() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        first, _ = await asyncio.gather(ctx.awakeable(Parcel), ctx.awakeable(Parcel))
        return first

    case = Case(body).start()
    case.feed(signal(18), signal(17, Parcel(number=3).SerializeToString()))
    assert case.answer().number == 3


@in_loop
async def test_a_callback_that_exits_fails_the_attempt_and_not_the_process() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        call(ctx, 1).add_done_callback(lambda _: sys.exit(3))
        await ctx.sleep(timedelta(0))
        return parcel

    assert Case(body).start().feed(value(2)).error().message == "SystemExit: 3"


@in_loop
async def test_a_task_that_waits_on_after_its_handler_has_ended_is_ended(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        queue: asyncio.Queue[int] = asyncio.Queue()

        async def stubborn() -> None:
            while True:
                with contextlib.suppress(asyncio.CancelledError):
                    await queue.get()

        task = asyncio.create_task(stubborn(), name="the stubborn one")
        await asyncio.sleep(0)
        assert not task.done()
        return parcel

    assert Case(body).start().answer() == Parcel()
    assert "the stubborn one has ignored" in caplog.text


@in_loop
async def test_tasks_that_make_tasks_for_ever_are_ended_with_their_handler() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        def work_again(_: object) -> None:
            asyncio.create_task(asyncio.sleep(HOUR)).add_done_callback(work_again)

        work_again(None)
        await asyncio.sleep(0)
        return parcel

    case = Case(body).start()
    for _ in range(100):
        await asyncio.sleep(0)
    assert case.answer() == Parcel()


@in_loop
async def test_a_notification_costs_the_same_however_many_tasks_wait() -> None:
    """Without looking at what each of them waits for, as long as nobody has to be told."""

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async with asyncio.TaskGroup() as group:
            for number in range(parcel.number):
                group.create_task(wait(ctx, number))
        return parcel

    async def wait(ctx: Context, number: int) -> None:
        await call(ctx, number)

    def function_calls(tasks: int) -> int:
        case = Case(body).start(payload=Parcel(number=tasks))
        count = 0

        def profile(_: object, event: str, __: object) -> None:
            nonlocal count
            count += event == "call"

        sys.setprofile(profile)
        try:
            case.feed(value(2))
        finally:
            sys.setprofile(None)
        return count

    assert function_calls(500) < function_calls(10) + 20
