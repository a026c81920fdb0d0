"""Awakeables: resolved and rejected, from handlers and from outside."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest

from restate_proto import Context, IngressBadRequestError, TerminalError
from tests.integration.conformance_messages import Parcel, Script
from tests.integration.scripted_services import Place, sends, unique

if TYPE_CHECKING:
    from tests.integration.world import World

each_kind = pytest.mark.parametrize(
    "place", [Place.SERVICE, Place.OBJECT, Place.WORKFLOW], ids=lambda place: place.value
)
MESSAGE = Parcel(text="größe", number=2**60, data=b"\xff\x00")


@each_kind
def test_resolved_by_a_handler(world: World, place: Place) -> None:
    async def resolve(ctx: Context, parcel: Parcel) -> None:
        ctx.resolve_awakeable(parcel.text, MESSAGE)
        ctx.resolve_awakeable(parcel.text, Parcel(text="too late"))
        ctx.reject_awakeable(parcel.text, "too late as well")

    name = world.script(resolve).name

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        awakeable = ctx.awakeable(Parcel)
        assert awakeable.id.startswith("sign_1")
        script = Script(name=name, input=Parcel(text=awakeable.id))
        sends(ctx, place, script, key=parcel.text)
        first = await awakeable
        assert await awakeable == first  # as often as wanted
        return first

    assert world.run(world.perform(place, body, Parcel(text=unique()))) == MESSAGE


@pytest.mark.parametrize("padding", ["=", "=="])
def test_resolved_by_an_id_with_padding(world: World, padding: str) -> None:
    """As some libraries write base64; Restate reads it."""

    async def resolve(ctx: Context, parcel: Parcel) -> None:
        ctx.resolve_awakeable(f"{parcel.text}{padding}", MESSAGE)

    name = world.script(resolve).name

    async def body(ctx: Context, _: Parcel) -> Parcel:
        awakeable = ctx.awakeable(Parcel)
        sends(ctx, Place.SERVICE, Script(name=name, input=Parcel(text=awakeable.id)))
        return await awakeable

    assert world.run(world.perform(Place.SERVICE, body)) == MESSAGE


@each_kind
def test_rejected_by_a_handler(world: World, place: Place) -> None:
    async def reject(ctx: Context, parcel: Parcel) -> None:
        ctx.reject_awakeable(parcel.text, "not today", code=418)

    name = world.script(reject).name

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        awakeable = ctx.awakeable(Parcel)
        script = Script(name=name, input=Parcel(text=awakeable.id))
        sends(ctx, Place.SERVICE, script)
        with pytest.raises(TerminalError) as raised:
            await awakeable
        return Parcel(text=raised.value.message, number=raised.value.code)

    answer = world.run(world.perform(place, body))
    assert (answer.text, answer.number) == ("not today", 418)


async def tell_id(world: World, place: Place, type_: type[Any]) -> tuple[str, Any]:
    """Start a handler that waits for an awakeable; return the id, and the handler's handle."""
    ids: asyncio.Queue[str] = asyncio.Queue()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        awakeable = ctx.awakeable(type_)
        ids.put_nowait(awakeable.id)
        try:
            value = await awakeable
        except TerminalError as error:
            return Parcel(text=error.message, number=error.code)
        return value if isinstance(value, Parcel) else Parcel(text=repr(value))

    handle = await world.begin(place, body)
    return await ids.get(), handle


@each_kind
def test_resolved_from_outside(world: World, place: Place) -> None:
    async def scenario() -> None:
        id_, handle = await tell_id(world, place, Parcel)
        await world.client.resolve_awakeable(id_, MESSAGE, encoding=world.encoding)
        assert await handle.attach() == MESSAGE
        await world.client.resolve_awakeable(id_, Parcel(), encoding=world.encoding)  # too late

    world.run(scenario())


@each_kind
def test_rejected_from_outside(world: World, place: Place) -> None:
    async def scenario() -> None:
        id_, handle = await tell_id(world, place, Parcel)
        await world.client.reject_awakeable(id_, "über alles")
        assert await handle.attach() == Parcel(text="über alles", number=500)

    world.run(scenario())


@pytest.mark.parametrize("value", ["text", 3, None, [1], b"\x00\xff", b""])
def test_plain_values_from_outside(world: World, value: Any) -> None:
    async def scenario() -> None:
        id_, handle = await tell_id(world, Place.SERVICE, cast("type[Any]", type(value)))
        await world.client.resolve_awakeable(id_, value)
        assert (await handle.attach()).text == repr(value)

    world.run(scenario())


def test_an_empty_message_from_outside(world: World) -> None:
    async def scenario() -> None:
        id_, handle = await tell_id(world, Place.SERVICE, Parcel)
        await world.client.resolve_awakeable(id_, Parcel(), encoding=world.encoding)
        assert await handle.attach() == Parcel()

    world.run(scenario())


def test_an_id_that_is_none(world: World) -> None:
    async def scenario() -> None:
        with pytest.raises(IngressBadRequestError):
            await world.client.resolve_awakeable("sign_1nonsense", Parcel())

    world.run(scenario())
