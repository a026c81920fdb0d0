"""Each combination of the matrix is set up as it says."""

from __future__ import annotations

import asyncio

from restate_proto import Context, Encoding
from tests.integration.conformance_messages import MESSAGES, ClerkClient, Parcel
from tests.integration.scripted_services import Place
from tests.integration.world import World

BASES = {
    "protobuf": "google.protobuf.message",
    "betterproto": "betterproto",
    "betterproto2": "betterproto2",
}


def test_the_messages_are_of_the_library_that_was_asked_for() -> None:
    assert BASES[MESSAGES] in {base.__module__ for base in Parcel.__mro__}


def test_the_protocol_version_is_spoken(world: World) -> None:
    async def scenario() -> None:
        clerk = ClerkClient.from_client(world.client)
        assert (await clerk.describe()).number == world.version  # what the endpoint saw
        handle = await clerk.send().describe()
        await handle.attach()
        row = await world.invocation_row(await handle.invocation_id())
        assert row["pinned_service_protocol_version"] == world.version

    world.run(scenario())


def test_a_wait_suspends_or_does_not(world: World) -> None:
    attempts: list[str] = []
    reached = asyncio.Event()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        awakeable = ctx.awakeable(Parcel)
        attempts.append(awakeable.id)
        reached.set()
        return await awakeable

    async def scenario() -> None:
        handle = await world.begin(Place.SERVICE, body)
        await reached.wait()
        if world.combination.replays:
            await world.when_it_is("suspended", await handle.invocation_id())
        await world.client.resolve_awakeable(attempts[0], Parcel(number=1), encoding=world.encoding)
        assert (await handle.attach()).number == 1
        assert len(attempts) == (2 if world.combination.replays else 1)
        assert len(set(attempts)) == 1

    world.run(scenario())


def test_payloads_are_in_the_contract_s_encoding(world: World) -> None:
    seen: list[str] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        seen.append(ctx.headers["content-type"])
        return parcel

    world.run(world.perform(Place.SERVICE, body, Parcel(text="x")))
    assert seen == [
        "application/json" if world.encoding is Encoding.JSON else "application/protobuf"
    ]
