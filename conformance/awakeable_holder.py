"""AwakeableHolder: stores the id of the awakeable that a handler waits for, for tests."""

from __future__ import annotations

from google.protobuf.wrappers_pb2 import BoolValue, StringValue

from conformance.suite.v1.awakeable_holder_restate import AwakeableHolderBase
from restate_proto import ObjectContext, TerminalError


class AwakeableHolder(AwakeableHolderBase):
    async def hold(self, ctx: ObjectContext, request: StringValue) -> None:
        ctx.set(self.ID, request)

    async def has_awakeable(self, ctx: ObjectContext) -> BoolValue:
        return BoolValue(value=await ctx.get(self.ID) is not None)

    async def unlock(self, ctx: ObjectContext, request: StringValue) -> None:
        id_ = await ctx.get(self.ID)
        if id_ is None:
            raise TerminalError("no awakeable is registered")
        ctx.resolve_awakeable(id_.value, request)
