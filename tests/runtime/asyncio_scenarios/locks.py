"""Scenarios of asyncio's locks, events, conditions, semaphores and barriers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.runtime.asyncio_scenarios.account import (
    scenario,
    work,
)

if TYPE_CHECKING:
    from tests.runtime.asyncio_scenarios.account import Say


@scenario
async def a_lock_in_the_order_of_requests(say: Say) -> object:
    lock = asyncio.Lock()

    async def use(name: str) -> None:
        async with lock:
            await work(say, name)

    await asyncio.gather(*map(use, "abc"))
    return lock.locked()


@scenario
async def one_that_waits_for_a_lock_is_cancelled(say: Say) -> object:
    lock = asyncio.Lock()
    await lock.acquire()

    async def use(name: str) -> None:
        async with lock:
            say(name)

    tasks = [asyncio.create_task(use(name)) for name in "abc"]
    await asyncio.sleep(1)
    tasks[0].cancel()
    await asyncio.sleep(1)
    lock.release()
    tasks[1].cancel()  # in the same turn as it gets the lock
    await asyncio.wait(tasks)
    return [task.cancelled() for task in tasks], lock.locked()


@scenario
async def a_lock_is_released_by_a_cancellation(say: Say) -> object:
    lock = asyncio.Lock()

    async def use(name: str) -> None:
        async with lock:
            await work(say, name, 5)

    tasks = [asyncio.create_task(use(name)) for name in "ab"]
    await asyncio.sleep(1)
    tasks[0].cancel()
    await asyncio.wait(tasks)
    return lock.locked()


@scenario
async def a_lock_that_is_not_held_is_not_released(say: Say) -> object:
    with pytest.raises(RuntimeError):
        asyncio.Lock().release()
    lock = asyncio.Lock()
    say(await lock.acquire())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(lock.acquire(), 1)
    lock.release()
    return lock.locked()


@scenario
async def an_event(say: Say) -> object:
    event = asyncio.Event()

    async def listen(name: str) -> None:
        say((name, await event.wait()))

    tasks = [asyncio.create_task(listen(name)) for name in "ab"]
    await asyncio.sleep(1)
    tasks[0].cancel()
    event.set()
    event.clear()
    await asyncio.wait(tasks)
    event.set()
    return await event.wait(), event.is_set(), [task.cancelled() for task in tasks]


@scenario
async def a_condition_notifies_some_and_all(say: Say) -> object:
    condition = asyncio.Condition()

    async def listen(name: str) -> None:
        async with condition:
            await condition.wait()
            say(name)

    tasks = [asyncio.create_task(listen(name)) for name in "abcde"]
    for number in (1, 2):
        await asyncio.sleep(1)
        async with condition:
            condition.notify(number)
            say(f"notified {number}")
    await asyncio.sleep(1)
    async with condition:
        condition.notify_all()
    await asyncio.gather(*tasks)
    return condition.locked()


@scenario
async def a_condition_with_a_predicate(say: Say) -> object:
    condition = asyncio.Condition()
    values: list[int] = []

    async def wait() -> bool:
        async with condition:
            return await condition.wait_for(lambda: len(values) >= 2)

    task = asyncio.create_task(wait())
    for number in range(3):
        await asyncio.sleep(1)
        async with condition:
            values.append(number)
            condition.notify()
        say(task.done())
    return await task


@scenario
async def one_that_waits_for_a_condition_is_cancelled(say: Say) -> object:
    condition = asyncio.Condition()

    async def listen(name: str) -> None:
        try:
            async with condition:
                await condition.wait()
                say(name)
        finally:
            say(f"{name} left")

    tasks = [asyncio.create_task(listen(name)) for name in "ab"]
    await asyncio.sleep(1)
    async with condition:
        tasks[0].cancel()
        condition.notify()
        await asyncio.sleep(1)
    await asyncio.sleep(1)
    async with condition:
        condition.notify_all()
    await asyncio.wait(tasks)
    return [task.cancelled() for task in tasks], condition.locked()


@scenario
async def a_condition_without_its_lock(say: Say) -> object:
    condition = asyncio.Condition()
    with pytest.raises(RuntimeError):
        condition.notify()
    with pytest.raises(RuntimeError):
        await condition.wait()
    say("refused")
    return None


@scenario
async def a_semaphore_lets_two_in(say: Say) -> object:
    semaphore = asyncio.Semaphore(2)
    inside: list[str] = []

    async def use(name: str, seconds: float) -> None:
        async with semaphore:
            inside.append(name)
            say(list(inside))
            await asyncio.sleep(seconds)
            inside.remove(name)

    await asyncio.gather(*(use(name, n + 1) for n, name in enumerate("abcde")))
    return semaphore.locked()


@scenario
async def one_that_waits_for_a_semaphore_is_cancelled(say: Say) -> object:
    semaphore = asyncio.Semaphore(1)
    await semaphore.acquire()

    async def use(name: str) -> None:
        async with semaphore:
            say(name)

    tasks = [asyncio.create_task(use(name)) for name in "abc"]
    await asyncio.sleep(1)
    semaphore.release()
    tasks[0].cancel()  # in the same turn as it is let in
    await asyncio.wait(tasks)
    return [task.cancelled() for task in tasks], semaphore.locked()


@scenario
async def a_bounded_semaphore(say: Say) -> object:
    semaphore = asyncio.BoundedSemaphore(1)
    async with semaphore:
        say(semaphore.locked())
    with pytest.raises(ValueError, match="released too many times"):
        semaphore.release()
    with pytest.raises(ValueError, match="initial value must be >= 0"):
        asyncio.Semaphore(-1)
    return None


@scenario
async def a_barrier(say: Say) -> object:
    barrier = asyncio.Barrier(3)

    async def come(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        async with barrier as place:
            say((name, place, barrier.n_waiting))

    await asyncio.gather(*(come(name, n + 1) for n, name in enumerate("abcdef")))
    return barrier.n_waiting, barrier.broken, barrier.parties


@scenario
async def a_barrier_is_aborted_and_reset(say: Say) -> object:
    barrier = asyncio.Barrier(2)

    async def come() -> str:
        try:
            await barrier.wait()
        except asyncio.BrokenBarrierError:
            return "broken"
        return "through"

    tasks = [asyncio.create_task(come())]
    await asyncio.sleep(1)
    await barrier.abort()
    say((await asyncio.gather(*tasks), barrier.broken, await come()))
    await barrier.reset()
    tasks = [asyncio.create_task(come())]
    await asyncio.sleep(1)
    await barrier.reset()
    say(await asyncio.gather(*tasks))
    return await asyncio.gather(come(), come())


@scenario
async def one_that_waits_at_a_barrier_is_cancelled(say: Say) -> object:
    barrier = asyncio.Barrier(2)
    tasks = [asyncio.create_task(barrier.wait()) for _ in range(1)]
    await asyncio.sleep(1)
    tasks[0].cancel()
    await asyncio.wait(tasks)
    say(barrier.n_waiting)
    return sorted(await asyncio.gather(barrier.wait(), barrier.wait()))
