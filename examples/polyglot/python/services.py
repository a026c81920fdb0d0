"""The services of the Python team, in binary and in JSON."""

from __future__ import annotations

from polyglot.python.v1.services_restate import (
    JourneyBase,
    JsonJourneyBase,
    JsonLockerBase,
    JsonMirrorBase,
    LockerBase,
    MirrorBase,
)
from polyglot.values.v1.values_pb2 import Values, View
from reading import read

from restate_proto import (
    Context,
    ObjectContext,
    ObjectSharedContext,
    WorkflowContext,
    WorkflowSharedContext,
)


def view(values: Values, encoding: str, key: str = "") -> View:
    """What this program sees in the values."""
    return View(values=values, fields=read(values), language="python", encoding=encoding, key=key)


class Mirror(MirrorBase):
    async def reflect(self, ctx: Context, request: Values) -> View:
        return view(request, "binary")


class Locker(LockerBase):
    async def keep(self, ctx: ObjectContext, request: Values) -> View:
        ctx.set(self.KEPT, request)
        return view(request, "binary", ctx.key)

    async def look(self, ctx: ObjectSharedContext) -> View:
        return view(await ctx.get(self.KEPT) or Values(), "binary", ctx.key)


class Journey(JourneyBase):
    async def run(self, ctx: WorkflowContext, request: Values) -> View:
        await ctx.promise(self.ARRIVED).resolve(request)
        return view(request, "binary", ctx.key)

    async def arrived(self, ctx: WorkflowSharedContext) -> View:
        return view(await ctx.promise(self.ARRIVED), "binary", ctx.key)


class JsonMirror(JsonMirrorBase):
    async def reflect(self, ctx: Context, request: Values) -> View:
        return view(request, "json")


class JsonLocker(JsonLockerBase):
    async def keep(self, ctx: ObjectContext, request: Values) -> View:
        ctx.set(self.KEPT, request)
        return view(request, "json", ctx.key)

    async def look(self, ctx: ObjectSharedContext) -> View:
        return view(await ctx.get(self.KEPT) or Values(), "json", ctx.key)


class JsonJourney(JsonJourneyBase):
    async def run(self, ctx: WorkflowContext, request: Values) -> View:
        await ctx.promise(self.ARRIVED).resolve(request)
        return view(request, "json", ctx.key)

    async def arrived(self, ctx: WorkflowSharedContext) -> View:
        return view(await ctx.promise(self.ARRIVED), "json", ctx.key)
