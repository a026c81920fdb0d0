"""Nothing hangs: a wait that can never end fails, and says what each invocation waits for."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from conformance.v1.conformance_pb2 import Entry, Parcel
from conformance.v1.conformance_restate import AccountClient, JourneyBase
from restate_proto import Context
from restate_proto.testing.virtual import StuckError
from tests.testing.virtual.stage import Stage, play

if TYPE_CHECKING:
    from restate_proto import ObjectContext, WorkflowContext


@pytest.mark.parametrize("replay", ["never", "always"])
@pytest.mark.parametrize("version", [5, 6, 7])
def test_what_is_never_resolved(replay: str, version: int) -> None:
    async def body(ctx: WorkflowContext, parcel: Parcel) -> None:
        await asyncio.gather(ctx.awakeable(Parcel), ctx.promise(JourneyBase.DECISION))

    async def scenario(stage: Stage) -> None:
        with pytest.raises(StuckError) as caught:
            await stage.journey().run(stage.script(body))
        assert "Journey/j/Run (inv_1" in str(caught.value)
        assert "await promise decision" in str(caught.value)
        assert "awakeable 17" in str(caught.value)

    play(scenario, replay=replay, version=version)


def test_an_object_that_calls_itself() -> None:
    async def body(ctx: ObjectContext, parcel: Parcel) -> None:
        await AccountClient.from_context(ctx, "a").append(Entry(text="never"))

    async def scenario(stage: Stage) -> None:
        handle = await stage.account().send().perform(stage.script(body))
        with pytest.raises(StuckError) as caught:
            await handle.attach()
        owner = await handle.invocation_id()
        assert f"({owner}) waits for 'call conformance.v1.Account/a/Append'" in str(caught.value)
        assert f"waits for its turn on the key, after {owner}" in str(caught.value)

    play(scenario)


def test_a_handler_that_always_fails() -> None:
    async def body(ctx: Context, parcel: Parcel) -> None:
        raise ValueError("a bug")

    async def scenario(stage: Stage) -> None:
        with pytest.raises(
            StuckError, match=r"is paused, after \[500\] ValueError: a bug"
        ) as caught:
            await stage.clerk.perform(stage.script(body))
        assert isinstance(caught.value.__cause__, ValueError)

    play(scenario)


def test_somebody_outside_has_time() -> None:
    """A task that does something else may bring what is awaited."""
    ids: list[str] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        awakeable = ctx.awakeable(Parcel)
        ids.append(awakeable.id)
        return await awakeable

    async def scenario(stage: Stage) -> None:
        call = asyncio.ensure_future(stage.clerk.perform(stage.script(body)))
        await asyncio.sleep(0.05)
        await stage.env.client.resolve_awakeable(ids[0], Parcel(text="here"))
        assert (await call).text == "here"

    play(scenario, patience=timedelta(seconds=60))


def test_all_who_wait_are_told() -> None:
    async def body(ctx: Context, parcel: Parcel) -> None:
        await ctx.awakeable(Parcel)

    async def scenario(stage: Stage) -> None:
        calls = (stage.clerk.perform(stage.script(body)) for _ in range(3))
        errors = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(error) for error in errors] == [StuckError] * 3

    play(scenario, patience=timedelta(days=1))  # which is not needed: all tasks wait


def test_an_event_that_is_never_set() -> None:
    async def scenario(stage: Stage) -> None:
        with pytest.raises(StuckError, match="all invocations have ended"):
            await stage.env.until(asyncio.Event().wait())

    play(scenario, patience=timedelta(milliseconds=1))
