"""ListObject: a list of texts for each key."""

from __future__ import annotations

from google.protobuf.struct_pb2 import ListValue
from google.protobuf.wrappers_pb2 import StringValue

from conformance.suite.v1.list_object_restate import ListObjectBase
from restate_proto import ObjectContext


class ListObject(ListObjectBase):
    async def append(self, ctx: ObjectContext, request: StringValue) -> None:
        texts = await self.get(ctx)
        texts.append(request.value)
        ctx.set(self.LIST, texts)

    async def get(self, ctx: ObjectContext) -> ListValue:
        return await ctx.get(self.LIST) or ListValue()

    async def clear(self, ctx: ObjectContext) -> ListValue:
        texts = await self.get(ctx)
        ctx.clear(self.LIST)
        return texts
