"""Random handlers that use asyncio as people do: tasks, groups, timeouts, queues.

Everything that a handler does influences what it does next: the requests of its calls contain a
digest of the log that its tasks write together. So two courses of a program that differ in the
order of two steps have different journals.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

from conformance.v1.conformance_pb2 import Parcel
from tests.runtime.asyncio_programs.cancellations import CancellationSteps
from tests.runtime.asyncio_programs.combinators import CombinatorSteps
from tests.runtime.asyncio_programs.generators import GeneratorSteps
from tests.runtime.asyncio_programs.synchronization import SynchronizationSteps
from tests.runtime.asyncio_programs.tasks import TaskSteps

if TYPE_CHECKING:
    from restate_proto import ObjectContext
    from tests.runtime.drawn_course import Body

__all__ = ["Program", "program"]


class Program(CancellationSteps, CombinatorSteps, GeneratorSteps, SynchronizationSteps, TaskSteps):
    """A handler whose operations are defined by subclasses."""

    async def run(self) -> Parcel:
        for _ in range(self.draw.randrange(1, 6)):
            try:
                await self.step(0)
            except asyncio.CancelledError as error:  # of its own making: Restate's is a failure
                self.log_failure("step", error)
        return Parcel(text=self.digest())


def program(seed: int, luck: random.Random, *, asks_if_cancelled: bool = False) -> Body:
    """A handler.

    Args:
        seed: what its steps are drawn from.
        luck: what is drawn in the functions of runs, which is different in every attempt.
        asks_if_cancelled: whether it asks `ctx.cancelled`, as handlers with explicit cancellation.
    """

    async def body(ctx: ObjectContext, _: Parcel) -> Parcel:
        drawn = Program(ctx, random.Random(seed), luck, asks_if_cancelled=asks_if_cancelled)
        return await drawn.run()

    return body
