"""Services of the conformance contract for callers from outside."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

from conformance.v1.conformance_pb2 import EntryList, Parcel
from conformance.v1.conformance_restate import AccountBase, ClerkBase, JourneyBase
from restate_proto import Endpoint, TerminalError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from conformance.v1.conformance_pb2 import Entry, FailRequest, Script
    from restate_proto import (
        Context,
        ObjectContext,
        ObjectSharedContext,
        WorkflowContext,
        WorkflowSharedContext,
    )
    from restate_proto.testing import TestEnvironment

__all__ = ["OnServer", "Scenario", "Services"]

Scenario: TypeAlias = "Callable[[TestEnvironment, Services], Awaitable[None]]"
"""What a test does with an endpoint that a server has, and with its services."""

OnServer: TypeAlias = "Callable[[Scenario], None]"
"""Run a scenario."""


class Services:
    """The services of one endpoint, and what the test learns from them.

    Attributes:
        awakeables: the ids of the awakeables that handlers wait for.
    """

    def __init__(self) -> None:
        self.awakeables: asyncio.Queue[str] = asyncio.Queue()

    def endpoint(self) -> Endpoint:
        """Return an endpoint that serves them."""
        return Endpoint(Clerk(self), Account(), Journey())


class Clerk(ClerkBase):
    def __init__(self, services: Services) -> None:
        self.services = services

    async def perform(self, ctx: Context, request: Script) -> Parcel:
        match request.name:
            case "await":
                awakeable = ctx.awakeable(Parcel)
                self.services.awakeables.put_nowait(awakeable.id)
                return await awakeable
            case "headers":
                return Parcel(text=json.dumps(dict(ctx.headers)))
            case _:
                await ctx.sleep(timedelta(days=1))
                return Parcel()

    async def echo(self, ctx: Context, request: Parcel) -> Parcel:
        return request

    async def nothing(self, ctx: Context) -> None:
        pass

    async def fail(self, ctx: Context, request: FailRequest) -> None:
        raise TerminalError(request.message, code=request.code, metadata=request.metadata)

    async def describe(self, ctx: Context) -> Parcel:
        return Parcel()

    async def whisper(self, ctx: Context, request: Parcel) -> Parcel:
        return request


class Account(AccountBase):
    async def append(self, ctx: ObjectContext, request: Entry) -> EntryList:
        entries = await ctx.get(self.ENTRIES) or EntryList()
        entries.texts.append(request.text)
        ctx.set(self.ENTRIES, entries)
        return entries

    async def entries(self, ctx: ObjectSharedContext) -> EntryList:
        return await ctx.get(self.ENTRIES) or EntryList()

    async def perform(self, ctx: ObjectContext, request: Script) -> Parcel:
        return Parcel(text=ctx.key)

    async def observe(self, ctx: ObjectSharedContext, request: Script) -> Parcel:
        return Parcel(text=ctx.key)


class Journey(JourneyBase):
    async def run(self, ctx: WorkflowContext, request: Script) -> Parcel:
        decision = await ctx.promise(self.DECISION)
        return Parcel(text=f"{request.name}: {decision.text}")

    async def observe(self, ctx: WorkflowSharedContext, request: Script) -> Parcel:
        return Parcel(text=ctx.key)

    async def decide(self, ctx: WorkflowSharedContext, request: Parcel) -> None:
        await ctx.promise(self.DECISION).resolve(request)

    async def refuse(self, ctx: WorkflowSharedContext, request: Parcel) -> None:
        await ctx.promise(self.DECISION).reject(request.text)
