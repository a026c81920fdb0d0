"""Large payloads, many invocations at once, long journals."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

from restate_proto import Context, Encoding, ObjectContext, gather
from tests.integration.conformance_messages import (
    AccountBase,
    AccountClient,
    ClerkClient,
    Entry,
    Parcel,
)
from tests.integration.matrix import combinations
from tests.integration.scripted_services import Place, unique
from tests.integration.world import World

MIB = 1 << 20


@combinations(lambda it: str(it) in ("v6-protobuf-ngh2", "v5-protobuf-h2-suspending"))
def test_a_large_payload(world: World) -> None:
    """The request, state, parameter, result of a run and response have 8 MiB each."""
    data = random.Random(1).randbytes(8 * MIB)

    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        ctx.set(AccountBase.PARCEL, parcel)
        echoed = await ClerkClient.from_context(ctx).echo(parcel)
        assert echoed.data == data
        assert await ctx.run("large", lambda: data, type=bytes) == data
        await ctx.sleep(timedelta(0))
        state = await ctx.get(AccountBase.PARCEL)
        assert state is not None
        return state

    async def read(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        return await ctx.get(AccountBase.PARCEL) or Parcel()

    async def scenario() -> None:
        key = unique()
        answer = await world.perform(Place.OBJECT, body, Parcel(data=data), key=key)
        assert answer.data == data
        assert (await world.perform(Place.OBJECT, read, key=key)).data == data

    world.run(scenario())


@combinations(lambda it: it.engine == "ngh2" or it.version == 6)
def test_200_invocations_at_once(world: World) -> None:
    executed: list[int] = []

    async def effect(number: int) -> int:
        executed.append(number)
        return number

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        number = await ctx.run("effect", effect, parcel.number, type=int)
        account = AccountClient.from_context(ctx, f"{parcel.text} {number % 20}")
        entries = await account.append(Entry(text=str(number)))
        await ctx.sleep(timedelta(0))
        return Parcel(number=number, text=entries.texts[-1])

    async def scenario() -> list[Parcel]:
        key = unique()
        parcels = [Parcel(number=number, text=key) for number in range(200)]
        performed = (world.perform(Place.SERVICE, body, parcel) for parcel in parcels)
        return await asyncio.gather(*performed)

    answers = world.run(scenario())
    assert [answer.number for answer in answers] == list(range(200))
    assert [answer.text for answer in answers] == [str(number) for number in range(200)]
    assert sorted(executed) == list(range(200))


@combinations(lambda it: it.suspends and it.encoding is Encoding.PROTOBUF)
def test_a_thousand_steps(world: World) -> None:
    """Ten run at a time; each wait is a suspension, and a replay of all steps before it."""
    executed: list[int] = []
    attempts = 0

    async def effect(number: int) -> int:
        executed.append(number)
        return number

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        nonlocal attempts
        attempts += 1
        total = 0
        for start in range(0, 1000, 10):
            steps = (ctx.run(f"step {n}", effect, n, type=int) for n in range(start, start + 10))
            total += sum(await gather(*steps))
        return Parcel(number=total)

    answer = world.run(world.perform(Place.SERVICE, body))
    assert answer.number == sum(range(1000))
    assert executed == list(range(1000))
    assert attempts >= 100


@combinations(lambda it: it.engine == "ngh2" and it.version != 6)
def test_many_operations_at_once(world: World) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        clerk = ClerkClient.from_context(ctx)
        calls = [clerk.echo(Parcel(number=number)) for number in range(200)]
        naps = [ctx.sleep(timedelta(milliseconds=number % 10)) for number in range(200)]
        answers, _ = await gather(gather(*calls), gather(*naps))
        return Parcel(number=sum(answer.number for answer in answers))

    assert world.run(world.perform(Place.SERVICE, body)).number == sum(range(200))
