"""The benchmark services on restate-proto: `python -m bench.servers.ours PORT ENGINE`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from benchmark.v1.benchmark_pb2 import AddRequest, Count, GreetRequest, GreetResponse
from benchmark.v1.benchmark_restate import CounterBase, GreeterBase
from restate_proto import Endpoint

if TYPE_CHECKING:
    from restate_proto import Context, ObjectContext


class Greeter(GreeterBase):
    async def greet(self, ctx: Context, request: GreetRequest) -> GreetResponse:
        return GreetResponse(greeting=f"Hello {request.name}")


class Counter(CounterBase):
    async def add(self, ctx: ObjectContext, request: AddRequest) -> Count:
        current = await ctx.get(self.COUNT) or Count()

        async def effect() -> Count:
            return Count(value=current.value + request.amount)

        count = await ctx.run("add", effect, type=Count)
        ctx.set(self.COUNT, count)
        return count


if __name__ == "__main__":
    Endpoint(Greeter(), Counter(), engine=sys.argv[2]).serve(f"127.0.0.1:{sys.argv[1]}")
