"""The names of journal entries that Restate shows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from restate_proto import SignalKey, StateKey, Target, WorkflowContext, gather
from tests.integration.conformance_messages import ClerkClient, JourneyBase, Parcel
from tests.integration.scripted_services import Place, unique

if TYPE_CHECKING:
    from tests.integration.world import World

ECHO = Target.service("conformance.v1.Clerk", "Echo")
GO = SignalKey("go", int)
TOTAL = StateKey("total", Parcel)


async def everything(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
    """Perform every operation that has an entry, each with a name of its own."""
    await ctx.get(TOTAL, name="get")
    ctx.set(TOTAL, parcel, name="set")
    await ctx.state_keys(name="state keys")
    ctx.clear(TOTAL, name="clear")
    ctx.clear_all(name="clear all")
    promise = ctx.promise(JourneyBase.DECISION, name="get promise")
    await promise.peek(name="peek promise")
    await promise.resolve(parcel, name="resolve promise")
    await promise
    await ctx.sleep(timedelta(0), name="sleep")
    await ctx.run("run", int)
    clerk = ClerkClient.from_context(ctx)
    await gather(clerk.echo(parcel, name="call"), ctx.call(ECHO, parcel, Parcel, name="by name"))
    handle = clerk.send().echo(parcel, name="send")
    ctx.send(ECHO, parcel, name="send by name")
    await handle.attach(name="attach")
    await handle.output(name="output")
    handle.signal(GO, 1, name="signal")
    handle.reject_signal(GO, "no", name="reject signal")
    handle.cancel(name="cancel")
    awakeable = ctx.awakeable(Parcel)
    ctx.resolve_awakeable(awakeable.id, parcel, name="resolve awakeable")
    ctx.reject_awakeable(awakeable.id, "no", name="reject awakeable")
    await awakeable
    return parcel


NAMES = [
    *("get", "set", "state keys", "clear", "clear all"),
    *("peek promise", "resolve promise", "get promise", "sleep", "run"),
    *("call", "by name", "send", "send by name", "attach", "output"),
    *("signal", "reject signal", "cancel", "resolve awakeable", "reject awakeable"),
]


def test_names(world: World) -> None:
    async def scenario() -> list[str]:
        handle = await world.begin(Place.WORKFLOW, everything, key=unique())
        id_ = await handle.invocation_id()
        await handle.attach()
        rows = await world.query(
            f"SELECT name FROM sys_journal WHERE id = '{id_}' AND entry_type LIKE 'Command: %' "
            "ORDER BY index"
        )
        return [row["name"] for row in rows if row.get("name")]

    assert world.run(scenario()) == NAMES
