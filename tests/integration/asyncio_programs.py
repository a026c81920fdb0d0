"""Random handlers that use asyncio, for the real server: see `tests.runtime.asyncio_programs`."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from tests.integration.conformance_messages import ClerkClient, FailRequest, Parcel
from tests.runtime.asyncio_programs import Program

if TYPE_CHECKING:
    from restate_proto import CallFuture, Context, DurableFuture

__all__ = ["play"]


async def play(ctx: Context, parcel: Parcel) -> Parcel:
    """Play the program with this number, and answer with its outcome."""
    program = ServerProgram(ctx, random.Random(parcel.number), random.Random(parcel.number))
    await program.run()
    return Parcel(text=program.digest())


class ServerProgram(Program):
    """A program whose calls go to the clerk, and fail now and then."""

    second = 0.001

    def call(self) -> DurableFuture[Any]:
        if self.draw.random() < 0.2:
            clerk = ClerkClient.from_context(self.ctx)
            return clerk.fail(FailRequest(message="meant to fail", code=444))
        return self.invocation().map(lambda parcel: parcel.text)

    def invocation(self, *, cancel_with_me: bool = True) -> CallFuture[Any]:
        clerk = ClerkClient.from_context(self.ctx)
        return clerk.echo(Parcel(text=self.digest()), cancel_with_me=cancel_with_me)

    def event(self) -> DurableFuture[Any]:
        return self.call()

    async def work(self) -> int:
        return 1
