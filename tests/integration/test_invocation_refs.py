"""Other invocations by an idempotency key or a workflow's id: attach and output in handlers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from restate_proto import Context, Target, TerminalError
from tests.integration.conformance_messages import (
    AccountClient,
    ClerkClient,
    FailRequest,
    JourneyClient,
    Parcel,
    Script,
)
from tests.integration.scripted_services import Place, calls, sends, unique

if TYPE_CHECKING:
    from restate_proto import InvocationRef
    from tests.integration.world import World

PERFORM = Target.service("conformance.v1.Clerk", "Perform")


async def wait_for_word(ctx: Context, parcel: Parcel) -> Parcel:
    """Give its awakeable to whose awakeable it got, and return what it is told."""
    awakeable = ctx.awakeable(Parcel)
    ctx.resolve_awakeable(parcel.text, Parcel(text=awakeable.id))
    return await awakeable


@pytest.mark.parametrize("place", [Place.SERVICE, Place.OBJECT, Place.WORKFLOW])
def test_attach_and_output(world: World, place: Place) -> None:
    name = world.script(wait_for_word).name
    key = unique()

    def references(ctx: Context) -> list[InvocationRef[Parcel]]:
        encoding = world.encoding
        match place:
            case Place.SERVICE:
                return [ctx.idempotent_invocation(PERFORM, key, Parcel, encoding=encoding)]
            case Place.OBJECT:
                target = Target.object("conformance.v1.Account", key, "Perform")
                return [ctx.idempotent_invocation(target, key, Parcel)]
            case _:
                journey = JourneyClient.from_context(ctx, key)
                by_name = ctx.workflow("conformance.v1.Journey", key, Parcel, encoding=encoding)
                return [journey.handle(), by_name]

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        its_awakeable = ctx.awakeable(Parcel)
        script = Script(name=name, input=Parcel(text=its_awakeable.id))
        if place is Place.SERVICE:
            ClerkClient.from_context(ctx).send().perform(script, idempotency_key=key)
        elif place is Place.OBJECT:
            AccountClient.from_context(ctx, key).send().perform(script, idempotency_key=key)
        else:
            sends(ctx, place, script, key=key)
        word_id = (await its_awakeable).text
        found = references(ctx)
        assert [await each.output() for each in found] == [None] * len(found)
        attached = [each.attach() for each in found]
        ctx.resolve_awakeable(word_id, Parcel(number=7))
        assert {(await each).number for each in attached} == {7}
        return Parcel(parts=[await each.output() or Parcel() for each in found])

    answer = world.run(world.perform(Place.SERVICE, body))
    assert {part.number for part in answer.parts} == {7}


def test_what_has_failed(world: World) -> None:
    key = unique()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        failing = FailRequest(message="no", code=418)
        call = ClerkClient.from_context(ctx).fail(failing, idempotency_key=key)
        target = Target.service("conformance.v1.Clerk", "Fail")
        by_key = ctx.idempotent_invocation(target, key, type(None), encoding=world.encoding)
        codes: list[int] = []
        for wait in (lambda: call, by_key.attach, by_key.output):  # one after the other
            with pytest.raises(TerminalError, match="no") as raised:
                await wait()
            codes.append(raised.value.code)
        return Parcel(text=str(codes))

    assert world.run(world.perform(Place.SERVICE, body)).text == "[418, 418, 418]"


def test_what_is_not_there(world: World) -> None:
    missing = unique()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        nothing = [
            JourneyClient.from_context(ctx, missing).handle(),
            ctx.idempotent_invocation(PERFORM, missing, Parcel),
        ]
        codes: list[int] = []
        for each in nothing:
            for future in (each.attach(), each.output()):
                with pytest.raises(TerminalError) as raised:
                    await future
                codes.append(raised.value.code)
        return Parcel(text=str(codes))

    key = unique()
    name = world.script(body).name

    async def once(ctx: Context, parcel: Parcel) -> Parcel:
        return await calls(ctx, Place.SERVICE, Script(name=name), key=key)

    assert world.run(world.perform(Place.SERVICE, once)).text == "[404, 404, 404, 404]"
