"""Handlers that are drawn at random and use asyncio as people do: tasks, groups, timeouts, queues.

All that a handler does enters what it does next: the requests of its calls hold a digest of the log
that its tasks write together. So any two courses of a program that differ in the order of two steps
have different journals.
"""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zlib import crc32

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import (
    CancelledError,
    Context,
    DurableFuture,
    ObjectContext,
    Target,
    TerminalError,
    any_of,
    as_completed,
    gather,
    race,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable

    from tests.runtime.drawn_course import Body

__all__ = ["FAILURES", "Program", "program"]

OTHER = Target.object("runtime.v1.Object", "k", "Handle")
FAILURES = (TerminalError, TimeoutError, ExceptionGroup, ZeroDivisionError)
DEEPEST = 3


def program(seed: int, luck: random.Random) -> Body:
    """A handler.

    Args:
        seed: what its steps are drawn from.
        luck: what is drawn in the functions of runs, which is different in every attempt.
    """

    async def body(ctx: ObjectContext, _: Parcel) -> Parcel:
        return await Program(ctx, random.Random(seed), luck).run()

    return body


class Program:
    """A handler; subclasses say what its operations are."""

    second = 1.0
    """How long what is called a second here takes."""

    def __init__(self, ctx: Context, draw: random.Random, luck: random.Random) -> None:
        self.ctx = ctx
        self.draw = draw
        self.luck = luck
        self.log: list[str] = []
        self.kinds = sorted(name for name in dir(self) if name.startswith("do_"))

    async def run(self) -> Parcel:
        for _ in range(self.draw.randrange(1, 6)):
            await self.step(0)
        return Parcel(text=self.digest())

    def digest(self) -> str:
        return f"{len(self.log)} {crc32(repr(self.log).encode())}"

    async def step(self, depth: int) -> None:
        """Do something; what it fails with is one more result."""
        kind = self.draw.choice(self.kinds if depth < DEEPEST else ["do_await", "do_sleep"])
        try:
            await getattr(self, kind)(depth + 1)
        except FAILURES as error:
            self.log.append(f"{kind} failed with {type(error).__name__}")

    async def steps(self, depth: int, name: str) -> str:
        for _ in range(self.draw.randrange(1, 3)):
            await self.step(depth)
        self.log.append(name)
        return name

    def children(self, depth: int) -> list[Any]:
        """What a group consists of: coroutines, tasks and durable futures."""
        made: list[Any] = []
        for number in range(self.draw.randrange(1, 4)):
            kind = self.draw.randrange(4)
            if kind == 0:
                made.append(self.future())
            elif kind == 1:
                made.append(asyncio.create_task(self.steps(depth, f"task {number}")))
            else:
                made.append(self.steps(depth, f"child {number}"))
        return made

    def tasks(self, depth: int) -> list[Any]:
        return [
            each if isinstance(each, DurableFuture) else asyncio.ensure_future(each)
            for each in self.children(depth)
        ]

    def future(self) -> DurableFuture[Any]:
        match self.draw.randrange(6):
            case 0:
                return self.ctx.sleep(timedelta(seconds=self.second))
            case 1:
                return self.ctx.run("work", self.work, type=int)
            case 2:
                return self.event()
            case 3:
                return race(self.call(), self.call())
            case 4:
                return any_of(self.call(), self.call()).map(len)
            case _:
                return self.call()

    def call(self) -> DurableFuture[str]:
        return self.ctx.call(OTHER, self.digest(), str)

    def event(self) -> DurableFuture[str]:
        return self.ctx.awakeable(str)

    async def work(self) -> int:
        for _ in range(self.luck.choice((0, 0, 2, 30))):
            await asyncio.sleep(0)
        if self.luck.random() < 0.1:
            raise OSError("meant to fail")
        return 1

    async def log_result(self, awaitable: Awaitable[Any]) -> None:
        self.log.append(str(await awaitable))

    # ---- Steps ----

    async def do_await(self, _: int) -> None:
        await self.log_result(self.future())

    async def do_sleep(self, _: int) -> None:
        await asyncio.sleep(self.draw.choice((0, 0, 1, 2)) * self.second)

    async def do_gather(self, depth: int) -> None:
        results = await asyncio.gather(
            *self.children(depth), return_exceptions=self.draw.random() < 0.5
        )
        self.log.append(str([str(each) for each in results]))

    async def do_our_gather(self, _: int) -> None:
        await self.log_result(
            gather(self.future(), self.future().or_timeout(timedelta(seconds=self.second)))
        )

    async def do_group(self, depth: int) -> None:
        async with asyncio.TaskGroup() as group:
            for child in self.children(depth):
                if asyncio.iscoroutine(child):
                    group.create_task(child)
            await self.step(depth)

    async def do_timeout(self, depth: int) -> None:
        async with asyncio.timeout(self.draw.choice((0, 1, 2)) * self.second):
            await self.step(depth)

    async def do_wait_for(self, depth: int) -> None:
        await self.log_result(asyncio.wait_for(self.steps(depth, "in time"), self.second))

    async def do_wait(self, depth: int) -> None:
        tasks = self.tasks(depth)
        how: Any = self.draw.choice(
            (asyncio.FIRST_COMPLETED, asyncio.FIRST_EXCEPTION, asyncio.ALL_COMPLETED)
        )
        timeout = self.draw.choice((None, self.second))
        done, pending = await asyncio.wait(tasks, timeout=timeout, return_when=how)
        places = {id(task): str(number) for number, task in enumerate(tasks)}
        self.log += [places[id(task)] for task in done]  # in the order of the sets
        self.log += [places[id(task)] for task in pending]
        for task in pending:
            if isinstance(task, DurableFuture):
                continue
            task.cancel()
            await asyncio.wait([task])

    async def do_as_completed(self, depth: int) -> None:
        tasks = self.tasks(depth)
        for each in asyncio.as_completed(tasks):
            try:
                await self.log_result(each)
            except FAILURES as error:
                self.log.append(type(error).__name__)

    async def do_our_as_completed(self, _: int) -> None:
        async for each in as_completed(self.future(), self.future(), self.future()):
            try:
                await self.log_result(each)
            except FAILURES as error:
                self.log.append(type(error).__name__)

    async def do_shield(self, depth: int) -> None:
        async with asyncio.timeout(self.second):
            await self.log_result(asyncio.shield(self.steps(depth, "shielded")))

    async def do_background(self, depth: int) -> None:
        task = asyncio.create_task(self.steps(depth, "background"))
        await self.step(depth)
        match self.draw.randrange(3):
            case 0:
                task.cancel()
                await asyncio.wait([task])
            case 1:
                await self.log_result(task)
            case _:
                pass  # left to the end of the handler

    async def do_compensate(self, depth: int) -> None:
        try:
            await self.step(depth)
            await self.log_result(self.call())
        except CancelledError:
            await self.call()
            raise
        finally:
            self.log.append("finally")
            await self.log_result(self.call())

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

    async def do_lock(self, _: int) -> None:
        lock: Any = self.draw.choice((asyncio.Lock, asyncio.Condition, asyncio.Semaphore))()

        async def work(number: int) -> None:
            async with lock:
                await self.log_result(self.call())
                self.log.append(f"in turn {number}")

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

    async def do_generator(self, depth: int) -> None:
        async def generate() -> AsyncGenerator[str]:
            try:
                for _ in range(3):
                    await self.step(depth)
                    yield str(await self.call())
            finally:
                self.log.append("generator closed")

        async for each in generate():
            self.log.append(each)
            if self.draw.random() < 0.5:
                break

    async def do_set(self, depth: int) -> None:
        async def named(number: int) -> None:
            await self.step(depth)
            self.log.append(str(number))

        async with asyncio.TaskGroup() as group:
            tasks = {group.create_task(named(number), name=str(number)) for number in range(3)}
            self.log += [task.get_name() for task in tasks]
