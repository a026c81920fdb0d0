"""A workflow's promises."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from restate_proto import (
    Context,
    PromiseKey,
    TerminalError,
    WorkflowContext,
    WorkflowSharedContext,
    gather,
)
from tests.integration.conformance_messages import EntryList, JourneyBase, JourneyClient, Parcel
from tests.integration.scripted_services import Place, unique

if TYPE_CHECKING:
    from tests.integration.world import World

DECISION = JourneyBase.DECISION


async def wait_for_decision(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
    value = await ctx.promise(DECISION)
    assert await ctx.promise(DECISION).peek() == value
    assert await ctx.promise(DECISION) == value
    return value


def test_resolved_by_another_handler(world: World) -> None:
    message = Parcel(text="yes", number=2**60, data=b"\xff")
    looked = asyncio.Event()

    async def look_and_wait(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        assert await ctx.promise(DECISION).peek() is None
        looked.set()
        return await wait_for_decision(ctx, parcel)

    async def wait_too(ctx: WorkflowSharedContext, parcel: Parcel) -> Parcel:
        return await ctx.promise(DECISION)

    async def scenario() -> None:
        key = unique()
        run = await world.begin(Place.WORKFLOW, look_and_wait, key=key)
        other = await world.begin(Place.WORKFLOW_SHARED, wait_too, key=key)
        await looked.wait()
        await JourneyClient.from_client(world.client, key).decide(message)
        assert await run.attach() == message
        assert await other.attach() == message

    world.run(scenario())


def test_rejected_by_another_handler(world: World) -> None:
    async def body(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        promise = ctx.promise(DECISION)
        failures: list[TerminalError] = []
        for again in (
            lambda: promise,
            promise.peek,
            lambda: promise,
            lambda: ctx.promise(DECISION),
        ):
            with pytest.raises(TerminalError) as raised:
                await again()
            failures.append(raised.value)
        assert [(each.message, each.code) for each in failures] == [("never", 451)] * 4
        return Parcel(number=1)

    async def scenario() -> None:
        key = unique()
        run = await world.begin(Place.WORKFLOW, body, key=key)
        await JourneyClient.from_client(world.client, key).refuse(Parcel(text="never", number=451))
        assert (await run.attach()).number == 1

    world.run(scenario())


def test_resolved_twice(world: World) -> None:
    async def body(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        promise = ctx.promise(DECISION)
        await promise.resolve(Parcel(text="first"))
        codes: list[int] = []
        for again in (promise.resolve(Parcel(text="second")), promise.reject("third")):
            with pytest.raises(TerminalError) as raised:
                await again
            codes.append(raised.value.code)
        value = await promise
        return Parcel(text=value.text, counts={str(code): 1 for code in codes})

    answer = world.run(world.perform(Place.WORKFLOW, body))
    assert answer.text == "first"
    assert dict(answer.counts) == {"409": 1}


def test_from_a_service(world: World) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        journey = JourneyClient.from_context(ctx, parcel.text)
        await journey.decide(Parcel(text="from afar"))
        return await journey.run(script)

    script = world.script(wait_for_decision)
    answer = world.run(world.perform(Place.SERVICE, body, Parcel(text=unique())))
    assert answer.text == "from afar"


def test_a_key_by_hand_and_several_promises(world: World) -> None:
    numbers = PromiseKey("a number", int)
    lists = PromiseKey("a/list ü", EntryList)

    async def resolve(ctx: WorkflowSharedContext, parcel: Parcel) -> None:
        ctx.promise(lists).resolve(EntryList(texts=["a", "b"]))
        ctx.promise(numbers).resolve(5)

    async def body(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        number, entries = await gather(ctx.promise(numbers), ctx.promise(lists))
        return Parcel(number=number, text=" ".join(entries.texts))

    async def scenario() -> Parcel:
        key = unique()
        run = await world.begin(Place.WORKFLOW, body, key=key)
        await world.perform(Place.WORKFLOW_SHARED, resolve, key=key)
        return await run.attach()

    assert world.run(scenario()) == Parcel(number=5, text="a b")


def test_a_message_of_another_type_is_refused(world: World) -> None:
    async def body(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        with pytest.raises(TypeError, match="EntryList"):
            ctx.promise(DECISION).resolve(EntryList())  # pyright: ignore[reportArgumentType] - what is tested
        assert await ctx.promise(DECISION).peek() is None
        return Parcel(number=1)

    assert world.run(world.perform(Place.WORKFLOW, body)).number == 1
