"""Invocations that pause themselves until a person resumes them (service protocol v7 only)."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from restate_proto import Context, OnMaxAttempts, PauseError, RetryPolicy
from tests.integration.conformance_messages import Parcel
from tests.integration.matrix import combinations
from tests.integration.scripted_services import Place

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.world import World

v7 = combinations(lambda it: it.version == 7)
until_v6 = combinations(lambda it: it.version <= 6 and not it.replays)
SOON = timedelta(milliseconds=1)
PAUSING = RetryPolicy(initial_interval=SOON, max_attempts=3, on_max_attempts=OnMaxAttempts.PAUSE)


async def resume(world: World, invocation_id: str) -> None:
    """Resume an invocation as a person does in the Restate UI or CLI."""
    url = f"{world.server.admin_url}/invocations/{invocation_id}/resume"
    request = urllib.request.Request(url, method="PATCH")
    await asyncio.to_thread(lambda: urllib.request.urlopen(request).close())


async def paused_with(world: World, invocation_id: str, times: int) -> list[dict[str, Any]]:
    """Return the failures that an invocation was paused with, once it was paused so often."""
    while True:
        rows = await world.query(
            f"SELECT event_json FROM sys_journal_events WHERE id = '{invocation_id}' "
            "AND event_type = 'Paused' ORDER BY appended_at"
        )
        if len(rows) == times:
            await world.when_it_is("paused", invocation_id)
            return [json.loads(row["event_json"])["last_failure"] for row in rows]


async def pause_and_resume(
    world: World, function: Callable[[], int], retry: RetryPolicy | None, resumptions: int
) -> tuple[Parcel, list[str]]:
    """Perform a run whose function pauses; return the answer, and Restate's failure each time."""

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        return Parcel(number=await ctx.run("fragile", function, retry=retry))

    handle = await world.begin(Place.OBJECT, body)
    id_ = await handle.invocation_id()
    said: list[str] = []
    for number in range(1, resumptions + 1):
        failures = await paused_with(world, id_, number)
        assert failures[-1]["related_command_name"] == "fragile"
        said.append(failures[-1]["error_message"])
        await resume(world, id_)
    return await handle.attach(), said


@v7
def test_used_up_retries_pause_and_resuming_gives_new_ones(world: World) -> None:
    executed: list[int] = []

    def fragile() -> int:
        executed.append(1)
        if len(executed) < 8:
            raise OSError(f"not yet {len(executed)}")
        return len(executed)

    answer, said = world.run(pause_and_resume(world, fragile, PAUSING, 2))
    assert answer.number == 8
    assert ["not yet 3" in said[0], "not yet 6" in said[1]] == [True, True]
    assert len(world.take_failures()) == 7


@v7
@pytest.mark.parametrize("retry", [None, RetryPolicy(max_attempts=1)])
def test_a_pause_error_pauses_at_once(world: World, retry: RetryPolicy | None) -> None:
    executed: list[int] = []

    def fragile() -> int:
        executed.append(1)
        if len(executed) == 1:
            raise PauseError("unlock the account")
        return len(executed)

    answer, said = world.run(pause_and_resume(world, fragile, retry, 1))
    assert answer.number == 2
    assert "PauseError: unlock the account" in said[0]
    assert len(world.take_failures()) == 1


@until_v6
def test_where_nothing_can_pause_a_pause_error_is_retried(world: World) -> None:
    executed: list[int] = []

    def fragile() -> int:
        executed.append(1)
        if len(executed) == 1:
            raise PauseError("unlock the account")
        return len(executed)

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        return Parcel(number=await ctx.run("fragile", fragile))

    assert world.run(world.perform(Place.SERVICE, body)).number == 2
    assert len(world.take_failures()) == 1


@until_v6
def test_where_nothing_can_pause_a_policy_that_does_is_refused(world: World) -> None:
    executed: list[int] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        return Parcel(number=await ctx.run("fragile", lambda: executed.append(1), retry=PAUSING))

    async def scenario() -> str:
        handle = await world.begin(Place.SERVICE, body)
        id_ = await handle.invocation_id()
        while True:
            row = await world.invocation_row(id_)
            if failure := row.get("last_failure"):
                await handle.kill()
                return str(failure)

    assert "needs service protocol v7" in world.run(scenario())
    assert executed == []
    world.take_failures()
