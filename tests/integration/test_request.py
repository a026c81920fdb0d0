"""What a handler can know about its request."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from restate_proto import (
    Context,
    ObjectContext,
    ObjectSharedContext,
    TerminalError,
    WorkflowContext,
    WorkflowSharedContext,
)
from tests.integration.conformance_messages import AccountClient, ClerkClient, JourneyClient, Parcel
from tests.integration.scripted_services import Place, calls, sends, unique

if TYPE_CHECKING:
    from tests.integration.world import World

CONTEXTS = {
    Place.SERVICE: Context,
    Place.OBJECT: ObjectContext,
    Place.OBJECT_SHARED: ObjectSharedContext,
    Place.WORKFLOW: WorkflowContext,
    Place.WORKFLOW_SHARED: WorkflowSharedContext,
}
KEYS = [
    "a/b",
    "a b",
    "größe/ü",
    "100%",
    "%2F",
    "?x=1&y",
    "#1",
    "..",
    "+",
    "日本",
    "\"'",
    "\\",
    "a\tb",
]


@pytest.mark.parametrize("place", list(Place), ids=lambda place: place.value)
def test_id_and_context_class(world: World, place: Place) -> None:
    classes: list[type[Context]] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        classes.append(type(ctx))
        return Parcel(text=ctx.invocation_id)

    async def scenario() -> None:
        handle = await world.begin(place, body)
        assert (await handle.attach()).text == await handle.invocation_id()

    world.run(scenario())
    assert classes == [CONTEXTS[place]]


def test_any_key(world: World) -> None:
    """A handler and a client reach the same object, which gets its key unchanged."""

    async def tell(ctx: ObjectSharedContext | WorkflowSharedContext, parcel: Parcel) -> Parcel:
        return Parcel(text=ctx.key, note=ctx.invocation_id)

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        answers = [await calls(ctx, place, script, key=parcel.text) for place in keyed]
        answers += [await sends(ctx, p, script, key=parcel.text).attach() for p in keyed]
        return Parcel(parts=answers)

    script = world.script(tell)
    keyed = (Place.OBJECT, Place.OBJECT_SHARED, Place.WORKFLOW_SHARED)

    async def scenario(key: str) -> None:
        own = f"{key} {unique()} {key}"
        inside = await world.perform(Place.SERVICE, body, Parcel(text=own))
        assert [part.text for part in inside.parts] == [own] * 6
        account = AccountClient.from_client(world.client, own)
        assert (await account.perform(script)).text == own
        assert (await account.observe(script)).text == own
        sent = await account.send().observe(script)
        assert (await sent.attach()).text == own
        journey = JourneyClient.from_client(world.client, own)
        assert (await journey.observe(script)).text == own
        run = await journey.submit(script)
        assert (await run.attach()).text == own
        by_id = await journey.handle().attach()
        assert (by_id.text, by_id.note) == (own, await run.invocation_id())

    async def scenarios() -> None:
        await asyncio.gather(*map(scenario, KEYS))

    world.run(scenarios())


def test_keys_that_are_nothing_else(world: World) -> None:
    async def tell(ctx: ObjectSharedContext, parcel: Parcel) -> Parcel:
        return Parcel(text=ctx.key)

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        return await AccountClient.from_context(ctx, parcel.text).observe(script)

    script = world.script(tell)

    async def scenario() -> None:
        for key in (*KEYS, ".", " "):
            assert (await world.perform(Place.SERVICE, body, Parcel(text=key))).text == key
            account = AccountClient.from_client(world.client, key)
            assert (await account.observe(script)).text == key

    world.run(scenario())


def test_headers_from_outside(world: World) -> None:
    async def tell(ctx: Context, parcel: Parcel) -> Parcel:
        assert ctx.headers.get("X-ONE") == ctx.headers["X-One"]
        return Parcel(text=ctx.headers["x-one"])

    async def scenario() -> None:
        clerk = ClerkClient.from_client(world.client)
        script = world.script(tell)
        assert (await clerk.perform(script, headers={"X-One": "1 2"})).text == "1 2"
        handle = await clerk.send().perform(script, headers={"x-one": "3"})
        assert (await handle.attach()).text == "3"

    world.run(scenario())


async def tell_request(ctx: Context, parcel: Parcel) -> Parcel:
    return Parcel(text=f"{ctx.idempotency_key} {ctx.scope} {ctx.limit_key}")


def test_what_restate_does_not_say_is_none(world: World) -> None:
    if world.version >= 7:
        assert world.server  # without flow control, which a virtual one has
    """See test_scope.py for a server that says it: that takes more than v7."""
    script = world.script(tell_request)

    async def scenario() -> str:
        clerk = ClerkClient.from_client(world.client)
        return (await clerk.perform(script, idempotency_key=unique())).text

    assert world.run(scenario()) == "None None None"


def test_a_scope_needs_v7(world: World) -> None:
    if world.version >= 7:
        assert world.server  # as above

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        return await ClerkClient.from_context(ctx, scope="tenant").perform(script)

    async def scenario() -> str:
        handle = await world.begin(Place.SERVICE, body)
        invocation = await handle.invocation_id()
        while not (row := await world.invocation_row(invocation)).get("last_failure"):
            pass
        await world.client.kill(invocation)
        with pytest.raises(TerminalError):
            await handle.attach()
        return str(row["last_failure"])

    script = world.script(tell_request)
    text = world.run(scenario())
    failures = world.take_failures()
    if world.version < 7:
        assert "[573] 'scope' needs service protocol v7, but Restate speaks" in failures[0]
        assert "'scope' needs service protocol v7" in text
    else:  # it is sent, and this server refuses it
        assert not failures
        assert "scoped invocations require flow control" in text
