"""Typed and fixed keys of objects and workflows on a real server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from google.protobuf.empty_pb2 import Empty

from conformance.v1.queue_pb2 import URGENCY_HIGH, DayKey, QueueKey, Waiting, WaitRequest
from conformance.v1.queue_restate import (
    WAIT_REQUEST_DONE,
    DailyBase,
    DailyClient,
    QueueBase,
    QueueClient,
    SettingsBase,
    SettingsClient,
)
from restate_proto import Endpoint, Target, TerminalError
from tests.integration.values_services import Outside, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restate_proto import (
        ObjectContext,
        ObjectSharedContext,
        WorkflowContext,
        WorkflowSharedContext,
    )
    from restate_proto.testing import RestateServer
    from tests.integration.world import Loop

KEY = QueueKey(team="größe", lane=-7, urgency=URGENCY_HIGH, test=True, branch="feature/a:b c")


class Queue(QueueBase):
    async def name(self, ctx: ObjectContext) -> QueueKey:
        key = self.KEY.of(ctx)
        assert self.KEY.format(key) == ctx.key
        ctx.set(self.FIRST, key)
        return key

    async def first(self, ctx: ObjectSharedContext) -> QueueKey:
        return await ctx.get(self.FIRST) or QueueKey()

    async def wait(self, ctx: ObjectContext, request: WaitRequest) -> None:
        waiting = await ctx.get(self.WAITING) or Waiting()
        waiting.requests.append(request)
        ctx.set(self.WAITING, waiting)

    async def release(self, ctx: ObjectContext, request: QueueKey) -> None:
        for waiting in (await ctx.get(self.WAITING) or Waiting()).requests:
            if request.branch:
                ctx.resolve_awakeable(WAIT_REQUEST_DONE.of(waiting), request)
            else:
                ctx.reject_awakeable(WAIT_REQUEST_DONE.of(waiting), "no branch", code=404)
        ctx.clear(self.WAITING)

    async def wait_for(self, ctx: ObjectContext, request: QueueKey) -> QueueKey:
        done = ctx.awakeable(WAIT_REQUEST_DONE)
        other = QueueClient.from_context(ctx, QueueKey(team="other", branch=ctx.key))
        await other.wait(WaitRequest(done=done.id))
        other.send().release(request)
        return await done

    async def name_of(self, ctx: ObjectContext, request: QueueKey) -> QueueKey:
        other = QueueClient.from_context(ctx, request)
        await other.send().name().attach()
        return await other.name()


class Settings(SettingsBase):
    async def name(self, ctx: ObjectContext) -> QueueKey:
        return QueueKey(branch=ctx.key)

    async def ask(self, ctx: ObjectSharedContext) -> QueueKey:
        return await SettingsClient.from_context(ctx).name()


class Daily(DailyBase):
    async def run(self, ctx: WorkflowContext) -> DayKey:
        return self.KEY.of(ctx)

    async def peek(self, ctx: WorkflowSharedContext) -> DayKey:
        return self.KEY.of(ctx)


@pytest.fixture(scope="module", params=["patient_server", "suspending_server"])
def outside(request: pytest.FixtureRequest, loop: Loop) -> Iterator[Outside]:
    server: RestateServer = request.getfixturevalue(request.param)
    with serving(loop, server, Endpoint(Queue(), Settings(), Daily())) as found:
        yield found


def test_a_message_is_the_key_outside_and_in_the_handler(loop: Loop, outside: Outside) -> None:
    async def scenario() -> None:
        queue = QueueClient.from_client(outside.client, KEY)
        assert await queue.name() == KEY
        assert await (await queue.send().name()).attach() == KEY
        assert await queue.first() == KEY
        # The state is under the text, where others find it.
        by_name = Target.object("conformance.v1.Queue", QueueBase.KEY.format(KEY), "First")
        assert await outside.client.call(by_name, Empty(), QueueKey) == KEY

    loop.run(scenario())


def test_handlers_address_each_other_by_messages(loop: Loop, outside: Outside) -> None:
    other = QueueKey(team="b", branch="x")
    assert loop.run(QueueClient.from_client(outside.client, KEY).name_of(other)) == other


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        (
            Target.object("conformance.v1.Queue", "main", "Name"),
            "conformance.v1.Queue/Name: bad key: 'main' does not have the form '{team}::{lane}-{urg",
        ),
        (
            Target.object("conformance.v1.Queue", "a::01-0/true:b", "First"),
            "conformance.v1.Queue/First: bad key: 'a::01-0/true:b' does not have the form",
        ),
        (
            Target.object("conformance.v1.Settings", "other", "Name"),
            "conformance.v1.Settings/Name: bad key: 'other' is not 'main', the only key of this object",
        ),
        (
            Target.workflow("conformance.v1.Daily", "today", "Run"),
            "conformance.v1.Daily/Run: bad key: 'today' does not have the form 'day {day}'",
        ),
    ],
    ids=str,
)
def test_another_key_ends_the_invocation(
    loop: Loop, outside: Outside, target: Target, reason: str
) -> None:
    with pytest.raises(TerminalError) as caught:
        loop.run(outside.client.call(target, Empty(), QueueKey))
    assert caught.value.code == 400
    assert caught.value.message.startswith(reason)


def test_an_object_that_exists_once_has_no_key_to_give(loop: Loop, outside: Outside) -> None:
    async def scenario() -> None:
        settings = SettingsClient.from_client(outside.client)
        assert (
            await asyncio.gather(settings.name(), settings.ask()) == [QueueKey(branch="main")] * 2
        )

    loop.run(scenario())


def test_a_workflow_with_a_message_as_its_id(loop: Loop, outside: Outside) -> None:
    async def scenario() -> None:
        daily = DailyClient.from_client(outside.client, DayKey(day=4_000_000_000))
        await daily.submit()
        assert (await daily.handle().attach()).day == 4_000_000_000
        assert (await daily.peek()).day == 4_000_000_000
        by_name = outside.client.workflow("conformance.v1.Daily", "day 4000000000", DayKey)
        assert (await by_name.attach()).day == 4_000_000_000

    loop.run(scenario())


def test_an_awakeable_is_resolved_by_who_gets_its_id(loop: Loop, outside: Outside) -> None:
    async def scenario() -> None:
        queue = QueueClient.from_client(outside.client, QueueKey(branch="waits"))
        assert await queue.wait_for(KEY) == KEY
        with pytest.raises(TerminalError, match="no branch") as caught:
            await queue.wait_for(QueueKey())
        assert caught.value.code == 404

    loop.run(scenario())


def test_a_client_refuses_what_is_no_key(outside: Outside) -> None:
    with pytest.raises(ValueError, match="team is 'a::b', so the '::'"):
        QueueClient.from_client(outside.client, QueueKey(team="a::b"))
    with pytest.raises(TypeError, match="must be a QueueKey"):
        QueueClient.from_client(outside.client, "main")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
