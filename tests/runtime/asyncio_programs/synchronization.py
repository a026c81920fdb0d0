"""Steps that synchronize tasks: queues, locks, events, conditions, barriers."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.runtime.asyncio_programs.steps import FAILURES, Steps

__all__ = ["SynchronizationSteps"]


class SynchronizationSteps(Steps):
    """Steps with queues, locks, events, conditions and barriers."""

    async def do_queue(self, _: int) -> None:
        queue: asyncio.Queue[str] = self.draw.choice(
            (asyncio.Queue, asyncio.LifoQueue, asyncio.PriorityQueue)
        )(self.draw.randrange(3))

        async def produce(number: int) -> None:
            await self.log_result(self.call())
            await queue.put(f"item {number}")

        async def consume(number: int) -> None:
            for _ in range(number):
                await self.log_result(queue.get())
                await self.log_result(self.call())

        number = self.draw.randrange(1, 4)
        async with asyncio.TaskGroup() as group:
            group.create_task(consume(number))
            for each in range(number):
                group.create_task(produce(each))

    async def do_queue_of_workers(self, depth: int) -> None:
        queue: asyncio.Queue[int] = asyncio.Queue()
        is_over = False

        async def work() -> None:
            while not is_over:  # what it does may swallow its cancellation
                item = await queue.get()
                try:
                    await self.step(depth)
                    self.log.append(f"worked on {item}")
                finally:
                    queue.task_done()

        for item in range(self.draw.randrange(1, 5)):
            queue.put_nowait(item)
        workers = [asyncio.create_task(work()) for _ in range(2)]
        try:
            async with asyncio.timeout(self.second):
                await queue.join()
        finally:
            is_over = True
            for worker in workers:
                worker.cancel()
            for worker in workers:
                await self.settle(worker)

    async def do_lock(self, depth: int) -> None:
        lock: Any = self.draw.choice((asyncio.Lock, asyncio.Condition, asyncio.Semaphore))()
        is_impatient = self.chance()

        async def work(number: int) -> None:
            async with asyncio.timeout(self.second if is_impatient else None), lock:
                await self.log_result(self.call())
                self.log.append(f"in turn {number}")
                if is_impatient:
                    await self.step(depth)

        async with asyncio.TaskGroup() as group:
            for number in range(self.draw.randrange(1, 4)):
                group.create_task(work(number))

    async def do_event(self, _: int) -> None:
        event = asyncio.Event()
        barrier = asyncio.Barrier(3)

        async def listen(number: int) -> None:
            await event.wait()
            await barrier.wait()
            self.log.append(f"listener {number}")

        async with asyncio.TaskGroup() as group:
            for number in range(3):
                group.create_task(listen(number))
            await self.log_result(self.call())
            event.set()

    async def do_condition(self, depth: int) -> None:
        condition = asyncio.Condition()
        count = 0

        async def wait(number: int) -> None:
            async with asyncio.timeout(2 * self.second), condition:
                await condition.wait_for(lambda: count > number)
                self.log.append(f"{number} saw {count}")

        async with asyncio.TaskGroup() as group:
            for number in range(2):
                group.create_task(wait(number))
            for _ in range(3):
                await self.step(depth)
                async with condition:
                    count += 1
                    condition.notify(self.draw.randrange(1, 3))

    async def do_barrier(self, depth: int) -> None:
        barrier = asyncio.Barrier(self.draw.randrange(1, 4))
        is_impatient = self.chance()

        async def meet(number: int) -> None:
            if is_impatient:
                await self.step(depth)
            try:
                async with asyncio.timeout(self.second):
                    self.log.append(f"{number} is {await barrier.wait()}")
            except TimeoutError:
                await barrier.abort()
                raise

        tasks = [asyncio.create_task(meet(number)) for number in range(3)]
        if self.chance():
            await self.step(depth)
            await barrier.reset()
        for task in tasks:
            try:
                await task
            except FAILURES as error:
                self.log_failure("barrier", error)
