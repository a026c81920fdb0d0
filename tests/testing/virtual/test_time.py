"""Virtual time: it skips if nothing else can go on, and only then."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from conformance.v1.conformance_pb2 import Entry, Parcel
from restate_proto import Context, InvocationNotFoundError, RetryableError, race
from tests.testing.virtual.stage import Stage, play

if TYPE_CHECKING:
    from restate_proto import ObjectContext

DAY = timedelta(days=1)
START = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("version", [5, 6, 7])
@pytest.mark.parametrize("replay", ["never", "always"])
def test_a_wait_for_a_result_skips_to_the_next_timer(version: int, replay: str) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        before = await ctx.time()
        await ctx.sleep(30 * DAY)
        await asyncio.sleep(DAY.total_seconds())
        return Parcel(number=(await ctx.time() - before).days)

    async def scenario(stage: Stage) -> None:
        assert (await stage.clerk.perform(stage.script(body))).number == 31
        assert stage.env.now == START + 31 * DAY

    play(scenario, version=version, replay=replay, start=START)


def test_without_a_wait_time_stands_still() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.account().send().append(Entry(text="late"), delay=5 * DAY)
        await asyncio.sleep(0.01)
        assert stage.env.now == START
        assert not (await stage.account().entries()).texts
        await stage.env.advance(5 * DAY - timedelta(milliseconds=1))
        assert not (await stage.account().entries()).texts
        await stage.env.advance(timedelta(milliseconds=1))
        assert (await stage.account().entries()).texts == ["late"]

    play(scenario, start=START)


def test_what_lies_between_happens_in_its_order() -> None:
    async def scenario(stage: Stage) -> None:
        for days in (3, 1, 2):
            await stage.account().send().append(Entry(text=f"day {days}"), delay=days * DAY)
        await stage.env.advance(2 * DAY)
        assert (await stage.account().entries()).texts == ["day 1", "day 2"]

    play(scenario)


def test_a_retry_waits_in_virtual_time() -> None:
    attempts: list[datetime] = []

    async def scenario(stage: Stage) -> None:
        async def body(ctx: Context, parcel: Parcel) -> Parcel:
            attempts.append(stage.env.now)
            if len(attempts) == 1:
                raise RetryableError("busy", retry_after=timedelta(hours=2))
            return Parcel()

        await stage.clerk.perform(stage.script(body))

    play(scenario, start=START)
    assert attempts == [START, START + timedelta(hours=2)]


def test_a_result_is_kept_for_its_retention() -> None:
    async def scenario(stage: Stage) -> None:
        handle = await stage.account().send().append(Entry(text="a"), idempotency_key="once")
        await handle.attach()
        await stage.env.advance(DAY - timedelta(milliseconds=1))
        assert await handle.output()
        again = await stage.account().send().append(Entry(text="b"), idempotency_key="once")
        assert again.accepted is False
        await stage.env.advance(timedelta(milliseconds=1))
        with pytest.raises(InvocationNotFoundError):
            await handle.output()
        await stage.account().append(Entry(text="c"), idempotency_key="once")
        assert (await stage.account().entries()).texts == ["a", "c"]

    play(scenario)


def test_time_does_not_skip_while_a_thread_works() -> None:
    def work() -> str:
        return "done"

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        run, timer = ctx.run("work", work), ctx.sleep(timedelta(seconds=1))
        return Parcel(text=str(await race(run, timer)))

    async def scenario(stage: Stage) -> None:
        assert (await stage.clerk.perform(stage.script(body))).text == "done"
        assert stage.env.now == START

    play(scenario, start=START)


def test_time_skips_for_an_event_of_a_handler() -> None:
    async def scenario(stage: Stage) -> None:
        woken = asyncio.Event()

        async def body(ctx: ObjectContext, parcel: Parcel) -> None:
            await ctx.sleep(DAY)
            woken.set()

        await stage.account().send().perform(stage.script(body))
        await stage.env.until(woken.wait())
        assert stage.env.now == START + DAY

    play(scenario, start=START)


def test_time_does_not_go_back() -> None:
    async def scenario(stage: Stage) -> None:
        with pytest.raises(ValueError, match="time does not go back"):
            await stage.env.advance(timedelta(seconds=-1))
        with pytest.raises(TypeError, match="timedelta"):
            await stage.env.advance(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    play(scenario)
