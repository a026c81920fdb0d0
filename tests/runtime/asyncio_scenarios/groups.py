"""Scenarios of `asyncio.TaskGroup`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.runtime.asyncio_scenarios.account import (
    BodyError,
    ChildError,
    cleaning,
    scenario,
    stubborn,
    this_task,
    told,
    work,
)

if TYPE_CHECKING:
    from tests.runtime.asyncio_scenarios.account import Say


@scenario
async def a_group_waits_for_its_tasks(say: Say) -> object:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work(say, name, 3 - n)) for n, name in enumerate("ab")]
        say("body done")
    return [task.result() for task in tasks]


@scenario
async def a_group_of_nothing(say: Say) -> object:
    async with asyncio.TaskGroup():
        say("body")
    return None


@scenario
async def a_task_of_a_group_fails(say: Say) -> object:
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(work(say, "a", 1, ChildError("a")))
            group.create_task(cleaning(say, "b", 5))
            await work(say, "body", 9)
    except* ChildError as errors:
        say(told(errors))
    return this_task().cancelling()


@scenario
async def a_task_of_a_group_fails_after_the_body(say: Say) -> object:
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(work(say, "a", 1, ChildError("a")))
            group.create_task(cleaning(say, "b", 5))
    except* ChildError as errors:
        say(told(errors))
    return await work(say, "after")


@scenario
async def the_body_of_a_group_fails(say: Say) -> object:
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(work(say, "a", 5))
            await asyncio.sleep(1)
            raise BodyError("body")  # noqa: TRY301 - what is tested
    except* BodyError as errors:
        say(told(errors))
    return None


@scenario
async def the_body_and_two_tasks_fail(say: Say) -> object:
    async def fail_when_cancelled() -> None:
        try:
            await asyncio.sleep(9)
        finally:
            raise ChildError("cancelled")

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail_when_cancelled())
            group.create_task(work(say, "a", 1, ChildError("first")))
            try:
                await asyncio.sleep(9)
            except asyncio.CancelledError:
                raise BodyError("body") from None
    except BaseExceptionGroup as errors:
        say(told(errors))
    return None


@scenario
async def a_group_is_cancelled_in_its_body(say: Say) -> object:
    async def body() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(cleaning(say, "a", 9))
            await work(say, "body", 9)

    task = asyncio.create_task(body())
    await asyncio.sleep(1)
    task.cancel("outside")
    await asyncio.wait([task])
    return task.cancelled()


@scenario
async def a_group_is_cancelled_while_it_waits_for_its_tasks(say: Say) -> object:
    async def body() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(cleaning(say, "a", 9))
            group.create_task(stubborn(say, "b", 9, 2))

    task = asyncio.create_task(body())
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.wait([task])
    return task.cancelled()


@scenario
async def a_group_is_cancelled_and_a_task_fails_by_that(say: Say) -> object:
    async def fail() -> None:
        try:
            await asyncio.sleep(9)
        finally:
            raise ChildError("by that")

    async def body() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())

    task = asyncio.create_task(body())
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.wait([task])
    return told(task.exception() or BodyError())


@scenario
async def a_task_of_a_group_is_cancelled_alone(say: Say) -> object:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(work(say, "a", 9))
        other = group.create_task(work(say, "b", 3))
        await asyncio.sleep(1)
        task.cancel()
    return task.cancelled(), other.result()


@scenario
async def groups_in_groups(say: Say) -> object:
    async def inner(name: str, error: Exception | None) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(work(say, f"{name}1", 2 - (error is None) / 2, error))
            group.create_task(work(say, f"{name}2", 3))

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(inner("a", ChildError("a")))
            group.create_task(inner("b", None))
    except* ChildError as errors:
        say(told(errors))
    return None


@scenario
async def a_group_in_the_body_of_a_group_fails(say: Say) -> object:
    try:
        async with asyncio.TaskGroup() as outer:
            outer.create_task(work(say, "outer", 9))
            async with asyncio.TaskGroup() as inner:
                inner.create_task(work(say, "inner", 1, ChildError("inner")))
                inner.create_task(work(say, "beside", 5))
    except* ChildError as errors:
        say(told(errors))
    return None


@scenario
async def the_outer_group_fails_while_the_inner_cleans_up(say: Say) -> object:
    try:
        async with asyncio.TaskGroup() as outer:
            outer.create_task(work(say, "outer", 2, ChildError("outer")))
            async with asyncio.TaskGroup() as inner:
                inner.create_task(work(say, "inner", 1, ChildError("inner")))
                inner.create_task(stubborn(say, "beside", 9, 5))
    except BaseExceptionGroup as errors:
        say(told(errors))
    return None


@scenario
async def a_timeout_around_a_group(say: Say) -> object:
    try:
        async with asyncio.timeout(2), asyncio.TaskGroup() as group:
            group.create_task(cleaning(say, "a", 9))
            group.create_task(work(say, "b", 1))
    except TimeoutError:
        say("timeout")
    return this_task().cancelling()


@scenario
async def a_timeout_in_a_task_of_a_group(say: Say) -> object:
    async def impatient() -> None:
        async with asyncio.timeout(2):
            await work(say, "impatient", 9)

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(impatient())
            group.create_task(work(say, "beside", 5))
    except* TimeoutError as errors:
        say(len(errors.exceptions))
    return None


@scenario
async def a_task_of_a_group_makes_more_of_them(say: Say) -> object:
    async with asyncio.TaskGroup() as group:

        async def more(number: int) -> None:
            await work(say, str(number))
            if number:
                group.create_task(more(number - 1))

        group.create_task(more(3))
    return None


@scenario
async def a_group_that_has_ended_takes_no_task(say: Say) -> object:
    async with asyncio.TaskGroup() as group:
        pass
    coroutine = work(say, "a")
    with pytest.raises(RuntimeError):
        group.create_task(coroutine)
    coroutine.close()
    return None


@scenario
async def a_group_that_fails_takes_no_task(say: Say) -> object:
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(work(say, "a", 1, ChildError("a")))
            try:
                await asyncio.sleep(9)
            finally:
                coroutine = work(say, "late")
                try:
                    group.create_task(coroutine)
                except RuntimeError:
                    say("refused")
                    coroutine.close()
    except* ChildError as errors:
        say(told(errors))
    return None


@scenario
async def a_group_catches_no_exception_of_the_process(say: Say) -> object:
    async with asyncio.TaskGroup() as group:
        group.create_task(stubborn(say, "a", 2))
        group.create_task(work(say, "b", 1))
        this_task().cancel()
        try:
            await asyncio.sleep(9)
        except asyncio.CancelledError:
            say(this_task().uncancel())
    return "went on"
