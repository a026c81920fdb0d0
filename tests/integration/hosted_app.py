"""Services for tests of hosts: `asgi`, `mounted` and `handler`."""

from __future__ import annotations

import os
import sys
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from starlette.applications import Starlette

from benchmark.v1.benchmark_pb2 import AddRequest, Count, GreetRequest, GreetResponse
from benchmark.v1.benchmark_restate import CounterBase, CounterClient, GreeterBase
from restate_proto import Endpoint

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from restate_proto import Context, ObjectContext

__all__ = ["asgi", "handler", "mounted"]


def say(text: str) -> str:
    """Record a side effect outside of the process; whole lines, whichever thread writes them."""
    os.write(sys.stdout.fileno(), f"{text[:100]}\n".encode())
    return text


class Greeter(GreeterBase):
    """Greets after a call, an effect, a timer and, if the name asks for it, an awakeable."""

    async def greet(self, ctx: Context, request: GreetRequest) -> GreetResponse:
        name = await ctx.run("name", say, request.name)
        if name.startswith("wait"):
            awakeable = ctx.awakeable(GreetResponse)
            say(awakeable.id)  # in every attempt: nothing is to be waited for but the awakeable
            return await awakeable
        counter = CounterClient.from_context(ctx, name[:100])
        await ctx.sleep(timedelta(0))
        count = await counter.add(AddRequest(amount=2))
        return GreetResponse(greeting=f"Hello {name} {count.value}")


class Counter(CounterBase):
    async def add(self, ctx: ObjectContext, request: AddRequest) -> Count:
        count = Count(value=request.amount + (await ctx.get(self.COUNT) or Count()).value)
        ctx.set(self.COUNT, count)
        return count


@asynccontextmanager
async def lifespan() -> AsyncGenerator[None]:
    say("set up")
    yield
    say("torn down")


endpoint = Endpoint(Greeter(), Counter(), lifespan=lifespan)
asgi = endpoint.asgi()
mounted = Starlette(lifespan=asgi.lifespan)
mounted.mount("/restate", asgi)
handler = endpoint.aws_lambda()
