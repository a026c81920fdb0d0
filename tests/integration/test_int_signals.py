"""Named signals from one invocation to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from conformance_messages import ClerkBase, EntryList, Parcel, Script
from scripted_services import Place, calls, sends, unique

from restate_proto import Context, SignalKey, TerminalError, gather

if TYPE_CHECKING:
    from world import World

GO = ClerkBase.GO
COUNT = SignalKey("count/ü", int)
each_kind = pytest.mark.parametrize(
    "place", [Place.SERVICE, Place.OBJECT, Place.WORKFLOW], ids=lambda place: place.value
)


async def wait_for_signals(ctx: Context, parcel: Parcel) -> Parcel:
    number = ctx.signal(COUNT)
    return Parcel(parts=[await ctx.signal(GO), Parcel(number=await number)])


@each_kind
def test_sent_to_a_handle(world: World, place: Place) -> None:
    message = Parcel(text="go!", number=2**60, data=b"\xff")
    script = world.script(wait_for_signals)
    key = unique()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        handle = sends(ctx, place, script, key=key)
        await handle.signal(GO, message)
        ctx.invocation(await handle.invocation_id()).signal(COUNT, 3)
        return await handle.attach()

    answer = world.run(world.perform(Place.SERVICE, body))
    assert list(answer.parts) == [message, Parcel(number=3)]


@each_kind
def test_sent_to_a_call(world: World, place: Place) -> None:
    script = world.script(wait_for_signals)
    key = unique()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        call = calls(ctx, place, script, key=key)
        call.signal(COUNT, 4)
        call.handle.signal(GO, Parcel(text="go!"))
        return await call

    answer = world.run(world.perform(Place.SERVICE, body))
    assert list(answer.parts) == [Parcel(text="go!"), Parcel(number=4)]


def test_one_that_comes_before_it_is_waited_for(world: World) -> None:
    async def late(ctx: Context, parcel: Parcel) -> Parcel:
        awakeable = ctx.awakeable(Parcel)
        ctx.resolve_awakeable(parcel.text, Parcel(text=awakeable.id))
        await awakeable  # the signal was sent before this was resolved
        return await ctx.signal(GO)

    name = world.script(late).name

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        its = ctx.awakeable(Parcel)
        handle = sends(ctx, Place.SERVICE, Script(name=name, input=Parcel(text=its.id)))
        word = (await its).text
        await handle.signal(GO, Parcel(text="early"))
        ctx.resolve_awakeable(word, Parcel())
        return await handle.attach()

    assert world.run(world.perform(Place.SERVICE, body)).text == "early"


def test_several_of_one_name_come_in_their_order(world: World) -> None:
    async def collect(ctx: Context, parcel: Parcel) -> Parcel:
        first = ctx.signal(COUNT)
        second = ctx.signal(COUNT)
        numbers = [await second, await first, await ctx.signal(COUNT)]
        return Parcel(text=" ".join(map(str, numbers)))

    script = world.script(collect)

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        handle = sends(ctx, Place.SERVICE, script)
        for number in (1, 2, 3):
            handle.signal(COUNT, number)
        return await handle.attach()

    assert world.run(world.perform(Place.SERVICE, body)).text == "2 1 3"


def test_rejected(world: World) -> None:
    async def wait(ctx: Context, parcel: Parcel) -> Parcel:
        with pytest.raises(TerminalError) as raised:
            await gather(ctx.signal(GO), ctx.signal(COUNT))
        return Parcel(text=raised.value.message, number=raised.value.code)

    script = world.script(wait)

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        handle = sends(ctx, Place.SERVICE, script)
        await handle.reject_signal(GO, "stay", code=425)
        return await handle.attach()

    answer = world.run(world.perform(Place.SERVICE, body))
    assert (answer.text, answer.number) == ("stay", 425)


def test_a_message_of_another_type_is_refused(world: World) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        with pytest.raises(TypeError, match="EntryList"):
            ctx.invocation("inv_1").signal(GO, EntryList())  # pyright: ignore[reportArgumentType] - what is tested
        return Parcel(number=1)

    assert world.run(world.perform(Place.SERVICE, body)).number == 1
