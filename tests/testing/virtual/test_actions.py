"""Actions on invocations: cancel, kill, pause, resume, restart as new, purge."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from conformance.v1.conformance_pb2 import Entry, Parcel
from conformance.v1.conformance_restate import AccountClient
from restate_proto import CancelledError, Context, InvocationNotFoundError, TerminalError
from restate_proto.testing.virtual import ActionError
from tests.testing.virtual.stage import Stage, play

if TYPE_CHECKING:
    from restate_proto import ObjectContext

NOW = timedelta(0)


async def wait(ctx: Context, parcel: Parcel) -> Parcel:
    """Wait for an awakeable, and say whether it was cancelled."""
    try:
        return await ctx.awakeable(Parcel)
    except CancelledError:
        return Parcel(text="cancelled")


def status(stage: Stage, handle: Any) -> str:
    return stage.env.describe(handle)["status"]


def test_pause_and_resume() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.sleep(timedelta(hours=1))
        return Parcel(text="slept")

    async def scenario(stage: Stage) -> None:
        handle = await stage.clerk.send().perform(stage.script(body))
        await stage.env.advance(NOW)
        stage.env.pause(handle)
        await stage.env.advance(timedelta(days=1))
        assert status(stage, handle) == "paused"
        stage.env.resume(handle)
        assert (await handle.attach()).text == "slept"
        with pytest.raises(ActionError, match="is not running, cannot be paused"):
            stage.env.pause(handle)
        with pytest.raises(ActionError, match="is completed, cannot be resumed"):
            stage.env.resume(handle)

    play(scenario)


def test_what_is_suspended_is_not_paused() -> None:
    async def scenario(stage: Stage) -> None:
        handle = await stage.clerk.send().perform(stage.script(wait))
        await stage.env.advance(NOW)
        stage.env.pause(handle)
        assert status(stage, handle) == "suspended"
        await handle.cancel()
        assert (await handle.attach()).text == "cancelled"

    play(scenario, replay="always")


def test_a_cancellation_resumes_what_is_paused() -> None:
    async def scenario(stage: Stage) -> None:
        handle = await stage.clerk.send().perform(stage.script(wait))
        await stage.env.advance(NOW)
        stage.env.pause(handle)
        await handle.cancel()
        assert (await handle.attach()).text == "cancelled"

    play(scenario)


def test_what_has_not_begun_is_cancelled_at_once() -> None:
    async def scenario(stage: Stage) -> None:
        holder = await stage.account().send().perform(stage.script(wait))
        queued = await stage.account().send().append(Entry(text="queued"))
        later = await stage.account().send().append(Entry(text="later"), delay=timedelta(days=1))
        await stage.env.advance(NOW)
        assert [status(stage, each) for each in (queued, later)] == ["pending", "scheduled"]
        await queued.cancel()
        await later.cancel()
        await stage.env.advance(timedelta(days=2))
        with pytest.raises(InvocationNotFoundError):
            await queued.output()
        await holder.cancel()
        assert (await holder.attach()).text == "cancelled"
        assert not (await stage.account().entries()).texts

    play(scenario)


def test_a_kill_ends_what_was_called_and_sent() -> None:
    async def body(ctx: ObjectContext, parcel: Parcel) -> None:
        other = AccountClient.from_context(ctx, "b")
        other.send().append(Entry(text="sent"), delay=timedelta(hours=1))
        await AccountClient.from_context(ctx, "c").perform(script)

    async def scenario(stage: Stage) -> None:
        nonlocal script
        script = stage.script(wait)
        handle = await stage.account().send().perform(stage.script(body))
        await stage.env.advance(NOW)
        await handle.kill()
        with pytest.raises(TerminalError, match="killed") as caught:
            await handle.attach()
        assert caught.value.code == 409
        await stage.env.advance(timedelta(hours=2))
        assert not (await stage.account("b").entries()).texts
        assert (await stage.account("c").append(Entry(text="free again"))).texts

    script: Any = None
    play(scenario)


def test_restart_as_new() -> None:
    executed: list[str] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        for name in ("one", "two"):
            await ctx.run(name, executed.append, name)
        return Parcel(text=" ".join(executed))

    async def scenario(stage: Stage) -> None:
        handle = await stage.clerk.send().perform(stage.script(body))
        with pytest.raises(ActionError, match="is still running"):
            stage.env.restart_as_new(handle)
        await handle.attach()
        # 0 input, 1 run one, 2 its result, 3 run two, 4 its result, 5 output
        again = stage.env.restart_as_new(handle, from_entry=2)
        result = await stage.env.client.invocation(again, Parcel).attach()
        assert result.text == "one two two"
        assert stage.env.describe(again)["restarted_from"] == await handle.invocation_id()
        whole = stage.env.restart_as_new(handle)
        assert (await stage.env.client.invocation(whole, Parcel).attach()).text.endswith("one two")
        with pytest.raises(ActionError, match="without respective Completions"):
            stage.env.restart_as_new(handle, from_entry=6)

    play(scenario, version=6)


def test_no_index_is_taken_where_commands_have_no_completion() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        ctx.sleep(timedelta(hours=1))
        return parcel

    async def scenario(stage: Stage) -> None:
        handle = await stage.clerk.send().perform(stage.script(body))
        await handle.attach()
        for index in (1, 1000):
            with pytest.raises(ActionError, match="without respective Completions"):
                stage.env.restart_as_new(handle, from_entry=index)

    play(scenario)


def test_version_5_restarts_with_no_more_than_the_input() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        return Parcel(text=await ctx.run("one", lambda: "one"))

    async def scenario(stage: Stage) -> None:
        handle = await stage.clerk.send().perform(stage.script(body))
        await handle.attach()
        with pytest.raises(ActionError, match="is not supported"):
            stage.env.restart_as_new(handle, from_entry=1)
        again = stage.env.restart_as_new(handle)
        assert (await stage.env.client.invocation(again, Parcel).attach()).text == "one"

    play(scenario, version=5)


def test_nothing_of_a_workflow_is_restarted() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        return parcel

    async def scenario(stage: Stage) -> None:
        handle = await stage.journey().send().observe(stage.script(body))
        await handle.attach()
        with pytest.raises(ActionError, match="Restarting workflows is not supported"):
            stage.env.restart_as_new(handle)

    play(scenario)


def test_what_has_a_name_has_the_same_id_when_it_is_forgotten_and_begins_again() -> None:
    async def scenario(stage: Stage) -> None:
        looked_up = stage.env.client.workflow("conformance.v1.Journey", "w", Parcel)
        id_ = await looked_up.invocation_id()
        for _ in range(2):
            handle = await stage.journey("w").submit(stage.script(wait))
            assert await handle.invocation_id() == id_
            assert handle.accepted
            await handle.cancel()
            await handle.attach()
            assert await handle.purge()

    play(scenario)


def test_purge() -> None:
    async def scenario(stage: Stage) -> None:
        journey = stage.journey()
        handle = await journey.submit(stage.script(wait))
        assert await handle.purge() is False
        await handle.cancel()
        await handle.attach()
        assert await handle.purge() is True
        with pytest.raises(InvocationNotFoundError):
            await handle.output()
        assert (await journey.submit(stage.script(wait))).accepted

    play(scenario)
