"""Injected faults: attempts that are cut off, runs that fail, state that is not sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.v1.conformance_pb2 import Entry, Parcel
from conformance.v1.conformance_restate import AccountBase
from restate_proto import Context, RetryPolicy, TerminalError
from tests.testing.virtual.stage import Stage, play

if TYPE_CHECKING:
    from restate_proto import ObjectContext


@pytest.mark.parametrize("version", [5, 6, 7])
@pytest.mark.parametrize("entries", range(1, 8))
def test_an_attempt_is_cut_off_anywhere(version: int, entries: int) -> None:
    starts: list[int] = []

    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        starts.append(1)
        total = 0
        for number in range(3):
            total += await ctx.run("count", lambda number=number: number)
            ctx.set(AccountBase.PARCEL, Parcel(number=total))
        return Parcel(number=total)

    async def scenario(stage: Stage) -> None:
        stage.env.crash_after(entries=entries)
        assert (await stage.account().perform(stage.script(body))).number == 3
        assert len(starts) == 2
        assert (await stage.env.state(AccountBase, "a", AccountBase.PARCEL)) == Parcel(number=3)

    play(scenario, version=version)


def test_a_run_fails_as_often_as_asked() -> None:
    executed: list[str] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.run("charge", executed.append, "charge")
        return Parcel(number=len(executed))

    async def scenario(stage: Stage) -> None:
        stage.env.fail_run("charge", times=2)
        start = stage.env.now
        assert (await stage.clerk.perform(stage.script(body))).number == 1
        assert stage.env.now > start  # Restate has waited before it retried

    play(scenario)


def test_a_run_that_is_out_of_attempts_fails() -> None:
    async def body(ctx: Context, parcel: Parcel) -> None:
        await ctx.run("charge", lambda: None, retry=RetryPolicy(max_attempts=2))

    async def scenario(stage: Stage) -> None:
        stage.env.fail_run("charge", times=2)
        with pytest.raises(TerminalError, match=r"the test has ctx\.run\('charge'\) fail"):
            await stage.clerk.perform(stage.script(body))

    play(scenario)


@pytest.mark.parametrize("state", ["eager", "partial", "lazy"])
@pytest.mark.parametrize("replay", ["never", "always"])
def test_a_handler_asks_for_the_state_that_it_was_not_sent(state: str, replay: str) -> None:
    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        entries = await ctx.get(AccountBase.ENTRIES)
        kept = await ctx.get(AccountBase.PARCEL)
        assert entries
        assert kept
        return Parcel(text=" ".join([*entries.texts, kept.text, *sorted(await ctx.state_keys())]))

    async def scenario(stage: Stage) -> None:
        await stage.account().append(Entry(text="one"))
        await stage.env.set_state(AccountBase, "a", AccountBase.PARCEL, Parcel(text="two"))
        assert (await stage.account().perform(stage.script(body))).text == "one two entries parcel"

    play(scenario, state=state, replay=replay)
