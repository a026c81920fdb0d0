"""The benchmark services on the official Python SDK: the ASGI application `app`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import restate
from restate.serde import BytesSerde

greeter = restate.Service("Greeter")
tally = restate.VirtualObject("Tally")
steps = restate.Service("Steps")


def greeting(request: dict[str, Any]) -> dict[str, Any]:
    return {"greeting": f"Hello {request['name']}"}


@greeter.handler()
async def greet(ctx: restate.Context, request: dict[str, Any]) -> dict[str, Any]:
    return greeting(request)


@tally.handler()
async def add(ctx: restate.ObjectContext, amount: int) -> int:
    count = (await ctx.get("count", type_hint=int) or 0) + amount
    ctx.set("count", count)
    return count


@steps.handler()
async def run(ctx: restate.Context, request: dict[str, Any]) -> dict[str, Any]:
    async def step() -> dict[str, Any]:
        return greeting(request)

    return await ctx.run_typed("step", step)


@steps.handler()
async def call(ctx: restate.Context, request: dict[str, Any]) -> dict[str, Any]:
    return await ctx.service_call(greet, request)


@steps.handler()
async def replay(ctx: restate.Context, request: dict[str, Any]) -> dict[str, Any]:
    async def step() -> int:
        return 1

    count = 0
    for _ in range(request["steps"]):
        count += await ctx.run_typed("step", step)
    return {"steps": count}


@steps.handler(input_serde=BytesSerde(), output_serde=BytesSerde())
async def echo(ctx: restate.Context, body: bytes) -> bytes:
    return body


@steps.handler()
async def park(ctx: restate.Context, request: dict[str, Any]) -> dict[str, Any]:
    await ctx.sleep(timedelta(hours=1))
    return greeting(request)


app = restate.app([greeter, tally, steps])
