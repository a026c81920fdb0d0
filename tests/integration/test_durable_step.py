"""Durable steps: methods and functions whose calls are recorded."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from restate_proto import Context, RetryPolicy, RunContext, TerminalError, durable_step, gather
from tests.integration.conformance_messages import Parcel
from tests.integration.scripted_services import Place

if TYPE_CHECKING:
    from tests.integration.world import World

TENANT: ContextVar[str] = ContextVar("TENANT", default="nobody")
each_kind = pytest.mark.parametrize(
    "place", [Place.SERVICE, Place.OBJECT, Place.WORKFLOW], ids=lambda place: place.value
)


class Shop:
    """Steps as methods of an object that counts how often they were called."""

    def __init__(self) -> None:
        self.called: list[str] = []

    @durable_step
    async def charge(self, ctx: RunContext, amount: int, *, currency: str = "EUR") -> Parcel:
        self.called.append("charge")
        return Parcel(number=amount, text=f"{currency} of {TENANT.get()}", note=ctx.invocation_id)

    @durable_step(name="deliver by van")
    def deliver(self, ctx: RunContext, parcel: Parcel) -> list[str]:
        self.called.append("deliver")
        if self.called.count("deliver") < 3:
            raise OSError("the van does not start")
        return [parcel.text, TENANT.get()]

    @durable_step(retry=RetryPolicy(initial_interval=timedelta(milliseconds=1), max_attempts=2))
    async def refuse(self, ctx: RunContext) -> None:
        self.called.append("refuse")
        raise OSError("no")


@each_kind
def test_steps_are_called_once_and_retried(world: World, place: Place) -> None:
    shop = Shop()
    ids: list[str] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        TENANT.set("ada")
        ids.append(ctx.invocation_id)
        charged = await shop.charge(ctx, 3, currency="USD")
        delivered, again = await gather(shop.deliver(ctx, charged), shop.charge(ctx, amount=4))
        with pytest.raises(TerminalError, match=r"ctx.run\('refuse'\) failed: OSError: no"):
            await shop.refuse(ctx)
        return Parcel(text=" / ".join(delivered), parts=[charged, again])

    answer = world.run(world.perform(place, body))
    assert answer.text == "USD of ada / ada"
    assert [part.text for part in answer.parts] == ["USD of ada", "EUR of ada"]
    assert [part.number for part in answer.parts] == [3, 4]
    assert {part.note for part in answer.parts} == set(ids)
    assert sorted(shop.called) == ["charge"] * 2 + ["deliver"] * 3 + ["refuse"] * 2
    world.take_failures()


def test_restate_shows_steps_by_their_names(world: World) -> None:
    shop = Shop()
    shop.called += ["deliver"] * 2

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await shop.charge(ctx, 1)
        await shop.deliver(ctx, parcel)
        return parcel

    async def scenario() -> list[str]:
        handle = await world.begin(Place.SERVICE, body)
        id_ = await handle.invocation_id()
        await handle.attach()
        rows = await world.query(
            f"SELECT name FROM sys_journal WHERE id = '{id_}' AND entry_type = 'Command: Run' "
            "ORDER BY index"
        )
        return [row["name"] for row in rows]

    assert world.run(scenario()) == ["charge", "deliver by van"]


def test_steps_in_tasks(world: World) -> None:
    shop = Shop()
    shop.called += ["deliver"] * 2

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async with asyncio.TaskGroup() as group:
            charged = group.create_task(charge(ctx))
            delivered = group.create_task(deliver(ctx, parcel))
        return Parcel(number=charged.result().number, text=delivered.result())

    async def charge(ctx: Context) -> Parcel:
        return await shop.charge(ctx, 3)

    async def deliver(ctx: Context, parcel: Parcel) -> str:
        return " ".join(await shop.deliver(ctx, parcel))

    answer = world.run(world.perform(Place.SERVICE, body, Parcel(text="books")))
    assert (answer.number, answer.text) == (3, "books nobody")
    assert sorted(shop.called) == ["charge"] + ["deliver"] * 3
