"""The benchmark services on the official Python SDK: the ASGI application `app`."""

from __future__ import annotations

from typing import Any

import restate

greeter = restate.Service("Greeter")
counter = restate.VirtualObject("BenchmarkCounter")


@greeter.handler()
async def greet(ctx: restate.Context, request: dict[str, Any]) -> dict[str, Any]:
    return {"greeting": f"Hello {request['name']}"}


@counter.handler()
async def add(ctx: restate.ObjectContext, amount: int) -> int:
    current = await ctx.get("count", type_hint=int) or 0

    async def effect() -> int:
        return current + amount

    count = await ctx.run_typed("add", effect)
    ctx.set("count", count)
    return count


app = restate.app([greeter, counter])
