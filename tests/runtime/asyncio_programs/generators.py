"""Steps with asynchronous generators and context managers, some of them left half-way."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING

from tests.runtime.asyncio_programs.steps import DEEPEST, Steps

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

__all__ = ["GeneratorSteps"]


class GeneratorSteps(Steps):
    """Steps with asynchronous generators and context managers."""

    async def generate(self, depth: int) -> AsyncGenerator[str]:
        try:
            for _ in range(3):
                await self.step(depth)
                yield str(await self.call())
        finally:
            self.log.append("generator closed")
            await self.log_result(self.call())

    async def do_generator(self, depth: int) -> None:
        async for each in self.generate(depth):
            self.log.append(each)
            if self.chance():
                break  # it is closed with the handler

    async def do_closed_generator(self, depth: int) -> None:
        async with asyncio.timeout(self.second), aclosing(self.generate(depth)) as generator:
            async for each in generator:
                self.log.append(each)
                if self.chance():
                    break

    async def do_kept_generator(self, depth: int) -> None:
        generator = self.generate(depth)
        self.kept.append(generator)
        self.log.append(await anext(generator))
        if self.chance():
            self.log.append(await asyncio.wait_for(anext(generator), self.second))

    async def do_context_manager(self, depth: int) -> None:
        @asynccontextmanager
        async def manager() -> AsyncGenerator[str]:
            await self.log_result(self.call())
            try:
                yield "entered"
            finally:
                await self.step(DEEPEST)
                self.log.append("left")

        async with manager() as text:
            self.log.append(text)
            await self.step(depth)
