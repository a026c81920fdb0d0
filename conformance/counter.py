"""Counter: a number for each key."""

from __future__ import annotations

from google.protobuf.wrappers_pb2 import Int32Value

from conformance.suite.v1.counter_pb2 import CounterUpdateResponse
from conformance.suite.v1.counter_restate import CounterBase
from restate_proto import ObjectContext, ObjectSharedContext, TerminalError


class Counter(CounterBase):
    async def add(self, ctx: ObjectContext, request: Int32Value) -> CounterUpdateResponse:
        old = await self.get(ctx)
        new = old.value + request.value
        ctx.set(self.COUNTER, Int32Value(value=new))
        return CounterUpdateResponse(old_value=old.value, new_value=new)

    async def add_then_fail(self, ctx: ObjectContext, request: Int32Value) -> None:
        await self.add(ctx, request)
        raise TerminalError(ctx.key)

    async def get(self, ctx: ObjectSharedContext) -> Int32Value:
        return await ctx.get(self.COUNTER) or Int32Value()

    async def reset(self, ctx: ObjectContext) -> None:
        ctx.clear(self.COUNTER)
