"""The contract's services, whose handlers do what a function of the test says."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import uuid4

from restate_proto import TerminalError
from restate_proto.runtime.context import operations_of
from tests.integration.conformance_messages import (
    AccountBase,
    AccountClient,
    ClerkBase,
    ClerkClient,
    EntryList,
    JourneyBase,
    JourneyClient,
    LazyAccountBase,
    Parcel,
    Script,
)

if TYPE_CHECKING:
    from restate_proto import (
        CallFuture,
        Context,
        InvocationHandle,
        ObjectContext,
        ObjectSharedContext,
        WorkflowContext,
        WorkflowSharedContext,
    )
    from tests.integration.conformance_messages import Entry, FailRequest

__all__ = [
    "Account",
    "Body",
    "Clerk",
    "Journey",
    "LazyAccount",
    "Place",
    "Scripts",
    "calls",
    "sends",
    "unique",
]

# The context is of the class that the body's place has; the body says which.
Body: TypeAlias = Callable[[Any, Parcel], Coroutine[Any, Any, Parcel | None]]


class Place(Enum):
    """A kind of handler, in which a script is played."""

    SERVICE = "service"
    OBJECT = "object"
    OBJECT_SHARED = "shared handler of an object"
    WORKFLOW = "workflow"
    WORKFLOW_SHARED = "shared handler of a workflow"


def unique(prefix: str = "k") -> str:
    """Return a name that nothing else has: a key, a workflow id, an idempotency key."""
    return f"{prefix}-{uuid4().hex}"


class Scripts:
    """The functions that scripted handlers play, by name."""

    def __init__(self) -> None:
        self._bodies: dict[str, Body] = {}

    def add(self, body: Body) -> str:
        """Add a function; return the name to put into a `Script`."""
        name = unique(body.__name__)
        self.put(name, body)
        return name

    def put(self, name: str, body: Body) -> None:
        """Add a function under a known name."""
        self._bodies[name] = body

    def names(self) -> list[str]:
        """Return the known names."""
        return list(self._bodies)

    def clear(self) -> None:
        """Forget all functions; handlers that play one of them end with their next attempt."""
        self._bodies.clear()

    async def play(self, ctx: Context, script: Script) -> Parcel:
        """Carry out a script."""
        body = self._bodies.get(script.name)
        if body is None:
            raise TerminalError(f"{script.name} is over", code=410)
        return await body(ctx, script.input or Parcel()) or Parcel()


class Clerk(ClerkBase):
    def __init__(self, scripts: Scripts) -> None:
        self.scripts = scripts

    async def perform(self, ctx: Context, request: Script) -> Parcel:
        return await self.scripts.play(ctx, request)

    async def echo(self, ctx: Context, request: Parcel) -> Parcel:
        return request

    async def nothing(self, ctx: Context) -> None:
        pass

    async def fail(self, ctx: Context, request: FailRequest) -> None:
        raise TerminalError(request.message, code=request.code, metadata=request.metadata)

    async def describe(self, ctx: Context) -> Parcel:
        return Parcel(number=operations_of(ctx).journal.version)

    async def whisper(self, ctx: Context, request: Parcel) -> Parcel:
        return Parcel(text=f"psst, {request.text}")


class Account(AccountBase):
    def __init__(self, scripts: Scripts) -> None:
        self.scripts = scripts

    async def perform(self, ctx: ObjectContext, request: Script) -> Parcel:
        return await self.scripts.play(ctx, request)

    async def observe(self, ctx: ObjectSharedContext, request: Script) -> Parcel:
        return await self.scripts.play(ctx, request)

    async def append(self, ctx: ObjectContext, request: Entry) -> EntryList:
        entries = await ctx.get(self.ENTRIES) or EntryList()
        entries.texts.append(request.text)
        ctx.set(self.ENTRIES, entries)
        return entries

    async def entries(self, ctx: ObjectSharedContext) -> EntryList:
        return await ctx.get(self.ENTRIES) or EntryList()


class LazyAccount(LazyAccountBase):
    def __init__(self, scripts: Scripts) -> None:
        self.scripts = scripts

    async def perform(self, ctx: ObjectContext, request: Script) -> Parcel:
        return await self.scripts.play(ctx, request)


class Journey(JourneyBase):
    def __init__(self, scripts: Scripts) -> None:
        self.scripts = scripts

    async def run(self, ctx: WorkflowContext, request: Script) -> Parcel:
        return await self.scripts.play(ctx, request)

    async def observe(self, ctx: WorkflowSharedContext, request: Script) -> Parcel:
        return await self.scripts.play(ctx, request)

    async def decide(self, ctx: WorkflowSharedContext, request: Parcel) -> None:
        await ctx.promise(self.DECISION).resolve(request)

    async def refuse(self, ctx: WorkflowSharedContext, request: Parcel) -> None:
        await ctx.promise(self.DECISION).reject(request.text, code=request.number)


def calls(
    ctx: Context,
    place: Place,
    script: Script,
    *,
    key: str | None = None,
    idempotency_key: str | None = None,
    headers: dict[str, str] | None = None,
) -> CallFuture[Parcel]:
    """Call the scripted handler of a place; an object or a workflow under a key."""
    options: Any = {"idempotency_key": idempotency_key, "headers": headers}
    key = key or "-"
    match place:
        case Place.SERVICE:
            return ClerkClient.from_context(ctx).perform(script, **options)
        case Place.OBJECT:
            return AccountClient.from_context(ctx, key).perform(script, **options)
        case Place.OBJECT_SHARED:
            return AccountClient.from_context(ctx, key).observe(script, **options)
        case Place.WORKFLOW:
            return JourneyClient.from_context(ctx, key).run(script, **options)
        case Place.WORKFLOW_SHARED:
            return JourneyClient.from_context(ctx, key).observe(script, **options)


def sends(
    ctx: Context, place: Place, script: Script, *, key: str | None = None, **options: Any
) -> InvocationHandle[Parcel]:
    """Send a one-way message where `calls` would call; take `delay`, too."""
    key = key or "-"
    match place:
        case Place.SERVICE:
            return ClerkClient.from_context(ctx).send().perform(script, **options)
        case Place.OBJECT:
            return AccountClient.from_context(ctx, key).send().perform(script, **options)
        case Place.OBJECT_SHARED:
            return AccountClient.from_context(ctx, key).send().observe(script, **options)
        case Place.WORKFLOW:
            return JourneyClient.from_context(ctx, key).send().run(script, **options)
        case Place.WORKFLOW_SHARED:
            return JourneyClient.from_context(ctx, key).send().observe(script, **options)
