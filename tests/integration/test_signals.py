"""Named signals from one invocation to another."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from restate_proto import Context, SignalKey, TerminalError, gather
from tests.integration.conformance_messages import ClerkBase, EntryList, Parcel, Script
from tests.integration.scripted_services import Place, calls, sends, unique

if TYPE_CHECKING:
    from tests.integration.world import World

GO = ClerkBase.GO
COUNT = SignalKey("count/ü", int)
LAST = SignalKey("last", int)
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


def test_the_first_of_one_name_is_taken(world: World) -> None:
    async def wait(ctx: Context, parcel: Parcel) -> Parcel:
        number = ctx.signal(COUNT)
        numbers = [await number, await number, await ctx.signal(LAST)]
        return Parcel(text=" ".join(map(str, numbers)))

    script = world.script(wait)

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        handle = sends(ctx, Place.SERVICE, script)
        for number in (1, 2, 3):
            handle.signal(COUNT, number)
        handle.signal(LAST, 4)
        return await handle.attach()

    assert world.run(world.perform(Place.SERVICE, body)).text == "1 1 4"


def test_a_second_wait_for_one_name_is_refused(world: World) -> None:
    """Restate would resume the handler at once, hundreds of times a second."""
    attempts: list[int] = []

    async def wait(ctx: Context, parcel: Parcel) -> Parcel:
        attempts.append(1)
        first = await ctx.signal(COUNT)
        with pytest.raises(RuntimeError, match="was called before in this invocation") as raised:
            await ctx.signal(COUNT)
        await ctx.signal(LAST)
        return Parcel(text=str(raised.value), number=first)

    script = world.script(wait)

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        handle = sends(ctx, Place.SERVICE, script)
        handle.signal(COUNT, 1)
        await ctx.sleep(timedelta(milliseconds=300))  # it has the signal, and waits for the last
        handle.signal(LAST, 2)
        return await handle.attach()

    answer = world.run(world.perform(Place.SERVICE, body))
    assert answer.number == 1
    assert "SignalKey('count/ü-2', ...)" in answer.text
    assert len(attempts) <= 3  # for nothing, for the one and for the other


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
            ctx.invocation(ctx.invocation_id).signal(GO, EntryList())  # pyright: ignore[reportArgumentType] - what is tested
        return Parcel(number=1)

    assert world.run(world.perform(Place.SERVICE, body)).number == 1


@each_kind
def test_one_from_outside_is_passed_on_by_a_handler(world: World, place: Place) -> None:
    """The ingress has no signals; a handler that takes the id sends it."""

    async def wait(ctx: Context, parcel: Parcel) -> Parcel:
        return await ctx.signal(GO)

    async def pass_on(ctx: Context, parcel: Parcel) -> None:
        ctx.invocation(parcel.text).signal(GO, Parcel(number=parcel.number))

    async def scenario() -> Parcel:
        handle = await world.begin(place, wait)
        request = Parcel(text=await handle.invocation_id(), number=3)
        await world.perform(Place.SERVICE, pass_on, request)
        return await handle.attach()

    assert world.run(scenario()).number == 3


def test_a_call_s_signal_can_be_rejected(world: World) -> None:
    async def wait(ctx: Context, parcel: Parcel) -> Parcel:
        with pytest.raises(TerminalError) as raised:
            await ctx.signal(GO)
        return Parcel(text=raised.value.message, number=raised.value.code)

    script = world.script(wait)

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        call = calls(ctx, Place.SERVICE, script)
        call.reject_signal(GO, "stay", code=425)
        return await call

    answer = world.run(world.perform(Place.SERVICE, body))
    assert (answer.text, answer.number) == ("stay", 425)
