"""Cancellation: raised at the await, can be caught and compensated, and reaches children."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from restate_proto import (
    CancelledError,
    Context,
    TerminalError,
    WorkflowContext,
    gather,
    select,
)
from tests.integration.conformance_messages import (
    AccountClient,
    ClerkClient,
    Entry,
    JourneyBase,
    Parcel,
    Script,
)
from tests.integration.scripted_services import Place, calls, sends, unique

if TYPE_CHECKING:
    from restate_proto import IngressInvocationHandle
    from tests.integration.world import World

each_kind = pytest.mark.parametrize(
    "place", [Place.SERVICE, Place.OBJECT, Place.WORKFLOW], ids=lambda place: place.value
)
LONG = timedelta(hours=1)


async def cancel_at(
    world: World, reached: asyncio.Event, handle: IngressInvocationHandle[Parcel]
) -> None:
    """Cancel an invocation once its handler, about to wait, has set the event."""
    await reached.wait()
    if world.combination.replays:
        await world.when_it_is("suspended", await handle.invocation_id())
    await handle.cancel()


async def failure_of(handle: IngressInvocationHandle[Parcel]) -> TerminalError:
    with pytest.raises(TerminalError) as raised:
        await handle.attach()
    return raised.value


@each_kind
@pytest.mark.parametrize("waits_for", ["sleep", "awakeable", "signal", "gather", "select"])
def test_it_is_raised_at_the_await(world: World, place: Place, waits_for: str) -> None:
    caught: list[BaseException] = []
    reached = asyncio.Event()

    async def body(ctx: Context, parcel: Parcel) -> None:
        there = ctx.awakeable(Parcel)
        ctx.resolve_awakeable(there.id, Parcel())
        await there
        reached.set()
        try:
            match waits_for:
                case "sleep":
                    await ctx.sleep(LONG)
                case "awakeable":
                    await ctx.awakeable(Parcel)
                case "signal":
                    await ctx.signal(JourneyBase.GO)
                case "gather":
                    await gather(ctx.sleep(LONG), ctx.awakeable(Parcel))
                case _:
                    await select(one=ctx.sleep(LONG), two=ctx.awakeable(Parcel))
        except CancelledError as error:
            caught.append(error)
            raise

    async def scenario() -> TerminalError:
        handle = await world.begin(place, body)
        await cancel_at(world, reached, handle)
        return await failure_of(handle)

    error = world.run(scenario())
    assert (error.code, error.message) == (409, "cancelled")
    assert len(caught) == 1


def test_at_a_promise(world: World) -> None:
    reached = asyncio.Event()

    async def body(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        reached.set()
        with pytest.raises(CancelledError):
            await ctx.promise(JourneyBase.DECISION)
        return Parcel(number=1)

    async def scenario() -> Parcel:
        handle = await world.begin(Place.WORKFLOW, body)
        await cancel_at(world, reached, handle)
        return await handle.attach()

    assert world.run(scenario()).number == 1


@each_kind
def test_it_can_be_caught_and_compensated(world: World, place: Place) -> None:
    undone: list[str] = []
    account = unique()
    reached = asyncio.Event()

    async def undo(what: str) -> str:
        undone.append(what)
        return what

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.run("reserve", undo, "reserved")
        reached.set()
        try:
            await ctx.awakeable(Parcel)
        except CancelledError:
            what = await ctx.run("undo", undo, "undone")
            await ctx.sleep(timedelta(0))
            entries = await AccountClient.from_context(ctx, account).append(Entry(text=what))
            return Parcel(text=" ".join(entries.texts))
        return Parcel()

    async def scenario() -> Parcel:
        handle = await world.begin(place, body)
        await cancel_at(world, reached, handle)
        return await handle.attach()

    assert world.run(scenario()).text == "undone"
    assert undone == ["reserved", "undone"]


@each_kind
def test_it_reaches_the_calls_that_are_waited_for(world: World, place: Place) -> None:
    """Callees are cancelled, and end before their caller goes on."""
    undone: list[str] = []
    keys = [unique() for _ in range(3)]

    async def undo(what: str) -> None:
        undone.append(what)

    async def child(ctx: Context, parcel: Parcel) -> Parcel:
        ctx.resolve_awakeable(parcel.text, Parcel())
        try:
            return await ctx.awakeable(Parcel)
        except CancelledError:
            await ctx.run("undo", undo, parcel.note)
            raise

    name = world.script(child).name
    ids: list[str] = []
    reached = asyncio.Event()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        there = [ctx.awakeable(Parcel) for _ in range(3)]
        scripts = [
            Script(name=name, input=Parcel(text=each.id, note=str(index)))
            for index, each in enumerate(there)
        ]
        awaited = calls(ctx, place, scripts[0], key=keys[0])
        other = calls(ctx, place, scripts[1], key=keys[1])
        sent = sends(ctx, place, scripts[2], key=keys[2])
        await gather(*there)
        ids[:] = [await each.invocation_id() for each in (awaited, other, sent)]
        reached.set()
        with pytest.raises(CancelledError):
            await gather(awaited, other)
        for call in (awaited, other):  # they end as what they are now: cancelled
            with pytest.raises(TerminalError, match="409"):
                await call
        return Parcel(number=1)

    async def scenario() -> None:
        handle = await world.begin(Place.SERVICE, body)
        await cancel_at(world, reached, handle)
        assert (await handle.attach()).number == 1
        assert sorted(undone) == ["0", "1"]
        # What was sent one way is nobody's child: it still waits, and can be cancelled by its id.
        sent = world.client.invocation(ids[2], Parcel, encoding=world.encoding)
        assert await sent.output() is None
        await sent.cancel()
        assert (await failure_of(sent)).code == 409
        assert sorted(undone) == ["0", "1", "2"]

    world.run(scenario())


def test_a_call_that_is_over_is_no_child_any_more(world: World) -> None:
    reached = asyncio.Event()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        clerk = ClerkClient.from_context(ctx)
        await clerk.echo(parcel)
        reached.set()
        with pytest.raises(CancelledError):
            await ctx.sleep(LONG)
        return await clerk.echo(Parcel(text="still works"))

    async def scenario() -> Parcel:
        handle = await world.begin(Place.SERVICE, body)
        await cancel_at(world, reached, handle)
        return await handle.attach()

    assert world.run(scenario()).text == "still works"


def test_one_that_was_caught_does_not_keep_it_awake(world: World) -> None:
    """Restate keeps the cancellation in the journal; the next wait still suspends."""
    reached = [asyncio.Event(), asyncio.Event()]
    attempts: list[str] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        attempts.append("")
        reached[0].set()
        with pytest.raises(CancelledError):
            await ctx.sleep(LONG)
        awakeable = ctx.awakeable(Parcel)
        attempts[-1] = awakeable.id
        reached[1].set()
        return await awakeable

    async def scenario() -> Parcel:
        handle = await world.begin(Place.SERVICE, body)
        await cancel_at(world, reached[0], handle)
        await reached[1].wait()
        if world.combination.replays:
            await world.when_it_is("suspended", await handle.invocation_id())
        await world.client.resolve_awakeable(
            attempts[-1], Parcel(text="done"), encoding=world.encoding
        )
        return await handle.attach()

    assert world.run(scenario()).text == "done"
    assert len(attempts) == (3 if world.combination.replays else 1)


def test_a_second_one_is_raised_with_what_comes_next(world: World) -> None:
    """It ends a wait that is not suspended, and a suspended one at the latest when that goes on."""
    reached = [asyncio.Event(), asyncio.Event()]
    ids: list[str] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        awakeable = ctx.awakeable(Parcel)
        ids.append(awakeable.id)
        for each in reached:
            each.set()
            with pytest.raises(CancelledError):
                await awakeable
        return await awakeable

    async def scenario() -> Parcel:
        handle = await world.begin(Place.SERVICE, body)
        for each in reached:
            await cancel_at(world, each, handle)
        await world.client.resolve_awakeable(ids[0], Parcel(number=3), encoding=world.encoding)
        return await handle.attach()

    assert world.run(scenario()).number == 3


def test_of_what_has_ended(world: World) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        return Parcel(number=1)

    async def scenario() -> None:
        handle = await world.begin(Place.SERVICE, body)
        await handle.attach()
        await handle.cancel()
        assert (await handle.attach()).number == 1

    world.run(scenario())


def test_by_its_own_handle(world: World) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        ctx.invocation(ctx.invocation_id).cancel()
        with pytest.raises(CancelledError):
            await ctx.sleep(LONG)
        return Parcel(number=1)

    assert world.run(world.perform(Place.SERVICE, body)).number == 1
