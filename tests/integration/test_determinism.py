"""A handler that takes another path than its journal: error 570 with the difference."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from restate_proto import Context, Encoding, ObjectContext, Target
from tests.integration.conformance_messages import AccountBase, AccountClient, ClerkClient, Parcel
from tests.integration.matrix import combinations
from tests.integration.scripted_services import Place

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.world import World

SOON = timedelta(0)
OTHER = Target.service("conformance.v1.Clerk", "Nothing")


def do_run(ctx: ObjectContext) -> Any:
    return ctx.run("charge", int, type=int)


def do_sleep(ctx: ObjectContext) -> Any:
    return ctx.sleep(SOON, "a nap")


def do_call(ctx: ObjectContext) -> Any:
    return ClerkClient.from_context(ctx).echo(Parcel(text="one"))


def do_call_with_more(ctx: ObjectContext) -> Any:
    return ClerkClient.from_context(ctx).echo(Parcel(text="another"))


def do_send(ctx: ObjectContext) -> Any:
    return ctx.send(OTHER, b"").invocation_id()


def do_get(ctx: ObjectContext) -> Any:
    return ctx.get(AccountBase.PARCEL)


@combinations(lambda it: it.encoding is Encoding.PROTOBUF)
@pytest.mark.parametrize(
    ("then", "now", "texts"),
    [
        (do_run, do_sleep, ["'sleep a nap' in the code, 'run charge' in the journal"]),
        (do_sleep, do_run, ["'run charge' in the code, 'sleep a nap' in the journal"]),
        (do_call, do_send, ["'send conformance.v1.Clerk/Nothing' in the code, 'call "]),
        (
            do_call,
            do_call_with_more,
            ["parameter: ", "another", " in the code, ", "one", " in the journal"],
        ),
        (do_get, do_call, ["'call conformance.v1.Clerk/Echo' in the code, 'get state "]),
    ],
    ids=["run-sleep", "sleep-run", "call-send", "call-call", "get-call"],
)
def test_another_operation(
    world: World,
    then: Callable[[ObjectContext], Any],
    now: Callable[[ObjectContext], Any],
    texts: list[str],
) -> None:
    code = [then]

    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        await code[0](ctx)
        if code[0] is then:
            code[0] = now
            raise OSError("the next attempt is of other code")
        return Parcel()

    async def mended(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        await then(ctx)
        return Parcel(text="mended")

    async def scenario() -> None:
        handle = await world.begin(Place.OBJECT, body)
        invocation = await handle.invocation_id()
        while "570" not in str((row := await world.invocation_row(invocation)).get("last_failure")):
            pass
        text = str(row["last_failure"])
        assert "Journal mismatch at command 1: " in text
        assert "something in the handler is not deterministic" in text
        for each in texts:
            assert each in text
        assert row["last_failure_error_code"] == "RT0016"
        # Code that fits the journal again ends the invocation as if nothing had been.
        (name,) = world.scripts.names()
        world.scripts.put(name, mended)
        assert (await handle.attach()).text == "mended"

    world.run(scenario())
    failures = world.take_failures()
    assert "OSError: the next attempt is of other code" in failures[0]
    assert f"attempt failed at {__file__}:" in failures[1]
    assert all("[570] Journal mismatch" in failure for failure in failures[1:])
    assert len(failures) >= 2


@pytest.mark.parametrize("less", [True, False], ids=["less", "more"])
def test_an_end_at_another_place(world: World, *, less: bool) -> None:
    """Fewer commands than the journal has are a mismatch; more commands are how handlers go on."""
    world.replays = not less  # its code is the other one by now
    has_changed = False

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        nonlocal has_changed
        await ctx.run("first", int, type=int)
        if has_changed is not less:
            await AccountClient.from_context(ctx, parcel.text).entries()
        if not has_changed:
            has_changed = True
            raise OSError("the next attempt is of other code")
        return Parcel(text="went on")

    async def scenario() -> str:
        handle = await world.begin(Place.SERVICE, body, Parcel(text="k"))
        if not less:
            return (await handle.attach()).text
        invocation = await handle.invocation_id()
        while "570" not in str((row := await world.invocation_row(invocation)).get("last_failure")):
            pass
        await world.client.kill(invocation)
        return str(row["last_failure"])

    text = world.run(scenario())
    assert "OSError: the next attempt is of other code" in world.take_failures()[0]
    if less:
        assert "at command 2: 'the handler's return' in the code, " in text
        assert "'call conformance.v1.Account/k/Entries' in the journal" in text
    else:
        assert text == "went on"
