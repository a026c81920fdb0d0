"""Scenarios of `asyncio.wait_for` and `asyncio.timeout`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.runtime.asyncio_scenarios.account import (
    BodyError,
    ChildError,
    cleaning,
    scenario,
    this_task,
    told,
    work,
)

if TYPE_CHECKING:
    from tests.runtime.asyncio_scenarios.account import Say


@scenario
async def wait_for_in_time(say: Say) -> object:
    say(await asyncio.wait_for(work(say, "a", 1), 2))
    return await asyncio.wait_for(work(say, "b", 1), None)


@scenario
async def wait_for_too_late(say: Say) -> object:
    try:
        await asyncio.wait_for(work(say, "a", 5), 2)
    except TimeoutError:
        say("timeout")
    await asyncio.sleep(9)
    return None


async def _wait_for_no_time(say: Say, seconds: float) -> object:
    task = asyncio.create_task(work(say, "a", 5))
    await asyncio.sleep(1)
    try:
        await asyncio.wait_for(task, seconds)
    except TimeoutError:
        say("timeout")
    return task.cancelled()


@scenario
async def wait_for_no_time(say: Say) -> object:
    return await _wait_for_no_time(say, 0)


@scenario
async def wait_for_less_than_no_time(say: Say) -> object:
    return await _wait_for_no_time(say, -1)


@scenario
async def wait_for_what_is_done(say: Say) -> object:
    task = asyncio.create_task(work(say, "a"))
    await task
    return await asyncio.wait_for(task, 0)


@scenario
async def wait_for_one_that_cleans_up(say: Say) -> object:
    try:
        await asyncio.wait_for(cleaning(say, "a", 5), 2)
    except TimeoutError:
        say("timeout")
    return None


@scenario
async def wait_for_one_that_fails_when_it_is_cancelled(say: Say) -> object:
    async def fail() -> None:
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            say("cancelled")
            raise ChildError("instead") from None

    try:
        await asyncio.wait_for(fail(), 2)
    except ChildError as error:
        say(told(error))
    return None


@scenario
async def wait_for_is_cancelled(say: Say) -> object:
    task = asyncio.create_task(asyncio.wait_for(work(say, "a", 5), 9))
    await asyncio.sleep(1)
    task.cancel("outside")
    await asyncio.wait([task])
    return task.cancelled()


@scenario
async def wait_for_in_wait_for(say: Say) -> object:
    try:
        await asyncio.wait_for(asyncio.wait_for(work(say, "a", 5), 2), 3)
    except TimeoutError:
        say("timeout")
    return None


@scenario
async def wait_for_a_queue(say: Say) -> object:
    queue: asyncio.Queue[str] = asyncio.Queue()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(queue.get(), 2)
    queue.put_nowait("kept")
    say(queue.qsize())
    return await asyncio.wait_for(queue.get(), 2)


@scenario
async def a_timeout_that_is_kept(say: Say) -> object:
    async with asyncio.timeout(2) as timeout:
        await work(say, "a")
    return timeout.expired(), this_task().cancelling()


@scenario
async def a_timeout_that_passes(say: Say) -> object:
    timeout = asyncio.timeout(2)
    try:
        async with timeout:
            await work(say, "a", 5)
    except TimeoutError as error:
        say((told(error), isinstance(error.__cause__, asyncio.CancelledError)))
        say(timeout.expired())
    await work(say, "b")
    return this_task().cancelling()


@scenario
async def a_timeout_of_no_time(say: Say) -> object:
    for seconds in (0, -1):
        try:
            async with asyncio.timeout(seconds):
                say("begun")
                await asyncio.sleep(5)
        except TimeoutError:
            say("timeout")
    async with asyncio.timeout(0):  # noqa: ASYNC100 - what is tested
        say("nothing to wait for")
    return this_task().cancelling()


@scenario
async def a_timeout_of_none(say: Say) -> object:
    async with asyncio.timeout(None) as timeout:
        await work(say, "a", 100)
    return timeout.when(), timeout.expired()


@scenario
async def a_timeout_is_taken_back(say: Say) -> object:
    async with asyncio.timeout(2) as timeout:
        await work(say, "a", 1)
        timeout.reschedule(None)
        await work(say, "b", 5)
    return timeout.expired()


@scenario
async def an_outer_timeout_passes_first(say: Say) -> object:
    outer, inner = asyncio.timeout(2), asyncio.timeout(3)
    try:
        async with outer:
            try:
                async with inner:
                    await work(say, "a", 5)
            finally:
                say(inner.expired())
    except TimeoutError:
        say(outer.expired())
    return None


@scenario
async def an_inner_timeout_passes_first(say: Say) -> object:
    async with asyncio.timeout(5) as outer:
        try:
            async with asyncio.timeout(2):
                await work(say, "a", 9)
        except TimeoutError:
            say("inner")
        await work(say, "b", 1)
    return outer.expired()


@scenario
async def a_timeout_around_a_failure(say: Say) -> object:
    try:
        async with asyncio.timeout(5):
            await work(say, "a", 1, BodyError("of the body"))
    except BodyError as error:
        say(told(error))
    await asyncio.sleep(9)
    return None


@scenario
async def a_cancellation_inside_a_timeout_is_no_timeout(say: Say) -> object:
    async def body() -> None:
        async with asyncio.timeout(5):
            await work(say, "a", 9)

    task = asyncio.create_task(body())
    await asyncio.sleep(1)
    task.cancel("outside")
    await asyncio.wait([task])
    return task.cancelled()


@scenario
async def a_cancellation_and_a_timeout_at_once(say: Say) -> object:
    async def body() -> None:
        async with asyncio.timeout(0):
            this_task().cancel()
            await work(say, "a", 9)

    task = asyncio.create_task(body())
    await asyncio.wait([task])
    return task.cancelled(), task.cancelling()


@scenario
async def a_timeout_is_entered_twice(say: Say) -> object:
    timeout = asyncio.timeout(5)
    async with timeout:
        say("once")
    try:  # the first releases of Python 3.11 take it
        async with timeout:
            say("twice")
    except RuntimeError:
        say("refused")
    with pytest.raises(RuntimeError):
        timeout.reschedule(None)
    return None


@scenario
async def a_timeout_passes_in_the_cleanup(say: Say) -> object:
    try:
        async with asyncio.timeout(2):
            try:
                await work(say, "a", 1)
            finally:
                await work(say, "cleanup", 5)
    except TimeoutError:
        say("timeout")
    return None
