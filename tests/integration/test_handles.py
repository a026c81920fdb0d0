"""Handles of other invocations: attach, output, id, cancel; also for an id from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from restate_proto import Context, TerminalError
from restate_proto.codec.payload import decode
from restate_proto.codec.registry import codec_for
from tests.integration.conformance_messages import ClerkClient, FailRequest, Parcel, Script
from tests.integration.scripted_services import Place, calls, sends, unique

if TYPE_CHECKING:
    from tests.integration.world import World

each_kind = pytest.mark.parametrize(
    "place", [Place.SERVICE, Place.OBJECT, Place.WORKFLOW], ids=lambda place: place.value
)


async def wait_for_word(ctx: Context, parcel: Parcel) -> Parcel:
    """Give its awakeable to whose awakeable it got, and return what it is told."""
    awakeable = ctx.awakeable(Parcel)
    ctx.resolve_awakeable(parcel.text, Parcel(text=awakeable.id))
    return await awakeable


@each_kind
def test_output_and_attach(world: World, place: Place) -> None:
    name = world.script(wait_for_word).name
    key = unique()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        its_awakeable = ctx.awakeable(Parcel)
        script = Script(name=name, input=Parcel(text=its_awakeable.id))
        handle = sends(ctx, place, script, key=key)
        word_id = (await its_awakeable).text
        assert await handle.output() is None
        by_id = ctx.invocation(await handle.invocation_id(), Parcel, encoding=world.encoding)
        assert await by_id.output() is None
        attached = [handle.attach(), by_id.attach()]
        ctx.resolve_awakeable(word_id, Parcel(number=7))
        assert [(await each).number for each in attached] == [7, 7]
        for each in (handle, by_id):
            assert await each.output() == Parcel(number=7)
        raw = await ctx.invocation(await handle.invocation_id()).attach()
        return Parcel(data=raw, text=await by_id.invocation_id())

    answer = world.run(world.perform(Place.SERVICE, body))
    assert answer.text.startswith("inv_")
    assert decode(codec_for(Parcel), answer.data, world.encoding) == Parcel(number=7)


@each_kind
def test_the_invocation_id_of_a_call(world: World, place: Place) -> None:
    async def tell(ctx: Context, parcel: Parcel) -> Parcel:
        return Parcel(text=ctx.invocation_id)

    script = world.script(tell)
    keys = [unique(), unique()]

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        call = calls(ctx, place, script, key=keys[0])
        assert await call.invocation_id() == (await call).text
        assert await call.invocation_id() == await call.handle.invocation_id()
        handle = sends(ctx, place, script, key=keys[1])
        assert await handle.invocation_id() == (await handle.attach()).text
        return Parcel(number=1)

    assert world.run(world.perform(Place.SERVICE, body)).number == 1


@each_kind
def test_a_call_can_be_attached_to_elsewhere(world: World, place: Place) -> None:
    """One handler calls; another one gets the id from it, and the result as well."""
    name = world.script(wait_for_word).name

    async def attach(ctx: Context, parcel: Parcel) -> Parcel:
        result = ctx.invocation(parcel.text, Parcel, encoding=world.encoding).attach()
        ctx.resolve_awakeable(parcel.note, Parcel(text="goes on"))
        return await result

    attacher = world.script(attach).name
    key = unique()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        its_awakeable = ctx.awakeable(Parcel)
        call = calls(ctx, place, Script(name=name, input=Parcel(text=its_awakeable.id)), key=key)
        word = (await its_awakeable).text
        script = Script(name=attacher, input=Parcel(text=await call.invocation_id(), note=word))
        other = await ClerkClient.from_context(ctx).perform(script)
        return Parcel(parts=[await call, other])

    answer = world.run(world.perform(Place.SERVICE, body))
    assert [part.text for part in answer.parts] == ["goes on", "goes on"]


def test_a_failed_invocation_fails_its_handles(world: World) -> None:
    request = FailRequest(message="no more", code=422, metadata={"left": "0"})

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        handle = ClerkClient.from_context(ctx).send().fail(request)
        failures: list[TerminalError] = []
        for result in (
            handle.attach,
            handle.output,
            ctx.invocation(await handle.invocation_id(), type(None)).attach,
        ):
            with pytest.raises(TerminalError) as raised:
                await result()
            failures.append(raised.value)
        assert {(each.code, each.message) for each in failures} == {(422, "no more")}
        metadata = {"left": "0"} if world.version >= 6 else {}
        assert [each.metadata for each in failures] == [metadata] * 3
        return Parcel(number=1)

    assert world.run(world.perform(Place.SERVICE, body)).number == 1


async def wait_forever(ctx: Context, parcel: Parcel) -> Parcel:
    """Tell that the handler has begun, and wait until it is cancelled."""
    ctx.resolve_awakeable(parcel.text, Parcel(text=ctx.invocation_id))
    return await ctx.awakeable(Parcel)


@each_kind
@pytest.mark.parametrize("awaited", [True, False], ids=["awaited", "not awaited"])
def test_cancel(world: World, place: Place, *, awaited: bool) -> None:
    name = world.script(wait_forever).name
    keys = [unique() for _ in range(3)]

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        codes: list[int] = []
        for index in range(3):
            there = ctx.awakeable(Parcel)
            script = Script(name=name, input=Parcel(text=there.id))
            if index == 0:
                handle = sends(ctx, place, script, key=keys[index])
                target, result = handle, handle.attach()
            elif index == 1:
                target = result = calls(ctx, place, script, key=keys[index])
            else:
                handle = sends(ctx, place, script, key=keys[index])
                target = ctx.invocation(await handle.invocation_id())
                result = handle.attach()
            await there
            cancelled = target.cancel()
            if awaited:
                await cancelled
            with pytest.raises(TerminalError) as raised:
                await result
            codes.append(raised.value.code)
        return Parcel(counts={str(code): codes.count(code) for code in codes})

    assert dict(world.run(world.perform(Place.SERVICE, body)).counts) == {"409": 3}


def test_what_is_asked_for_on_the_last_line_is_done(world: World) -> None:
    """The handler ends right after `cancel()`, before the id that this needs is known."""
    name = world.script(wait_forever).name

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        handle = sends(ctx, Place.SERVICE, Script(name=name, input=parcel))
        handle.cancel()
        return Parcel(number=1)

    async def outer(ctx: Context, parcel: Parcel) -> Parcel:
        there = ctx.awakeable(Parcel)
        script = Script(name=inner, input=Parcel(text=there.id))
        assert (await calls(ctx, Place.SERVICE, script)).number == 1
        result = ctx.invocation((await there).text, Parcel, encoding=world.encoding).attach()
        with pytest.raises(TerminalError, match="409"):
            await result
        return Parcel(number=2)

    inner = world.script(body).name
    assert world.run(world.perform(Place.SERVICE, outer)).number == 2
