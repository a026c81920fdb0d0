"""How often a waiting invocation is resumed, for everything that can be waited for."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from restate_proto import (
    CancelledError,
    WorkflowContext,
    gather,
    select,
)
from tests.integration.conformance_messages import ClerkClient, JourneyBase, Parcel
from tests.integration.scripted_services import Place

if TYPE_CHECKING:
    from tests.integration.world import World

AWHILE = timedelta(milliseconds=500)


def test_what_the_journal_has_resumes_nothing(world: World) -> None:
    attempts: list[int] = []

    async def body(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        attempts.append(1)
        awakeable, never = ctx.awakeable(Parcel), ctx.awakeable(Parcel)
        ctx.resolve_awakeable(awakeable.id, parcel)
        ctx.resolve_awakeable(awakeable.id, parcel)  # the second is one too many
        promise = ctx.promise(JourneyBase.DECISION)
        promise.resolve(parcel)
        mine = ctx.invocation(ctx.invocation_id)
        mine.signal(JourneyBase.GO, parcel)
        mine.signal(JourneyBase.GO, parcel)
        signal = ctx.signal(JourneyBase.GO)
        handle = ClerkClient.from_context(ctx).send().echo(parcel)
        done = gather(awakeable, promise, handle.attach(), handle.attach(), signal)
        await done
        await gather(done, awakeable, promise, signal, handle.attach(), handle.output())
        await select(done=done, never=never)
        mine.cancel()
        with pytest.raises(CancelledError):
            await gather(done, never)
        await gather(done, ctx.sleep(AWHILE))
        await select(never=never, sleep=ctx.sleep(AWHILE))
        await gather(select(never=never, nap=ctx.sleep(AWHILE)), ctx.run("run", lambda: 7))
        return await ctx.promise(JourneyBase.DECISION)

    answer = world.run(world.perform(Place.WORKFLOW, body, Parcel(text="x")))
    assert answer.text == "x"
    assert len(attempts) < 40  # one for each notification is the most; a loop makes hundreds
