"""Handlers see an ordinary asyncio task, though none runs them."""

from __future__ import annotations

import asyncio
import contextvars
import sys
from datetime import timedelta
from typing import Any

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Context
from restate_proto.runtime.task import EagerTask
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import Case, in_loop, result

HOUR = 3600  # a timeout that does not come

VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("VARIABLE", default="unset")


class Task(EagerTask):
    """Keeps its outcome."""

    def __init__(self, coroutine: Any, name: str = "a task") -> None:
        super().__init__(asyncio.get_running_loop(), coroutine, name)
        self.outcome: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def _finished(self, result: Any, error: BaseException | None) -> None:
        if error is None:
            self.outcome.set_result(result)
        elif isinstance(error, asyncio.CancelledError):
            self.outcome.cancel()
        else:
            self.outcome.set_exception(error)


# ---- As a task ----


@in_loop
async def test_it_runs_at_once_and_on_from_where_it_waited() -> None:
    steps: list[str] = []
    gate: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def work() -> str:
        steps.append("begun")
        return await gate

    task = Task(work())
    assert steps == []
    task.step()
    assert steps == ["begun"]
    assert not task.done()
    gate.set_result("done")
    assert await task.outcome == "done"
    assert task.done()
    task.step()  # nothing any more
    task.stop(RuntimeError("too late"))
    assert not task.cancel()


@in_loop
async def test_it_is_the_current_task_while_it_runs() -> None:
    outer = asyncio.current_task()
    seen: list[object] = []

    async def inner() -> None:
        seen.append(asyncio.current_task())
        await asyncio.sleep(0)
        seen.append(asyncio.current_task())

    async def work() -> None:
        seen.append(asyncio.current_task())
        nested.step()
        seen.append(asyncio.current_task())
        await asyncio.sleep(0)

    nested = Task(inner())
    task = Task(work())
    task.step()
    assert asyncio.current_task() is outer
    assert seen == [task, nested, task]
    await nested.outcome
    await task.outcome
    assert seen[-1] is nested
    assert asyncio.current_task() is outer


@in_loop
async def test_it_has_the_context_variables_of_its_beginning_and_keeps_its_own() -> None:
    async def work() -> tuple[str, str]:
        before = VARIABLE.get()
        VARIABLE.set("inside")
        await asyncio.sleep(0)
        return before, VARIABLE.get()

    VARIABLE.set("outside")
    task = Task(work())
    VARIABLE.set("changed")
    task.step()
    assert await task.outcome == ("outside", "inside")
    assert VARIABLE.get() == "changed"


@in_loop
async def test_names() -> None:
    async def work() -> None: ...

    coroutine = work()
    task = Task(coroutine, "first")
    assert task.get_name() == "first"
    task.set_name(3)
    assert task.get_name() == "3"
    assert task.get_coro() is coroutine
    assert task.get_loop() is asyncio.get_running_loop()
    task.step()


@in_loop
async def test_cancel_while_it_waits_for_asyncio() -> None:
    gate: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def work() -> str:
        return await gate

    task = Task(work())
    task.step()
    assert task.cancel()
    assert task.cancelling() == 1
    with pytest.raises(asyncio.CancelledError):
        await task.outcome
    assert gate.cancelled()


@in_loop
async def test_a_cancel_that_it_swallows() -> None:
    async def work() -> str:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            return "swallowed"
        return "not cancelled"

    task = Task(work())
    task.step()
    assert task.cancel("why")
    assert await task.outcome == "swallowed"


@in_loop
async def test_cancel_from_within_is_raised_at_the_next_await() -> None:
    async def work() -> str:
        task.cancel()
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            return "at the await"
        return "not cancelled"

    task = Task(work())
    task.step()
    assert await task.outcome == "at the await"


@in_loop
async def test_an_uncancel_takes_it_back() -> None:
    async def work() -> str:
        task.cancel()
        assert task.cancelling() == 1
        assert task.uncancel() == 0
        assert task.uncancel() == 0
        await asyncio.sleep(0)
        return "went on"

    task = Task(work())
    task.step()
    assert await task.outcome == "went on"


@in_loop
async def test_stop_raises_where_it_waits() -> None:
    gate: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def work() -> None:
        await gate

    task = Task(work())
    task.step()
    task.stop(OSError("stopped"))
    with pytest.raises(OSError, match="stopped"):
        await task.outcome
    assert gate.cancelled()


@in_loop
async def test_what_nobody_can_wait_for() -> None:
    class Strange:
        def __await__(self) -> Any:
            yield "something"

    async def work() -> str:
        with pytest.raises(RuntimeError, match="cannot wait for: 'something'"):
            await Strange()
        return "went on"

    task = Task(work())
    task.step()
    assert await task.outcome == "went on"


@in_loop
async def test_the_error_of_a_future_is_raised_where_it_is_awaited() -> None:
    gate: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def work() -> str:
        with pytest.raises(OSError, match="broken"):
            await gate
        done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        done.set_result("done")
        return await done

    task = Task(work())
    task.step()
    gate.set_exception(OSError("broken"))
    assert await task.outcome == "done"


# ---- As a handler ----


async def quickly(text: str) -> str:
    await asyncio.sleep(0)
    return text


@in_loop
async def test_a_handler_may_use_asyncio() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        task = asyncio.current_task()
        assert task is not None
        assert task.get_name() == "runtime.v1.Service/Handle"
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(quickly(text)) for text in "ab"]
        texts = [task.result() for task in tasks]
        texts += await asyncio.gather(quickly("c"), quickly("d"))
        texts.append(await asyncio.wait_for(quickly("e"), HOUR))
        async with asyncio.timeout(HOUR):
            texts.append(await asyncio.shield(quickly("f")))
        texts.append(await asyncio.to_thread(str, "g"))
        await ctx.sleep(timedelta(0))
        return Parcel(text="".join(texts))

    case = Case(body).start()
    await case.until_written()
    case.feed(result(1))
    assert case.answer().text == "abcdefg"


@in_loop
async def test_a_task_group_with_a_failure() -> None:
    async def fail() -> None:
        raise OSError("one failed")

    async def forever() -> None:
        await asyncio.get_running_loop().create_future()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(fail())
                group.create_task(forever())
                await forever()
        except ExceptionGroup as errors:
            return Parcel(text=repr(errors.exceptions))
        return parcel

    case = Case(body).start()
    await case.until_written()
    assert case.answer().text == "(OSError('one failed'),)"


@in_loop
async def test_a_timeout_around_asyncio() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await asyncio.get_running_loop().create_future()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.get_running_loop().create_future(), 0.001)
        await ctx.sleep(timedelta(0))
        return Parcel(number=1)

    case = Case(body).start()
    await case.until_written()
    case.feed(result(1))
    assert case.answer().number == 1


@in_loop
async def test_a_timeout_around_a_durable_wait_ends_it() -> None:
    """That is not durable (select with a sleep is), but it works in the attempt."""

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        sleep = ctx.sleep(timedelta(hours=1))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await sleep
        await sleep
        return Parcel(number=1)

    case = Case(body).start()
    case.sent_one(pb.SleepCommandMessage)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    case.feed(result(1))
    assert case.answer().number == 1


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
async def test_a_cancellation_keeps_its_message() -> None:
    """anyio tells its own cancellations, such as the timeouts of httpx, by the message."""
    messages: list[Any] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        task: Any = asyncio.current_task()
        loop = asyncio.get_running_loop()
        loop.call_soon(task.cancel, "while it waits for asyncio")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as error:
            messages.append(error.args)
        task.cancel("while it runs")
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError as error:
            messages.append(error.args)
        loop.call_soon(task.cancel, "while it waits for Restate")
        try:
            await ctx.sleep(timedelta(hours=1))
        except asyncio.CancelledError as error:
            messages.append(error.args)
        return parcel

    case = Case(body).start()
    while not case.stream.ended:
        await case.until_written()
    assert messages == [
        ("while it waits for asyncio",),
        ("while it runs",),
        ("while it waits for Restate",),
    ]


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


_OWN_TASK = "asyncio.wait_for waits in the caller's own task there"


@pytest.mark.parametrize(
    "way",
    [
        "gather",
        "task",
        "task group",
        pytest.param(
            "wait_for", marks=pytest.mark.skipif(sys.version_info >= (3, 12), reason=_OWN_TASK)
        ),
    ],
)
@in_loop
async def test_a_durable_operation_outside_of_the_handler_s_own_code(way: str) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def elsewhere() -> None:
            await ctx.sleep(timedelta(hours=1))

        if way == "gather":
            await asyncio.gather(ctx.sleep(timedelta(hours=1)), quickly("x"))
        elif way == "task":
            await asyncio.create_task(elsewhere())
        elif way == "wait_for":
            await asyncio.wait_for(ctx.sleep(timedelta(hours=1)), HOUR)
        else:
            async with asyncio.TaskGroup() as group:
                group.create_task(elsewhere())
        return parcel

    case = Case(body).start()
    case.sent()
    await case.until_written()
    assert "restate_proto.gather and restate_proto.select" in case.error().message
