"""Scenarios of tasks, futures, callbacks and context variables."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from typing import TYPE_CHECKING, Any

import pytest

from tests.runtime.asyncio_scenarios.account import (
    BodyError,
    ChildError,
    cleaning,
    names,
    scenario,
    stubborn,
    this_task,
    told,
    work,
)

if TYPE_CHECKING:
    from tests.runtime.asyncio_scenarios.account import Say

VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("VARIABLE", default="unset")


@scenario
async def tasks_begin_in_the_order_of_their_creation(say: Say) -> object:
    async def begin(name: str) -> None:
        say(f"{name} begins")
        await asyncio.sleep(0)
        say(f"{name} goes on")

    tasks = [asyncio.create_task(begin(name)) for name in "abc"]
    say("made")
    for task in tasks:
        await task
    return None


@scenario
async def a_task_is_awaited_twice(say: Say) -> object:
    task = asyncio.create_task(work(say, "a"))
    return await task, await task, task.done(), task.result()


@scenario
async def the_failure_of_a_task_is_raised_where_it_is_awaited(say: Say) -> object:
    task = asyncio.create_task(work(say, "a", 1, ChildError("x")))
    for _ in range(2):
        try:
            await task
        except ChildError as error:
            say(told(error))
    return told(task.exception() or BodyError())


@scenario
async def a_task_that_is_not_done_has_no_result(say: Say) -> object:
    task = asyncio.create_task(work(say, "a"))
    for ask in (task.result, task.exception):
        with pytest.raises(asyncio.InvalidStateError):
            ask()
    return await task


@scenario
async def a_task_is_cancelled_before_it_begins(say: Say) -> object:
    task = asyncio.create_task(work(say, "a"))
    say(task.cancel("early"))
    try:
        await task
    except asyncio.CancelledError as error:
        say(told(error))
    return task.cancelled(), task.cancel()


@scenario
async def a_task_is_cancelled_where_it_waits(say: Say) -> object:
    task = asyncio.create_task(work(say, "a", 5))
    await asyncio.sleep(1)
    say((task.cancel("stop"), task.cancelling()))
    try:
        await task
    except asyncio.CancelledError as error:
        say(told(error))
    return task.cancelled()


@scenario
async def a_task_is_cancelled_twice_before_it_runs(say: Say) -> object:
    task = asyncio.create_task(work(say, "a", 5))
    await asyncio.sleep(1)
    say((task.cancel("one"), task.cancel("two"), task.cancelling()))
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return task.cancelling()


@scenario
async def a_task_that_ignores_its_cancellation(say: Say) -> object:
    task = asyncio.create_task(stubborn(say, "a", 5))
    await asyncio.sleep(1)
    task.cancel()
    return await task, task.cancelled(), task.cancelling(), task.uncancel()


@scenario
async def a_task_cancels_itself(say: Say) -> object:
    async def cancel_myself() -> None:
        this_task().cancel("myself")
        say("not yet")
        await work(say, "inner")

    task = asyncio.create_task(cancel_myself())
    await asyncio.wait([task])
    return task.cancelled()


@scenario
async def a_task_cancels_itself_and_returns(say: Say) -> object:
    async def cancel_myself() -> str:
        this_task().cancel()
        return "returned"

    task = asyncio.create_task(cancel_myself())
    await asyncio.wait([task])
    return task.cancelled()


@scenario
async def a_cancellation_at_sleep_0(say: Say) -> object:
    async def spin() -> None:
        try:
            while True:  # noqa: ASYNC110 - what is tested
                await asyncio.sleep(0)
        finally:
            say("ended")

    task = asyncio.create_task(spin())
    for _ in range(3):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    return task.cancelled()


@scenario
async def a_cancellation_goes_through_the_tasks_that_wait_for_each_other(say: Say) -> object:
    async def outer() -> None:
        inner = asyncio.create_task(cleaning(say, "inner", 9))
        try:
            await inner
        finally:
            say(f"outer {inner.cancelled()}")

    task = asyncio.create_task(outer())
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.wait([task])
    return task.cancelled()


@scenario
async def a_task_that_is_done_is_cancelled_in_vain(say: Say) -> object:
    task = asyncio.create_task(work(say, "a"))
    await task
    return task.cancel(), task.cancelled(), task.cancelling()


@scenario
async def a_cancellation_comes_with_the_result(say: Say) -> object:
    future = asyncio.get_running_loop().create_future()

    async def wait() -> str:
        try:
            return await future
        finally:
            say("left")

    task = asyncio.create_task(wait())
    await asyncio.sleep(1)
    future.set_result("value")
    task.cancel()
    await asyncio.wait([task])
    return task.cancelled(), future.result()


@scenario
async def a_cleanup_is_cancelled_as_well(say: Say) -> object:
    task = asyncio.create_task(cleaning(say, "a", 9))
    await asyncio.sleep(1)
    task.cancel("one")
    await asyncio.sleep(0)
    task.cancel("two")
    await asyncio.wait([task])
    return task.cancelled(), task.cancelling()


@scenario
async def callbacks_of_a_task_in_their_order(say: Say) -> object:
    task = asyncio.create_task(work(say, "a"))

    def removed(_: object) -> None:
        say("removed")

    for number in range(3):
        task.add_done_callback(lambda done, number=number: say((number, done.result())))
    task.add_done_callback(removed)
    say(task.remove_done_callback(removed))
    await task
    say("awaited")
    task.add_done_callback(lambda _: say("late"))
    await asyncio.sleep(0)
    return None


@scenario
async def names_and_all_tasks(say: Say) -> object:
    task = asyncio.create_task(work(say, "a"), name="first")
    say(names(asyncio.all_tasks() - {this_task()}))
    task.set_name("renamed")
    await task
    say(task in asyncio.all_tasks())
    return task.get_name()


@scenario
async def context_variables_of_tasks(say: Say) -> object:
    async def change(name: str) -> None:
        say(VARIABLE.get())
        VARIABLE.set(name)
        await asyncio.sleep(1)
        say(VARIABLE.get())

    VARIABLE.set("parent")
    context = contextvars.copy_context()
    await asyncio.gather(
        asyncio.create_task(change("a")), asyncio.create_task(change("b"), context=context)
    )
    return VARIABLE.get(), context[VARIABLE]


@scenario
async def context_variables_of_callbacks(say: Say) -> object:
    loop = asyncio.get_running_loop()
    VARIABLE.set("of call_soon")
    loop.call_soon(lambda: say(VARIABLE.get()))
    VARIABLE.set("of call_later")
    loop.call_later(1, lambda: say(VARIABLE.get()))
    VARIABLE.set("of add_done_callback")
    future = loop.create_future()
    future.add_done_callback(lambda _: say(VARIABLE.get()))
    VARIABLE.set("after")
    future.set_result(None)
    await asyncio.sleep(2)
    return None


@scenario
async def call_soon_and_call_later_in_their_order(say: Say) -> object:
    loop = asyncio.get_running_loop()
    loop.call_later(3, say, "three")
    loop.call_later(1, say, "one")
    gone = loop.call_later(2, say, "two")
    loop.call_soon(say, "soon")
    dropped = loop.call_soon(say, "dropped")
    dropped.cancel()
    gone.cancel()
    await asyncio.sleep(4)
    return gone.cancelled(), dropped.cancelled()


@scenario
async def a_callback_that_raises_stops_nothing(say: Say) -> object:
    loop = asyncio.get_running_loop()

    def fail() -> None:
        raise BodyError("of a callback")

    loop.call_soon(fail)
    loop.call_soon(say, "next")
    await asyncio.sleep(1)
    return None


@scenario
async def ensure_future_of_everything_awaitable(say: Say) -> object:
    class Thing:
        def __await__(self) -> Any:
            return (yield from work(say, "thing").__await__())

    task = asyncio.create_task(work(say, "task"))
    assert asyncio.ensure_future(task) is task
    return await asyncio.gather(Thing(), task, work(say, "coroutine", 2))


@scenario
async def a_future_is_awaited_by_many(say: Say) -> object:
    future: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def wait(name: str) -> None:
        say(f"{name} {await future}")

    tasks = [asyncio.create_task(wait(name)) for name in "abc"]
    await asyncio.sleep(1)
    future.set_result("here")
    await asyncio.gather(*tasks)
    return await future


@scenario
async def one_waiter_of_a_future_is_cancelled(say: Say) -> object:
    future: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def wait(name: str) -> None:
        try:
            await future
        except asyncio.CancelledError:
            say(f"{name} cancelled")
            raise

    tasks = [asyncio.create_task(wait(name)) for name in "ab"]
    await asyncio.sleep(1)
    tasks[0].cancel()
    await asyncio.wait(tasks)
    return future.cancelled(), [task.cancelled() for task in tasks]


@scenario
async def something_that_cannot_be_awaited(say: Say) -> object:
    class Thing:
        def __await__(self) -> Any:
            yield "nonsense"

    try:
        await Thing()
    except RuntimeError:
        say("refused")
    await asyncio.sleep(1)
    return None
