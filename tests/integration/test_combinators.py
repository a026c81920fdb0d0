"""`gather` and `select` over durable futures of every kind."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from restate_proto import (
    Context,
    DurableFuture,
    ObjectContext,
    TerminalError,
    WorkflowContext,
    any_of,
    gather,
    race,
    select,
    wait,
)
from tests.integration.conformance_messages import (
    AccountBase,
    ClerkBase,
    ClerkClient,
    FailRequest,
    JourneyBase,
    Parcel,
    Script,
)
from tests.integration.matrix import combinations
from tests.integration.scripted_services import Place, sends, unique

if TYPE_CHECKING:
    from tests.integration.world import World

each_kind = pytest.mark.parametrize(
    "place", [Place.SERVICE, Place.OBJECT, Place.WORKFLOW], ids=lambda place: place.value
)
LONG = timedelta(hours=1)


@each_kind
def test_gather_gives_results_in_the_order_of_its_arguments(world: World, place: Place) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        naps = [ctx.sleep(timedelta(milliseconds=ms)) for ms in (30, 0, 15)]
        runs = [ctx.run(f"run {i}", int, i, type=int) for i in range(3)]
        calls = [ClerkClient.from_context(ctx).echo(Parcel(number=i)) for i in range(3)]
        slept, numbers, answers = await gather(gather(*naps), gather(*runs), gather(*calls))
        assert slept == (None, None, None)
        assert numbers == (0, 1, 2)
        return Parcel(parts=answers)

    answer = world.run(world.perform(place, body))
    assert [part.number for part in answer.parts] == [0, 1, 2]


def test_gather_of_one(world: World) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        (echo,) = await gather(ClerkClient.from_context(ctx).echo(parcel))
        await gather(ctx.sleep(timedelta(0)))
        name, _ = await select(only=ctx.sleep(timedelta(0)))
        return Parcel(text=f"{echo.text} {name}")

    answer = world.run(world.perform(Place.SERVICE, body, Parcel(text="one")))
    assert answer.text == "one only"


def test_gather_of_which_one_is_left(world: World) -> None:
    """The other futures are done when it begins to wait."""

    async def resolve(ctx: Context, parcel: Parcel) -> None:
        ctx.resolve_awakeable(parcel.text, Parcel(number=2))

    name = world.script(resolve).name

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        first, second = ctx.awakeable(Parcel), ctx.awakeable(Parcel)
        ctx.resolve_awakeable(first.id, Parcel(number=1))
        await first
        later = Script(name=name, input=Parcel(text=second.id))
        sends(ctx, Place.SERVICE, later, delay=timedelta(milliseconds=50))
        return Parcel(parts=await gather(first, second))

    answer = world.run(world.perform(Place.SERVICE, body))
    assert [part.number for part in answer.parts] == [1, 2]


@each_kind
def test_gather_fails_with_the_first_failure(world: World, place: Place) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        never = ctx.awakeable(Parcel)
        failing = ClerkClient.from_context(ctx).fail(FailRequest(message="bad", code=444))
        with pytest.raises(TerminalError, match="bad"):
            await gather(never, failing, ctx.sleep(LONG))
        ctx.resolve_awakeable(never.id, Parcel(number=8))
        return await never  # it went on

    assert world.run(world.perform(place, body)).number == 8


@each_kind
def test_select_gives_the_first(world: World, place: Place) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        answer = ctx.awakeable(Parcel)
        timeout = ctx.sleep(timedelta(milliseconds=1))
        name, value = await select(answer=answer, timeout=timeout, late=ctx.sleep(LONG))
        assert (name, value) == ("timeout", None)
        ctx.resolve_awakeable(answer.id, Parcel(text="done"))
        match await select(answer=answer, late=ctx.sleep(LONG)):
            case "answer", Parcel() as message:
                return message
            case other:
                raise AssertionError(other)

    assert world.run(world.perform(place, body)).text == "done"


def test_select_raises_the_first_s_failure(world: World) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        awakeable = ctx.awakeable(Parcel)
        ctx.reject_awakeable(awakeable.id, "no", code=499)
        with pytest.raises(TerminalError, match="no") as raised:
            await select(answer=awakeable, timeout=ctx.sleep(LONG))
        assert raised.value.selected == "answer"
        return Parcel(number=1)

    assert world.run(world.perform(Place.SERVICE, body)).number == 1


def test_they_nest(world: World) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        clerk = ClerkClient.from_context(ctx)
        both = gather(clerk.echo(Parcel(text="a")), clerk.echo(Parcel(text="b")))
        first = select(both=both, timeout=ctx.sleep(LONG))
        (name, parcels), again = await gather(first, both)
        assert parcels == again
        nested = gather(*(select(only=gather(ctx.sleep(timedelta(0)))) for _ in range(3)))
        assert await nested == (("only", (None,)),) * 3
        return Parcel(text=f"{name} {again[0].text}{again[1].text}")

    assert world.run(world.perform(Place.SERVICE, body)).text == "both ab"


def test_they_nest_as_deep_as_they_may(world: World) -> None:
    """Restate takes the message that says what is awaited, which is nested as deep."""

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        future: DurableFuture[Any] = ctx.sleep(timedelta(milliseconds=100))
        for level in range(200):
            if level % 2:
                future = race(future, ctx.sleep(timedelta(days=1)))
            else:
                future = gather(future, ctx.sleep(timedelta(0)))
        await future
        return parcel

    assert world.run(world.perform(Place.SERVICE, body)) == Parcel()


def test_every_replay_sees_the_same_winner(world: World) -> None:
    """The first of two is decided once, even if the other one is there by the replay."""
    winners: list[str] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        clerk = ClerkClient.from_context(ctx)
        name, _ = await select(a=clerk.echo(parcel), b=clerk.echo(parcel), c=clerk.echo(parcel))
        winners.append(name)
        await ctx.sleep(timedelta(milliseconds=20))
        if len(winners) < 3:
            raise OSError("once more")
        return Parcel(text=name)

    answer = world.run(world.perform(Place.SERVICE, body))
    assert set(winners) == {answer.text}
    assert len(winners) >= 3
    assert world.take_failures()


def test_state_promises_and_signals_combine(world: World) -> None:
    async def of_object(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        ctx.set(AccountBase.PARCEL, parcel)
        value, keys = await gather(ctx.get(AccountBase.PARCEL), ctx.state_keys())
        assert keys == ("parcel",)
        return value or Parcel()

    async def of_workflow(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        ctx.promise(JourneyBase.DECISION).resolve(parcel)
        decision, state = await gather(
            ctx.promise(JourneyBase.DECISION), ctx.get(JourneyBase.PARCEL)
        )
        assert state is None
        return decision

    async def of_service(ctx: Context, parcel: Parcel) -> Parcel:
        ctx.invocation(ctx.invocation_id).signal(ClerkBase.GO, parcel)
        name, value = await select(go=ctx.signal(ClerkBase.GO), timeout=ctx.sleep(LONG))
        assert name == "go"
        assert isinstance(value, Parcel)
        return value

    async def scenario() -> None:
        parcel = Parcel(text="x")
        assert await world.perform(Place.OBJECT, of_object, parcel, key=unique()) == parcel
        assert await world.perform(Place.WORKFLOW, of_workflow, parcel) == parcel
        assert await world.perform(Place.SERVICE, of_service, parcel) == parcel

    world.run(scenario())


@combinations(lambda it: it.version == 7 and it.replays)
def test_suspended_for_what_only_the_handler_can_tell(world: World) -> None:
    """Restate knows the tree that is awaited, and tells success from failure."""

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        never = ctx.awakeable(Parcel)
        soon = timedelta(milliseconds=20)
        with pytest.raises(TimeoutError):
            await gather(ctx.awakeable(Parcel).or_timeout(soon), never)
        with pytest.raises(TerminalError, match="late"):
            await gather(ctx.sleep(soon).map(too_late), never)
        failing = ClerkClient.from_context(ctx).fail(FailRequest(code=409, message="no"))
        waiting = wait(failing, ctx.awakeable(Parcel), return_when="FIRST_EXCEPTION")
        done, _ = await any_of(waiting, never.map(lambda _: ([], [])))
        return Parcel(number=len(done))

    def too_late(_: None) -> Parcel:
        raise TerminalError("late")

    assert world.run(world.perform(Place.SERVICE, body)).number == 1
