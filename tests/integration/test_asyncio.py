"""asyncio in handlers, on the real server: random programs repeat themselves wherever they are cut off."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from restate_proto import CancelledError, Context, TerminalError
from tests.integration.asyncio_programs import play
from tests.integration.conformance_messages import ClerkClient, FailRequest, Parcel
from tests.integration.matrix import combinations
from tests.integration.scripted_services import Place

if TYPE_CHECKING:
    from tests.integration.world import World

PROGRAMS = int(os.environ.get("RESTATE_PROTO_SERVER_PROGRAMS", "25"))
HOUR = 3600


@combinations(lambda it: it.replays or it.version == 6)
def test_random_programs_end(world: World) -> None:
    """An attempt that differs from the one before would fail with 570, again and again."""

    async def scenario() -> None:
        for first in range(0, PROGRAMS, 5):
            async with asyncio.TaskGroup() as group:
                for number in range(first, min(first + 5, PROGRAMS)):
                    parcel = Parcel(number=number)
                    group.create_task(world.perform(Place.SERVICE, play, parcel))

    world.run(scenario())
    # What the log has besides is of the programs: what they leave, and failures that they do not
    # look at.
    own = (
        "its tasks were running",
        "left an asynchronous generator open",
        "exception was never retrieved",
    )
    failures = world.take_failures()
    assert not [text for text in failures if not any(each in text for each in own)]


@pytest.mark.parametrize("place", [Place.SERVICE, Place.OBJECT, Place.WORKFLOW])
def test_groups_and_timeouts(world: World, place: Place) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        clerk = ClerkClient.from_context(ctx)

        async def twice(number: int) -> int:
            first = await clerk.echo(Parcel(number=number))
            await asyncio.sleep(0.001)
            return (await clerk.echo(Parcel(number=10 * first.number))).number

        async with asyncio.timeout(HOUR), asyncio.TaskGroup() as group:
            tasks = [group.create_task(twice(number)) for number in (1, 2, 3)]
        total = sum(task.result() for task in tasks)
        try:
            async with asyncio.timeout(0.001):
                await ctx.awakeable(Parcel)
        except TimeoutError:
            total += sum(await asyncio.gather(twice(10), twice(20)))
        return Parcel(number=total)

    assert world.run(world.perform(place, body)).number == 60 + 300


def test_a_timeout_that_leaves_the_handler_is_terminal(world: World) -> None:
    async def body(ctx: Context, parcel: Parcel) -> None:
        async with asyncio.timeout(0.001):
            await ctx.awakeable(Parcel)

    with pytest.raises(TerminalError) as raised:
        world.run(world.perform(Place.SERVICE, body))
    assert raised.value.code == 408


def test_a_group_of_terminal_errors_is_the_first(world: World) -> None:
    async def body(ctx: Context, parcel: Parcel) -> None:
        clerk = ClerkClient.from_context(ctx)

        async def fail(code: int) -> None:
            await clerk.fail(FailRequest(message="no", code=code))

        async with asyncio.TaskGroup() as group:
            group.create_task(fail(444))
            group.create_task(asyncio.sleep(HOUR))

    with pytest.raises(TerminalError) as raised:
        world.run(world.perform(Place.SERVICE, body))
    assert raised.value.code == 444


@combinations(lambda it: it.version >= 6)
def test_a_cancelled_handler_aborts_its_group_and_compensates(world: World) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        clerk = ClerkClient.from_context(ctx)
        undone: list[int] = []

        async def work(number: int) -> None:
            try:
                await ctx.sleep(timedelta(hours=1))
            except asyncio.CancelledError:
                undone.append((await clerk.echo(Parcel(number=number))).number)
                raise

        try:
            async with asyncio.TaskGroup() as group:
                for number in (1, 2):
                    group.create_task(work(number))
        except CancelledError:
            return Parcel(number=sum(undone) + (await clerk.echo(Parcel(number=10))).number)
        return parcel

    async def scenario() -> Parcel:
        handle = await world.begin(Place.SERVICE, body)
        await handle.cancel()
        return await handle.attach()

    assert world.run(scenario()).number == 13
