"""The elements of all steps in random handlers: draws, the log, and durable operations."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zlib import crc32

from restate_proto import Context, DurableFuture, Target, TerminalError, any_of, race

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable

    from restate_proto import CallFuture

__all__ = ["FAILURES", "Steps"]

OTHER = Target.object("runtime.v1.Object", "k", "Handle")
FAILURES = (
    TerminalError,
    TimeoutError,
    ExceptionGroup,
    ZeroDivisionError,
    asyncio.BrokenBarrierError,
)
DEEPEST = 3


class Steps:
    """Makes random steps: each method `do_...` is one."""

    second = 1.0
    """How long what is called a second here takes."""

    def __init__(
        self,
        ctx: Context,
        draw: random.Random,
        luck: random.Random,
        *,
        asks_if_cancelled: bool = False,
    ) -> None:
        self.ctx = ctx
        self.asks_if_cancelled = asks_if_cancelled
        self.draw = draw
        self.luck = luck
        self.log: list[str] = []
        self.kept: list[object] = []
        self.kinds = sorted(name for name in dir(self) if name.startswith("do_"))

    def digest(self) -> str:
        return f"{len(self.log)} {crc32(repr(self.log).encode())}"

    async def step(self, depth: int) -> None:
        """Make a step; a failure is one more result."""
        kind = self.draw.choice(self.kinds if depth < DEEPEST else ["do_await", "do_sleep"])
        try:
            await getattr(self, kind)(depth + 1)
        except FAILURES as error:
            self.log_failure(kind, error)

    async def steps(self, depth: int, name: str) -> str:
        for _ in range(self.draw.randrange(1, 3)):
            await self.step(depth)
        self.log.append(name)
        return name

    def chance(self) -> bool:
        return self.draw.random() < 0.5

    def log_failure(self, what: str, error: BaseException) -> None:
        self.log.append(f"{what} failed with {type(error).__name__}")

    async def log_result(self, awaitable: Awaitable[Any]) -> None:
        self.log.append(str(await awaitable))

    async def settle(self, task: asyncio.Task[Any]) -> None:
        """Wait for the end of a task, whatever its outcome."""
        await asyncio.wait([task])
        if task.cancelled():
            self.log.append("cancelled")
        elif error := task.exception():
            self.log_failure("task", error)
        else:
            self.log.append(str(task.result()))

    # ---- Operations ----

    def future(self) -> DurableFuture[Any]:
        match self.draw.randrange(6):
            case 0:
                return self.sleep()
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

    def sleep(self) -> DurableFuture[None]:
        return self.ctx.sleep(timedelta(seconds=self.second))

    def call(self) -> DurableFuture[str]:
        return self.invocation()

    def invocation(self, *, cancel_with_me: bool = True) -> CallFuture[Any]:
        return self.ctx.call(OTHER, self.digest(), str, cancel_with_me=cancel_with_me)

    def event(self) -> DurableFuture[str]:
        return self.ctx.awakeable(str)

    async def work(self) -> int:
        for _ in range(self.luck.choice((0, 0, 2, 30))):
            await asyncio.sleep(0)
        if self.luck.random() < 0.1:
            raise OSError("meant to fail")
        return 1

    async def do_await(self, _: int) -> None:
        await self.log_result(self.future())

    async def do_sleep(self, _: int) -> None:
        await asyncio.sleep(self.draw.choice((0, 0, 1, 2)) * self.second)
