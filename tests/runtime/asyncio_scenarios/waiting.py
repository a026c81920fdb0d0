"""Scenarios of `asyncio.gather`, `wait`, `as_completed` and `shield`."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from tests.runtime.asyncio_scenarios.account import (
    ChildError,
    cleaning,
    names,
    scenario,
    stubborn,
    told,
    work,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from tests.runtime.asyncio_scenarios.account import Say


@scenario
async def gather_keeps_the_order_of_its_arguments(say: Say) -> object:
    return await asyncio.gather(work(say, "a", 3), work(say, "b", 1), work(say, "c", 2))


@scenario
async def gather_of_nothing(say: Say) -> object:
    say("before")
    nothing: list[str] = await asyncio.gather()
    return nothing


@scenario
async def gather_of_the_same_task_twice(say: Say) -> object:
    task = asyncio.create_task(work(say, "a"))
    return await asyncio.gather(task, work(say, "b", 2), task)


@scenario
async def gather_raises_the_first_failure_and_the_others_go_on(say: Say) -> object:
    try:
        await asyncio.gather(
            work(say, "a", 2), work(say, "b", 1, ChildError(1)), work(say, "c", 3, ChildError(2))
        )
    except ChildError as error:
        say(told(error))
    await asyncio.sleep(5)
    return None


@scenario
async def gather_returns_failures(say: Say) -> object:
    results = await asyncio.gather(
        work(say, "a", 2), work(say, "b", 1, ChildError(1)), return_exceptions=True
    )
    return [each if isinstance(each, str) else told(each) for each in results]


@scenario
async def gather_is_cancelled(say: Say) -> object:
    group = asyncio.gather(work(say, "a", 5), stubborn(say, "b", 5))
    await asyncio.sleep(1)
    say(group.cancel("all"))
    try:
        await group
    except asyncio.CancelledError as error:
        say(told(error))
    return group.cancelled(), group.cancel()


@scenario
async def one_of_gather_is_cancelled(say: Say) -> object:
    task = asyncio.create_task(work(say, "a", 5))
    group = asyncio.gather(task, work(say, "b", 2))
    await asyncio.sleep(1)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await group
    await asyncio.sleep(5)
    return group.cancelled()


@scenario
async def the_task_that_gathers_is_cancelled(say: Say) -> object:
    async def outer() -> object:
        return await asyncio.gather(
            work(say, "a", 5), cleaning(say, "b", 5), return_exceptions=True
        )

    task = asyncio.create_task(outer())
    await asyncio.sleep(1)
    task.cancel("outer")
    await asyncio.wait([task])
    return task.cancelled()


@scenario
async def gathers_in_gathers(say: Say) -> object:
    inner = asyncio.gather(work(say, "a", 2), work(say, "b", 1))
    return await asyncio.gather(inner, asyncio.gather(work(say, "c", 3)))


@scenario
async def wait_for_all(say: Say) -> object:
    tasks = [asyncio.create_task(work(say, name, 4 - n), name=name) for n, name in enumerate("abc")]
    done, pending = await asyncio.wait(tasks)
    return names(done), names(pending)


@scenario
async def wait_for_the_first(say: Say) -> object:
    tasks = [asyncio.create_task(work(say, name, 4 - n), name=name) for n, name in enumerate("abc")]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    say((names(done), names(pending)))
    return await asyncio.gather(*tasks)


@scenario
async def wait_for_the_first_failure(say: Say) -> object:
    errors = (None, ChildError(), None)
    tasks = [
        asyncio.create_task(work(say, name, n + 1, errors[n]), name=name)
        for n, name in enumerate("abc")
    ]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    say((names(done), names(pending)))
    for task in pending:
        task.cancel()
    await asyncio.wait(pending)
    return [type(task.exception()).__name__ for task in tasks[:2]]


@scenario
async def wait_with_a_timeout(say: Say) -> object:
    tasks = [
        asyncio.create_task(work(say, name, 2 * n + 1), name=name) for n, name in enumerate("abc")
    ]
    for seconds in (2, 0, 10):
        done, pending = await asyncio.wait(tasks, timeout=seconds)
        say((names(done), names(pending)))
    return None


@scenario
async def wait_for_what_is_done_already(say: Say) -> object:
    task = asyncio.create_task(work(say, "a"), name="a")
    await task
    other = asyncio.create_task(work(say, "b"), name="b")
    done, pending = await asyncio.wait([task, other], return_when=asyncio.FIRST_COMPLETED)
    say((names(done), names(pending)))
    return await other


@scenario
async def wait_of_coroutines_is_refused(say: Say) -> object:
    coroutine = work(say, "a")
    try:
        await asyncio.wait([coroutine])  # pyright: ignore[reportArgumentType, reportCallIssue]
    except TypeError:
        say("refused")
    coroutine.close()
    try:
        await asyncio.wait([])
    except ValueError as error:
        say(error)
    return None


@scenario
async def a_wait_is_cancelled_and_its_tasks_are_not(say: Say) -> object:
    tasks = [asyncio.create_task(work(say, name, 3), name=name) for name in "a"]
    waiter = asyncio.create_task(asyncio.wait(tasks))
    await asyncio.sleep(1)
    waiter.cancel()
    await asyncio.wait([waiter])
    say(waiter.cancelled())
    return await tasks[0]


@scenario
async def as_completed_in_the_order_of_ends(say: Say) -> object:
    tasks = [asyncio.create_task(work(say, name, 4 - n)) for n, name in enumerate("abc")]
    return [await each for each in asyncio.as_completed(tasks)]


@scenario
async def as_completed_with_failures(say: Say) -> object:
    errors = (None, ChildError("x"), None)
    tasks = [asyncio.create_task(work(say, name, n + 1, errors[n])) for n, name in enumerate("abc")]
    for each in asyncio.as_completed(tasks):
        try:
            say(await each)
        except ChildError as error:
            say(told(error))
    return None


@scenario
async def as_completed_with_a_timeout(say: Say) -> object:
    tasks = [asyncio.create_task(work(say, name, 3 * n + 1)) for n, name in enumerate("abc")]
    try:
        for each in asyncio.as_completed(tasks, timeout=2):
            say(await each)
    except TimeoutError:
        say("timeout")
    return await asyncio.gather(*tasks)


@scenario
async def as_completed_that_is_left(say: Say) -> object:
    tasks = [asyncio.create_task(work(say, name, n + 1)) for n, name in enumerate("abc")]
    for each in asyncio.as_completed(tasks):
        say(await each)
        break
    return await asyncio.gather(*tasks)


@scenario
async def a_shield_holds_a_cancellation_off(say: Say) -> object:
    inner = asyncio.create_task(work(say, "inner", 3))
    outer = asyncio.create_task(_await(asyncio.shield(inner)))
    await asyncio.sleep(1)
    outer.cancel()
    await asyncio.wait([outer])
    say((outer.cancelled(), inner.done()))
    return await inner


async def _await(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


@scenario
async def what_is_shielded_is_cancelled(say: Say) -> object:
    inner = asyncio.create_task(work(say, "inner", 3))
    shield = asyncio.shield(inner)
    await asyncio.sleep(1)
    inner.cancel()
    await asyncio.wait([shield])
    return shield.cancelled()


@scenario
async def what_is_shielded_fails(say: Say) -> object:
    try:
        await asyncio.shield(work(say, "inner", 1, ChildError("x")))
    except ChildError as error:
        say(told(error))
    return None


@scenario
async def a_shield_of_gather_in_wait_for(say: Say) -> object:
    inner = asyncio.gather(work(say, "a", 3), work(say, "b", 4))
    try:
        await asyncio.wait_for(asyncio.shield(inner), 1)
    except TimeoutError:
        say("timeout")
    return await inner


@scenario
async def a_shield_of_what_is_done(say: Say) -> object:
    task = asyncio.create_task(work(say, "a"))
    await task
    assert asyncio.shield(task) is task
    return await asyncio.shield(task)
