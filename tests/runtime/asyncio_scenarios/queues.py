"""Scenarios of asyncio's queues, of asynchronous generators and context managers."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from typing import TYPE_CHECKING, Any

import pytest

from tests.runtime.asyncio_scenarios.account import (
    BodyError,
    scenario,
    work,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tests.runtime.asyncio_scenarios.account import Say


@scenario
async def a_queue_with_room_for_one(say: Say) -> object:
    queue: asyncio.Queue[int] = asyncio.Queue(1)

    async def produce() -> None:
        for number in range(4):
            await queue.put(number)
            say(f"put {number}")

    async def consume() -> None:
        for _ in range(4):
            await asyncio.sleep(1)
            say(f"got {await queue.get()}")

    await asyncio.gather(produce(), consume())
    return queue.empty(), queue.full(), queue.qsize()


@scenario
async def queues_in_other_orders(say: Say) -> object:
    queue: asyncio.Queue[Any]
    kinds: list[Any] = [asyncio.LifoQueue, asyncio.PriorityQueue]
    for queue in (kind() for kind in kinds):
        for item in ((2, "b"), (3, "c"), (1, "a")):
            await queue.put(item)
        say([await queue.get() for _ in range(3)])
    return None


@scenario
async def a_queue_is_joined(say: Say) -> object:
    queue: asyncio.Queue[str] = asyncio.Queue()

    async def consume() -> None:
        while True:
            await work(say, await queue.get())
            queue.task_done()

    for name in "abcd":
        queue.put_nowait(name)
    tasks = [asyncio.create_task(consume()) for _ in range(2)]
    await queue.join()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    with pytest.raises(ValueError, match="task_done"):
        queue.task_done()
    return None


@scenario
async def a_queue_that_is_full_or_empty(say: Say) -> object:
    queue: asyncio.Queue[str] = asyncio.Queue(1)
    with pytest.raises(asyncio.QueueEmpty):
        queue.get_nowait()
    queue.put_nowait("a")
    with pytest.raises(asyncio.QueueFull):
        queue.put_nowait("b")
    say(queue.full())
    return queue.get_nowait()


@scenario
async def one_that_gets_is_cancelled_and_loses_nothing(say: Say) -> object:
    queue: asyncio.Queue[str] = asyncio.Queue()

    async def get(name: str) -> None:
        say((name, await queue.get()))

    tasks = [asyncio.create_task(get(name)) for name in "ab"]
    await asyncio.sleep(1)
    queue.put_nowait("item")
    tasks[0].cancel()  # in the same turn as the item comes
    await asyncio.wait(tasks)
    return queue.qsize(), tasks[0].cancelled()


@scenario
async def one_that_puts_is_cancelled(say: Say) -> object:
    queue: asyncio.Queue[str] = asyncio.Queue(1)
    queue.put_nowait("first")
    tasks = [asyncio.create_task(queue.put(name)) for name in "ab"]
    await asyncio.sleep(1)
    tasks[0].cancel()
    say(queue.get_nowait())
    await asyncio.wait(tasks)
    return await queue.get(), queue.empty()


@scenario
async def an_asynchronous_generator_is_closed(say: Say) -> object:
    async def numbers() -> AsyncGenerator[int]:
        try:
            for number in range(5):
                await asyncio.sleep(1)
                yield number
        finally:
            await asyncio.sleep(1)
            say("closed")

    async with contextlib.aclosing(numbers()) as generator:
        async for number in generator:
            say(number)
            if number == 1:
                break
    return [number async for number in numbers() if number % 2]


@scenario
async def a_generator_is_cancelled_where_it_waits(say: Say) -> object:
    async def numbers() -> AsyncGenerator[int]:
        try:
            yield 1
            await asyncio.sleep(9)
        finally:
            say("left")

    async def consume() -> None:
        async for number in numbers():
            say(number)

    task = asyncio.create_task(consume())
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.wait([task])
    return task.cancelled()


@scenario
async def a_stack_of_context_managers(say: Say) -> object:
    @contextlib.asynccontextmanager
    async def opened(name: str) -> AsyncGenerator[str]:
        await asyncio.sleep(1)
        say(f"open {name}")
        try:
            yield name
        finally:
            await asyncio.sleep(1)
            say(f"close {name}")

    with contextlib.suppress(BodyError):
        async with contextlib.AsyncExitStack() as stack:
            group = await stack.enter_async_context(asyncio.TaskGroup())
            for name in "ab":
                await stack.enter_async_context(opened(name))
            stack.push_async_callback(functools.partial(work, say, "callback"))
            group.create_task(work(say, "task", 9))
            await stack.enter_async_context(asyncio.timeout(5))
            await asyncio.sleep(1)
            stack.callback(say, "plain")
    return None


@scenario
async def comprehensions_that_wait(say: Say) -> object:
    async def numbers() -> AsyncGenerator[int]:
        for number in range(3):
            await asyncio.sleep(1)
            yield number

    tasks = [asyncio.create_task(work(say, name)) for name in "ab"]
    done = {task.get_name(): await task for task in tasks}
    return [number * 2 async for number in numbers()], list(done.values())
