"""Handlers whose journals have every kind of entry; tests change their text, and replay it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from conformance.v1.conformance_pb2 import EntryList, FailRequest, Parcel, Script
from conformance.v1.conformance_restate import (
    AccountBase,
    AccountClient,
    ClerkBase,
    ClerkClient,
    JourneyBase,
    JourneyClient,
)
from restate_proto import (
    Context,
    Endpoint,
    ObjectContext,
    ObjectSharedContext,
    TerminalError,
    WorkflowContext,
    WorkflowSharedContext,
    select,
)

executed: list[str] = []
"""The names of the runs whose functions were called."""

SOON = timedelta(milliseconds=1)
LATER = timedelta(hours=1)


def effect(name: str) -> str:
    executed.append(name)
    return name


class Clerk(ClerkBase):
    async def perform(self, ctx: Context, request: Script) -> Parcel:
        parcel = request.input
        if parcel.number > 100:
            await ctx.run("approve", effect, "approve")
        price = await ctx.run("quote", effect, "quote")
        paid = await ctx.run("charge", effect, f"charge {price}")
        echo = await ClerkClient.from_context(ctx).echo(Parcel(text=paid, number=parcel.number))
        await ctx.sleep(SOON, "a nap")
        account = AccountClient.from_context(ctx, parcel.text)
        account.send().perform(Script(name="later", input=echo), delay=LATER)
        sent = ClerkClient.from_context(ctx).send().nothing(name="tell")
        told = await sent.invocation_id()
        await ctx.invocation(told).attach()
        first = ctx.run("first", effect, "first")
        second = ctx.run("second", effect, "second")
        await asyncio.gather(first, second)
        number = ctx.random.randint(1, 1_000_000)
        await ctx.run(f"number {number}", effect, "number")
        ctx.resolve_awakeable(parcel.note, Parcel(text="done"))
        return Parcel(text=paid, number=len(price))

    async def whisper(self, ctx: Context, request: Parcel) -> Parcel:
        waits = ctx.awakeable(Parcel)
        await ctx.run("ask", effect, waits.id)
        winner, _ = await select(approved=waits, late=ctx.sleep(LATER, "limit"))
        return Parcel(text=winner)

    async def echo(self, ctx: Context, request: Parcel) -> Parcel:
        return request

    async def nothing(self, ctx: Context) -> None:
        pass

    async def fail(self, ctx: Context, request: FailRequest) -> None:
        raise TerminalError("no", code=409)

    async def describe(self, ctx: Context) -> Parcel:
        ClerkClient.from_context(ctx).send().whisper(Parcel())
        return Parcel()


class Account(AccountBase):
    async def perform(self, ctx: ObjectContext, request: Script) -> Parcel:
        entries = await ctx.get(self.ENTRIES) or EntryList()
        for text in ("one", "two"):
            entries.texts.append(f"{request.name} {text}")
            ctx.set(self.ENTRIES, entries)
        keys = await ctx.state_keys()
        ctx.set(self.PARCEL, Parcel(number=len(keys)))
        ctx.clear(self.PARCEL)
        try:
            await ClerkClient.from_context(ctx).fail(FailRequest(code=request.input.color))
        except TerminalError as error:
            await ctx.run(f"compensate {error.code}", effect, "compensate")
        call = JourneyClient.from_context(ctx, ctx.key).run(Script(name="trip"))
        go = JourneyClient.from_context(ctx, ctx.key)
        await go.decide(Parcel(text="yes"))
        decided = await call
        observer = ctx.invocation(request.input.note)
        observer.signal(self.GO, Parcel(text="go on"))
        observer.cancel(name="enough")
        ctx.clear_all()
        return decided

    async def observe(self, ctx: ObjectSharedContext, request: Script) -> Parcel:
        return await ctx.signal(self.GO)

    async def append(self, ctx: ObjectContext, request: object) -> EntryList:
        raise NotImplementedError

    async def entries(self, ctx: ObjectSharedContext) -> EntryList:
        raise NotImplementedError


class Journey(JourneyBase):
    async def run(self, ctx: WorkflowContext, request: Script) -> Parcel:
        seen = await ctx.promise(self.DECISION).peek()
        decided = await ctx.promise(self.DECISION)
        return Parcel(text=decided.text, number=int(seen is not None))

    async def observe(self, ctx: WorkflowSharedContext, request: Script) -> Parcel:
        return await ctx.promise(self.DECISION)

    async def decide(self, ctx: WorkflowSharedContext, request: Parcel) -> None:
        await ctx.promise(self.DECISION).resolve(request)

    async def refuse(self, ctx: WorkflowSharedContext, request: Parcel) -> None:
        await ctx.promise(self.DECISION).reject(request.text, code=409)


endpoint = Endpoint(Clerk(), Account(), Journey())
