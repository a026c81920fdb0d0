"""State of objects and workflows, sent along or fetched."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from restate_proto import (
    Context,
    ObjectContext,
    ObjectSharedContext,
    StateKey,
    WorkflowContext,
    WorkflowSharedContext,
)
from tests.integration.conformance_messages import (
    BLUE,
    AccountBase,
    AccountClient,
    Entry,
    EntryList,
    JourneyBase,
    Parcel,
    moment,
)
from tests.integration.scripted_services import Place, unique

if TYPE_CHECKING:
    from tests.integration.world import World

NOTHING = timedelta(0)
PARCEL = Parcel(
    text="größe",
    number=-(2**62),
    data=b"\x00\xff{",
    counts={"b": 1, "a": 2, "": 3},
    sent_at=moment(5, 500_000),
    color=BLUE,
    parts=[Parcel(note=""), Parcel()],
)
COUNT = StateKey("count", int)
BLOB = StateKey("blob", bytes)
BY_HAND = StateKey("by hand/ü", EntryList)

each_writer = pytest.mark.parametrize(
    "place", [Place.OBJECT, Place.WORKFLOW], ids=lambda place: place.value
)


@each_writer
def test_set_get_clear(world: World, place: Place) -> None:
    key = AccountBase.PARCEL if place is Place.OBJECT else JourneyBase.PARCEL

    async def body(ctx: ObjectContext | WorkflowContext, parcel: Parcel) -> Parcel:
        assert await ctx.get(key) is None
        assert await ctx.state_keys() == ()
        ctx.set(key, parcel)
        ctx.set(COUNT, 3)
        ctx.set(BLOB, b"")
        ctx.set(BY_HAND, EntryList())
        assert await ctx.get(key) == parcel
        assert await ctx.get(COUNT) == 3
        assert await ctx.get(BLOB) == b""
        assert await ctx.get(BY_HAND) == EntryList()
        assert sorted(await ctx.state_keys()) == ["blob", "by hand/ü", "count", "parcel"]
        ctx.clear(COUNT)
        ctx.clear(StateKey("never set", str))
        assert await ctx.get(COUNT) is None
        await ctx.sleep(NOTHING)  # a wait in the middle, for a replay from here on
        assert await ctx.get(COUNT) is None
        assert await ctx.get(key) == parcel
        ctx.clear_all()
        assert await ctx.get(key) is None
        assert await ctx.state_keys() == ()
        ctx.set(COUNT, 4)
        return Parcel(number=await ctx.get(COUNT) or 0)

    assert world.run(world.perform(place, body, PARCEL)).number == 4


@each_writer
def test_it_is_there_for_the_next_invocation(world: World, place: Place) -> None:
    workflow = place is Place.WORKFLOW
    key = JourneyBase.PARCEL if workflow else AccountBase.PARCEL
    reader = Place.WORKFLOW_SHARED if workflow else Place.OBJECT_SHARED

    async def write(ctx: ObjectContext | WorkflowContext, parcel: Parcel) -> None:
        ctx.set(key, parcel)
        ctx.set(BLOB, b"\x00")
        ctx.set(COUNT, 1)
        ctx.clear(COUNT)

    async def read(ctx: ObjectSharedContext | WorkflowSharedContext, parcel: Parcel) -> Parcel:
        value = await ctx.get(key)
        assert await ctx.get(BLOB) == b"\x00"
        assert await ctx.get(COUNT) is None
        assert sorted(await ctx.state_keys()) == ["blob", "parcel"]
        assert ctx.key == parcel.text
        return value or Parcel()

    async def scenario() -> None:
        own, other = unique(), unique()
        await world.perform(place, write, PARCEL, key=own)
        answer = await world.perform(reader, read, Parcel(text=own), key=own)
        assert answer == PARCEL
        await world.perform(place, write, Parcel(), key=other)
        assert await world.perform(reader, read, Parcel(text=other), key=other) == Parcel()

    world.run(scenario())


def test_state_that_is_fetched_key_by_key(world: World) -> None:
    async def write(ctx: ObjectContext, parcel: Parcel) -> None:
        assert await ctx.get(AccountBase.PARCEL) is None
        ctx.set(AccountBase.PARCEL, PARCEL)
        ctx.set(COUNT, 1)
        assert await ctx.get(AccountBase.PARCEL) == PARCEL

    async def read(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        assert sorted(await ctx.state_keys()) == ["count", "parcel"]
        value = await ctx.get(AccountBase.PARCEL)
        assert value == PARCEL
        assert await ctx.get(COUNT) == 1
        assert await ctx.get(AccountBase.ENTRIES) is None
        ctx.clear(COUNT)
        assert await ctx.get(COUNT) is None
        ctx.clear_all()
        assert await ctx.get(AccountBase.PARCEL) is None
        assert await ctx.state_keys() == ()
        return Parcel(number=1)

    async def scenario() -> None:
        key = unique()
        await world.perform_lazily(write, key=key)
        assert (await world.perform_lazily(read, key=key)).number == 1

    world.run(scenario())


def test_state_is_the_key_s_own(world: World) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        lengths: list[int] = []
        for key in keys:
            entries = await AccountClient.from_context(ctx, key).append(Entry(text="x"))
            lengths.append(len(entries.texts))
        return Parcel(counts={str(length): 1 for length in lengths})

    base = unique()
    keys = [base, f"{base}/x", f"{base} x", f"{base}%2Fx", f"{base}ü"]
    assert dict(world.run(world.perform(Place.SERVICE, body)).counts) == {"1": 1}


def test_a_key_has_one_writer_at_a_time(world: World) -> None:
    inside: list[int] = []

    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        inside.append(1)
        try:
            assert len(inside) == 1
            count = await ctx.get(COUNT) or 0
            await ctx.run("yield", asyncio.sleep, 0)
            ctx.set(COUNT, count + 1)
            return Parcel(number=count + 1)
        finally:
            inside.pop()

    async def scenario() -> list[int]:
        key = unique()
        performed = (world.perform(Place.OBJECT, body, key=key) for _ in range(10))
        return sorted(answer.number for answer in await asyncio.gather(*performed))

    assert world.run(scenario()) == list(range(1, 11))


@each_writer
def test_shared_handlers_run_beside_the_writer(world: World, place: Place) -> None:
    """The writer waits for something that only a shared handler does."""
    workflow = place is Place.WORKFLOW
    beside = Place.WORKFLOW_SHARED if workflow else Place.OBJECT_SHARED
    word = StateKey("word", str)

    async def write(ctx: ObjectContext | WorkflowContext, parcel: Parcel) -> Parcel:
        awakeable = ctx.awakeable(Parcel)
        ctx.set(word, awakeable.id)
        return await awakeable

    async def read(ctx: ObjectSharedContext | WorkflowSharedContext, parcel: Parcel) -> Parcel:
        id_ = await ctx.get(word)
        if id_ is not None:
            ctx.resolve_awakeable(id_, Parcel(text="from beside"))
        return Parcel(text=id_ or "")

    async def scenario() -> Parcel:
        key = unique()
        handle = await world.begin(place, write, key=key)
        while not (await world.perform(beside, read, key=key)).text:
            pass
        return await handle.attach()

    assert world.run(scenario()).text == "from beside"


def test_a_value_of_another_type_is_refused(world: World) -> None:
    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        with pytest.raises(TypeError, match="EntryList"):
            ctx.set(AccountBase.ENTRIES, parcel)  # pyright: ignore[reportArgumentType] - what is tested
        with pytest.raises(TypeError):
            ctx.set(COUNT, "3")  # pyright: ignore[reportArgumentType] - what is tested
        assert await ctx.state_keys() == ()
        return Parcel(number=1)

    assert world.run(world.perform(Place.OBJECT, body)).number == 1
