"""Timers, the clock, and random numbers: the same in every attempt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from restate_proto import Context, gather
from tests.integration.conformance_messages import Parcel
from tests.integration.scripted_services import Place

if TYPE_CHECKING:
    from tests.integration.world import World

each_kind = pytest.mark.parametrize(
    "place", [Place.SERVICE, Place.OBJECT, Place.WORKFLOW], ids=lambda place: place.value
)


@each_kind
def test_sleep(world: World, place: Place) -> None:
    duration = timedelta(milliseconds=40)
    started: list[float] = []

    async def body(ctx: Context, parcel: Parcel) -> None:
        started.append(int(world.time() * 1000) / 1000)  # Restate counts whole milliseconds
        await ctx.sleep(duration, "a nap")

    world.run(world.perform(place, body))
    assert world.time() - started[0] >= duration.total_seconds()
    assert len(started) == (2 if world.combination.replays else 1)


def test_sleeps_that_are_over_at_once(world: World) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.sleep(timedelta(0))
        await ctx.sleep(timedelta(days=-1))
        await gather(*(ctx.sleep(timedelta(milliseconds=i)) for i in range(5)))
        return Parcel(number=1)

    assert world.run(world.perform(Place.SERVICE, body)).number == 1


def test_the_name_of_a_sleep_is_what_restate_shows(world: World) -> None:
    async def body(ctx: Context, parcel: Parcel) -> None:
        await ctx.sleep(timedelta(0), "a nap")

    async def scenario() -> list[str]:
        handle = await world.begin(Place.SERVICE, body)
        await handle.attach()
        invocation = await handle.invocation_id()
        rows = await world.query(f"SELECT name FROM sys_journal WHERE id = '{invocation}'")
        return [str(row.get("name")) for row in rows]

    assert "a nap" in world.run(scenario())


@each_kind
def test_every_attempt_sees_the_same(world: World, place: Place) -> None:
    """The time, random numbers and UUIDs, with waits in between and one failed attempt."""
    seen: list[list[object]] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        mine: list[object] = []
        seen.append(mine)
        mine += [ctx.random.random(), ctx.uuid(), ctx.random.randint(0, 2**80)]
        mine.append(await ctx.time())
        await ctx.sleep(timedelta(0))
        mine += [ctx.random.random(), ctx.uuid(), await ctx.time()]
        if sum(len(each) == 7 for each in seen) == 1:
            raise OSError("once more")
        return Parcel(number=1)

    before = datetime.fromtimestamp(world.time(), UTC) - timedelta(
        microseconds=1
    )  # to which the record is rounded
    assert world.run(world.perform(place, body)).number == 1
    assert len(world.take_failures()) == 1
    complete = seen[-1]
    for each in seen:
        assert each == complete[: len(each)]
    assert len(seen) >= 2
    first, second = complete[1], complete[5]
    assert isinstance(first, UUID)
    assert isinstance(second, UUID)
    assert first.version == 4
    assert first != second
    assert isinstance(complete[3], datetime)
    assert isinstance(complete[6], datetime)
    assert complete[3].tzinfo is UTC
    after = datetime.fromtimestamp(world.time(), UTC) + timedelta(microseconds=1)
    assert before <= complete[3] <= complete[6] <= after


def test_every_invocation_sees_other_random_numbers(world: World) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        return Parcel(text=str(ctx.uuid()))

    async def scenario() -> set[str]:
        return {(await world.perform(Place.SERVICE, body)).text for _ in range(5)}

    assert len(world.run(scenario())) == 5
