"""The benchmark services on restate-proto: `python -m bench.servers.python.ours PORT ENGINE`."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING

from benchmark.v1.benchmark_pb2 import AddRequest, Count, GreetRequest, GreetResponse
from benchmark.v1.benchmark_restate import GreeterBase, GreeterClient
from benchmark.v1.workloads_pb2 import ReplayRequest, ReplayResponse
from benchmark.v1.workloads_restate import StepsBase, TallyBase
from restate_proto import Endpoint

if TYPE_CHECKING:
    from restate_proto import Context, ObjectContext

__all__ = ["endpoint", "make_endpoint"]


class Greeter(GreeterBase):
    async def greet(self, ctx: Context, request: GreetRequest) -> GreetResponse:
        return greeting(request)


class Tally(TallyBase):
    async def add(self, ctx: ObjectContext, request: AddRequest) -> Count:
        count = await ctx.get(self.COUNT) or Count()
        count.value += request.amount
        ctx.set(self.COUNT, count)
        return count


class Steps(StepsBase):
    async def run(self, ctx: Context, request: GreetRequest) -> GreetResponse:
        return await ctx.run("step", greet, request, type=GreetResponse)

    async def call(self, ctx: Context, request: GreetRequest) -> GreetResponse:
        return await GreeterClient.from_context(ctx).greet(request)

    async def replay(self, ctx: Context, request: ReplayRequest) -> ReplayResponse:
        steps = 0
        for _ in range(request.steps):
            steps += await ctx.run("step", one)
        return ReplayResponse(steps=steps)

    async def echo(self, ctx: Context, request: bytes) -> bytes:
        return request

    async def park(self, ctx: Context, request: GreetRequest) -> GreetResponse:
        await ctx.sleep(timedelta(hours=1))
        return greeting(request)


def greeting(request: GreetRequest) -> GreetResponse:
    return GreetResponse(greeting=f"Hello {request.name}")


async def greet(request: GreetRequest) -> GreetResponse:
    return greeting(request)


async def one() -> int:
    return 1


def make_endpoint(engine: str | None = None) -> Endpoint:
    return Endpoint(Greeter(), Tally(), Steps(), engine=engine)


endpoint = make_endpoint()
"""The endpoint that `restate-proto serve` serves."""

if __name__ == "__main__":
    make_endpoint(sys.argv[2]).serve(f"127.0.0.1:{sys.argv[1]}")
