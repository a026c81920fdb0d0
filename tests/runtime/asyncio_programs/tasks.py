"""Steps with tasks, groups and timeouts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from restate_proto import DurableFuture, TerminalError
from tests.runtime.asyncio_programs.steps import FAILURES, Steps

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["TaskSteps"]


class TaskSteps(Steps):
    """Steps with tasks, groups and timeouts."""

    def children(self, depth: int) -> list[Any]:
        """Return the members of a group: coroutines, tasks and durable futures."""
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

    async def cancel_all(self, futures: list[Any]) -> None:
        """Cancel the members that are tasks, one after the other."""
        for each in futures:
            if not isinstance(each, DurableFuture):
                each.cancel()
                await self.settle(each)

    async def do_gather(self, depth: int) -> None:
        results = await asyncio.gather(*self.children(depth), return_exceptions=self.chance())
        self.log.append(str([str(each) for each in results]))

    async def do_group(self, depth: int) -> None:
        async with asyncio.TaskGroup() as group:
            for child in self.children(depth):
                if asyncio.iscoroutine(child):
                    group.create_task(child)
            await self.step(depth)

    async def do_failing_group(self, depth: int) -> None:
        async def fail(error: Exception) -> None:
            await self.step(depth)
            raise error

        errors = (TerminalError("no"), ZeroDivisionError(), ExceptionGroup("", [ValueError()]))
        has_divided = False
        try:
            async with asyncio.TaskGroup() as group:
                for error in self.draw.sample(errors, self.draw.randrange(4)):
                    group.create_task(fail(error))
                group.create_task(self.steps(depth, "beside"))
                await fail(ZeroDivisionError())
        except* TerminalError as failed:
            self.log.append(f"terminal: {[type(each).__name__ for each in failed.exceptions]}")
        except* ZeroDivisionError as failed:
            self.log.append(f"division: {len(failed.exceptions)}")
            has_divided = True
        except* ValueError as failed:
            self.log.append(f"values: {len(failed.exceptions)}")
        # Not in its `except*`: Python before 3.11.4 wraps a cancellation there into a group.
        if has_divided:
            await self.log_result(self.call())

    async def do_timeout(self, depth: int) -> None:
        async with asyncio.timeout(self.draw.choice((0, 1, 2)) * self.second) as timeout:
            await self.step(depth)
            if self.draw.random() < 0.2 and not timeout.expired():
                timeout.reschedule(None)
            await self.step(depth)

    async def do_wait_for(self, depth: int) -> None:
        await self.log_result(asyncio.wait_for(self.steps(depth, "in time"), self.second))

    async def do_wait(self, depth: int) -> None:
        how: Any = self.draw.choice(
            (asyncio.FIRST_COMPLETED, asyncio.FIRST_EXCEPTION, asyncio.ALL_COMPLETED)
        )
        tasks = self.tasks(depth)
        left = tasks
        for _ in range(self.draw.randrange(1, 4)):
            timeout = self.draw.choice((None, 0, self.second))
            done, pending = await asyncio.wait(left, timeout=timeout, return_when=how)
            places = {id(task): number for number, task in enumerate(tasks)}
            self.log += [str(places[id(task)]) for task in done]  # in the order of the sets
            self.log += [str(places[id(task)]) for task in pending]
            left = list(pending)
            if not left:
                break
        await self.cancel_all(left)

    async def do_as_completed(self, depth: int) -> None:
        timeout = self.draw.choice((None, None, self.second))
        for each in asyncio.as_completed(self.tasks(depth), timeout=timeout):
            try:
                await self.log_result(each)
            except FAILURES as error:
                self.log_failure("completed", error)

    async def do_background(self, depth: int) -> None:
        task = asyncio.create_task(self.steps(depth, "background"))
        await self.step(depth)
        match self.draw.randrange(3):
            case 0:
                task.cancel()
                await self.settle(task)
            case 1:
                await self.log_result(task)
            case _:
                pass  # left to the end of the handler

    async def do_callbacks(self, depth: int) -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.create_task(self.steps(depth, "watched"))
        task.add_done_callback(lambda _: self.log.append("task done"))
        self.call().add_done_callback(lambda _: self.log.append("call done"))
        loop.call_soon(self.log.append, "soon")
        timer = loop.call_later(self.second, self.log.append, "later")
        await self.step(depth)
        if self.chance():
            timer.cancel()
        await self.settle(task)

    async def do_set(self, depth: int) -> None:
        async def named(number: int) -> None:
            await self.step(depth)
            self.log.append(str(number))

        def task_of(coroutine: Coroutine[Any, Any, None], number: int) -> asyncio.Task[None]:
            return group.create_task(coroutine, name=str(number))

        async with asyncio.TaskGroup() as group:
            tasks = {task_of(named(number), number) for number in range(3)}
            self.log += [task.get_name() for task in tasks]
