"""Handlers, and parts of handlers, that tests of attempts and of runs share."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Context, Target

if TYPE_CHECKING:
    from restate_proto import RetryPolicy

__all__ = ["ECHO", "echo", "failing", "nap", "turns"]

ECHO = Target.service("runtime.v1.Other", "Echo")
"""Another handler, with a `Parcel` as request and response."""


async def echo(ctx: Context, parcel: Parcel) -> Parcel:
    """Return the request."""
    return parcel


async def nap(ctx: Context, parcel: Parcel) -> Parcel:
    """Return the request an hour later."""
    await ctx.sleep(timedelta(hours=1))
    return parcel


def failing(error: BaseException, retry: RetryPolicy | None = None) -> Any:
    """Make a handler that awaits a `ctx.run` whose function raises the error."""

    async def fail() -> int:
        raise error

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        return Parcel(number=await ctx.run("fail", fail, type=int, retry=retry))

    return body


async def turns(number: int) -> None:
    """Keep the loop busy: after a thousand turns the real loop has one."""
    for _ in range(number):
        await asyncio.sleep(0)
