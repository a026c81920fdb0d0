"""MapObject: texts by name, each one a state key of its own."""

from __future__ import annotations

from google.protobuf.struct_pb2 import ListValue
from google.protobuf.wrappers_pb2 import StringValue

from conformance.suite.v1.map_object_pb2 import MapEntry
from conformance.suite.v1.map_object_restate import MapObjectBase
from restate_proto import ObjectContext, StateKey


class MapObject(MapObjectBase):
    async def set_(self, ctx: ObjectContext, request: MapEntry) -> None:
        ctx.set(StateKey(request.key, str), request.value)

    async def get(self, ctx: ObjectContext, request: StringValue) -> StringValue:
        return StringValue(value=await ctx.get(StateKey(request.value, str)) or "")

    async def clear_all(self, ctx: ObjectContext) -> ListValue:
        entries = ListValue()
        for key in await ctx.state_keys():
            entries.add_struct().update({"key": key, "value": await ctx.get(StateKey(key, str))})
        ctx.clear_all()
        return entries
