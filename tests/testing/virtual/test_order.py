"""Order of invocations: one exclusive handler at a time for a key, shared ones beside it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from conformance.v1.conformance_pb2 import Entry, Parcel
from conformance.v1.conformance_restate import AccountBase, AccountClient, JourneyBase
from restate_proto import StateKey, TerminalError
from tests.testing.virtual.stage import Stage, play

if TYPE_CHECKING:
    from restate_proto import ObjectContext, ObjectSharedContext, WorkflowContext


@pytest.mark.parametrize("replay", ["never", "always"])
def test_exclusive_handlers_of_a_key_run_in_the_order_in_which_they_came(replay: str) -> None:
    order: list[str] = []

    async def body(ctx: ObjectContext, parcel: Parcel) -> None:
        await ctx.run("begin", order.append, f"{parcel.text} begins")
        await ctx.sleep(timedelta(seconds=parcel.number))
        await ctx.run("end", order.append, f"{parcel.text} ends")

    async def scenario(stage: Stage) -> None:
        calls = [
            stage.account(key).perform(stage.script(body, Parcel(text=text, number=seconds)))
            for key, text, seconds in (("a", "a1", 9), ("a", "a2", 1), ("b", "b1", 5))
        ]
        await asyncio.gather(*calls)
        assert [each for each in order if each[0] == "a"] == [
            "a1 begins",
            "a1 ends",
            "a2 begins",
            "a2 ends",
        ]
        assert order.index("b1 ends") < order.index("a1 ends")

    play(scenario, replay=replay)


def test_a_shared_handler_sees_what_is_set_at_once() -> None:
    async def write(ctx: ObjectContext, parcel: Parcel) -> None:
        ctx.set(AccountBase.PARCEL, Parcel(text="set"))
        await ctx.awakeable(Parcel)

    async def read(ctx: ObjectSharedContext, parcel: Parcel) -> Parcel:
        return await ctx.get(AccountBase.PARCEL) or Parcel(text="nothing")

    async def scenario(stage: Stage) -> None:
        await stage.account().send().perform(stage.script(write))
        await stage.env.advance(timedelta(0))
        assert (await stage.account().observe(stage.script(read))).text == "set"

    play(scenario)


def test_messages_of_one_handler_arrive_in_their_order() -> None:
    async def body(ctx: ObjectContext, parcel: Parcel) -> None:
        other = AccountClient.from_context(ctx, "b")
        for text in "xyz":
            other.send().append(Entry(text=text))

    async def scenario(stage: Stage) -> None:
        await stage.account().perform(stage.script(body))
        await stage.env.advance(timedelta(0))
        assert (await stage.account("b").entries()).texts == ["x", "y", "z"]

    play(scenario)


def test_a_workflow_runs_once() -> None:
    async def body(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        return await ctx.promise(JourneyBase.DECISION)

    async def scenario(stage: Stage) -> None:
        journey = stage.journey()
        first = await journey.submit(stage.script(body))
        assert (await journey.submit(stage.script(body))).accepted is False
        with pytest.raises(TerminalError, match="the workflow method was already invoked"):
            await journey.run(stage.script(body))
        await journey.decide(Parcel(text="yes"))
        assert (await first.attach()).text == "yes"
        with pytest.raises(TerminalError, match="promise was already completed"):
            await journey.decide(Parcel(text="no"))

    play(scenario)


def test_one_seed_is_one_course() -> None:
    seen: list[list[str]] = []

    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        return Parcel(text=f"{ctx.invocation_id} {ctx.random.random()} {ctx.uuid()}")

    async def scenario(stage: Stage) -> None:
        calls = (stage.account(key).perform(stage.script(body)) for key in "abc")
        seen.append([each.text for each in await asyncio.gather(*calls)])

    for seed in (7, 7, 8):
        play(scenario, seed=seed)
    assert seen[0] == seen[1] != seen[2]


def test_state_keys_that_are_asked_for_come_in_the_order_of_the_server() -> None:
    """Shorter keys come first."""

    async def put(ctx: ObjectContext, parcel: Parcel) -> None:
        for name in ("three", "two", "one"):
            ctx.set(StateKey(name, str), name)

    async def keys(ctx: ObjectSharedContext, parcel: Parcel) -> Parcel:
        return Parcel(text=" ".join(await ctx.state_keys()))

    async def scenario(stage: Stage) -> None:
        await stage.account().perform(stage.script(put))
        assert (await stage.account().observe(stage.script(keys))).text == "one two three"

    play(scenario, state="lazy")


def test_who_attaches_after_a_cancellation_finds_nothing() -> None:
    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        account = AccountClient.from_context(ctx, "b")
        handle = account.send().append(Entry(text="never"), delay=timedelta(hours=1))
        handle.cancel()
        with pytest.raises(TerminalError) as raised:
            await handle.attach()
        return Parcel(number=raised.value.code)

    async def scenario(stage: Stage) -> None:
        assert (await stage.account().perform(stage.script(body))).number == 404

    play(scenario)
