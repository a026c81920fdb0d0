"""Steps with cancellations: of tasks, in the middle of what they do, and more than once."""

from __future__ import annotations

import asyncio

from restate_proto import CancelledError, race
from tests.runtime.asyncio_programs.steps import DEEPEST, FAILURES, Steps

__all__ = ["CancellationSteps"]


class CancellationSteps(Steps):
    """Steps with cancellations, and what is shielded from them."""

    async def do_ask(self, _: int) -> None:
        future = self.future()
        if self.asks_if_cancelled:
            self.log.append(str(self.ctx.cancelled.done()))
            future = race(future, self.ctx.cancelled)
        await self.log_result(future)

    async def do_cancel(self, depth: int) -> None:
        task = asyncio.create_task(self.steps(depth, "victim"))
        try:
            await self.step(DEEPEST)
        finally:
            for _ in range(self.draw.randrange(1, 4)):
                task.cancel()
                if self.chance():
                    await asyncio.sleep(0)
            await self.settle(task)

    async def do_cancel_itself(self, _: int) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        try:
            await self.log_result(self.call())
        except asyncio.CancelledError as error:
            self.log_failure("itself", error)
            if not isinstance(error, CancelledError):
                task.uncancel()
            await self.log_result(self.call())

    async def do_swallow(self, depth: int) -> None:
        task = asyncio.current_task()
        assert task is not None
        try:
            await self.step(depth)
            await self.log_result(self.call())
        except asyncio.CancelledError as error:
            self.log_failure("swallowed", error)
            if self.chance():
                task.uncancel()
            await self.log_result(self.call())

    async def do_compensate(self, depth: int) -> None:
        try:
            await self.step(depth)
            await self.log_result(self.call())
        except CancelledError:
            await self.call()
            raise
        except asyncio.CancelledError:
            async with asyncio.timeout(self.second):
                await self.step(DEEPEST)
            raise
        finally:
            self.log.append("finally")
            await self.log_result(self.call())

    async def do_shield(self, depth: int) -> None:
        async with asyncio.timeout(self.second):
            await self.log_result(asyncio.shield(self.steps(depth, "shielded")))

    async def do_cancel_what_shields(self, depth: int) -> None:
        inner = asyncio.create_task(self.steps(depth, "shielded"))

        async def wait() -> None:
            await self.log_result(asyncio.shield(inner))

        async def wait_in_a_group() -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(wait())

        outer = asyncio.create_task(wait_in_a_group() if self.chance() else wait())
        try:
            await self.step(depth)
        finally:
            outer.cancel()
            await self.settle(outer)
            await self.settle(inner)

    async def do_cancel_with_timeouts(self, depth: int) -> None:
        """Several timeouts and cancellations that meet in one task."""

        async def careful() -> None:
            for number in range(self.draw.randrange(1, 4)):
                try:
                    await self.step(DEEPEST)
                    await self.log_result(self.call())
                except asyncio.CancelledError as error:
                    self.log_failure(f"careful {number}", error)
                    await self.log_result(self.call())
            raise asyncio.CancelledError

        async def limited() -> None:
            try:
                async with asyncio.timeout(self.second), asyncio.TaskGroup() as group:
                    group.create_task(careful())
                    group.create_task(self.step(depth))
                    await asyncio.gather(careful(), self.step(depth))
            except FAILURES as error:
                self.log_failure("limited", error)
                await self.log_result(self.call())

        task = asyncio.create_task(limited())
        try:
            async with asyncio.timeout(self.second):
                await asyncio.wait([task])
        finally:
            task.cancel()
            await self.settle(task)

    async def do_spared_call(self, depth: int) -> None:
        call = self.invocation(cancel_with_me=False)
        await self.step(depth)
        await call
        self.log.append("answered")

    async def do_cancel_call(self, depth: int) -> None:
        call = self.invocation()
        if self.chance():
            await self.step(depth)
        call.cancel()
        await call
        self.log.append("answered")
