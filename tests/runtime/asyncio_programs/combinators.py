"""Steps with this project's own combinators, in the handler and in tasks."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from restate_proto import any_of, as_completed, gather, race, select, wait
from tests.runtime.asyncio_programs.steps import FAILURES, Steps

if TYPE_CHECKING:
    from restate_proto import DurableFuture

__all__ = ["CombinatorSteps"]


class CombinatorSteps(Steps):
    """Steps with this project's own combinators."""

    def combination(self, depth: int = 0) -> DurableFuture[Any]:
        """Return a nested future of futures."""

        def part() -> DurableFuture[Any]:
            return self.combination(depth + 1) if depth < 2 and self.chance() else self.future()

        match self.draw.randrange(6):
            case 0:
                return gather(part(), part())
            case 1:
                return race(part(), part())
            case 2:
                return any_of(part(), part())
            case 3:
                return select(one=part(), two=part())
            case 4:
                return wait(part(), part(), return_when=asyncio.FIRST_COMPLETED).map(
                    lambda both: (len(both[0]), len(both[1]))
                )
            case _:
                return part().or_timeout(timedelta(seconds=self.second))

    async def do_combine(self, _: int) -> None:
        await self.log_result(self.combination())

    async def do_combine_in_tasks(self, depth: int) -> None:
        async def one(number: int) -> None:
            try:
                await self.log_result(self.combination())
            except FAILURES as error:
                self.log_failure(str(number), error)
            self.log.append(f"combined {number}")

        async with asyncio.TaskGroup() as group:
            for number in range(self.draw.randrange(1, 4)):
                group.create_task(one(number))
            await self.step(depth)

    async def do_combine_in_asyncio(self, depth: int) -> None:
        async with asyncio.timeout(self.second):
            results = await asyncio.gather(
                self.combination(), self.steps(depth, "beside"), self.combination()
            )
            self.log.append(str(results))

    async def do_our_as_completed(self, _: int) -> None:
        async for each in as_completed(self.future(), self.combination(), self.future()):
            try:
                await self.log_result(each)
            except FAILURES as error:
                self.log_failure("completed", error)
            if self.draw.random() < 0.2:
                break
