"""Scopes, limit keys, and the request's own idempotency key (service protocol v7 only).

Restate 1.7 has them behind three switches for new clusters: v7 itself, "vqueues", and scopes for
virtual objects. So they have a server of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from restate_proto import Context, Encoding, Target, TerminalError, gather
from restate_proto.testing import RestateServer
from tests.integration.conformance_messages import (
    AccountClient,
    ClerkClient,
    Entry,
    JourneyClient,
    Parcel,
)
from tests.integration.scripted_services import Place, unique
from tests.integration.world import Combination, Loop, World

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def scoping_server() -> Iterator[RestateServer]:
    """Run a server that knows scopes."""
    switches = ("VQUEUES", "SCOPED_VIRTUAL_OBJECTS")
    env = {f"RESTATE_EXPERIMENTAL_ENABLE_{switch}": "true" for switch in switches}
    with RestateServer(protocol_v7=True, env=env) as server:
        yield server


@pytest.fixture(scope="module")
def module_world(scoping_server: RestateServer, loop: Loop) -> Iterator[World]:
    yield from World(Combination(7, Encoding.PROTOBUF, "ngh2"), scoping_server, loop).open()


@pytest.fixture
def scoped(module_world: World) -> Iterator[World]:
    yield module_world
    module_world.check()


async def tell(ctx: Context, parcel: Parcel) -> Parcel:
    return Parcel(text=f"{ctx.idempotency_key} {ctx.scope} {ctx.limit_key}")


def test_from_a_handler(scoped: World) -> None:
    script = scoped.script(tell)
    key = unique()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        clerk = ClerkClient.from_context(ctx, scope="tenant")
        account = AccountClient.from_context(ctx, key, scope="tenant")
        journey = JourneyClient.from_context(ctx, key, scope="tenant")
        answers = await gather(
            clerk.perform(script),
            clerk.perform(script, limit_key="a/b"),
            clerk.perform(script, idempotency_key=key, limit_key="a"),
            account.perform(script),
            journey.run(script),
            clerk.send().perform(script, limit_key="c").attach(),
        )
        return Parcel(parts=answers)

    answer = scoped.run(scoped.perform(Place.SERVICE, body))
    assert [part.text for part in answer.parts] == [
        "None tenant None",
        "None tenant a/b",
        f"{key} tenant a",
        "None tenant None",
        "None tenant None",
        "None tenant c",
    ]


def test_by_an_idempotency_key_and_a_workflow_s_id(scoped: World) -> None:
    script = scoped.script(tell)
    key = unique()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        clerk = ClerkClient.from_context(ctx, scope="tenant")
        journey = JourneyClient.from_context(ctx, key, scope="tenant")
        called = await gather(clerk.perform(script, idempotency_key=key), journey.run(script))
        target = Target.service("conformance.v1.Clerk", "Perform", scope="tenant")
        attached = await gather(
            ctx.idempotent_invocation(target, key, Parcel).attach(),
            journey.handle().attach(),
            ctx.workflow("conformance.v1.Journey", key, Parcel, scope="tenant").attach(),
        )
        with pytest.raises(TerminalError):
            await JourneyClient.from_context(ctx, key, scope="another").handle().output()
        return Parcel(parts=[*called, *attached])

    answer = scoped.run(scoped.perform(Place.SERVICE, body))
    expected = [f"{key} tenant None", "None tenant None"]
    assert [part.text for part in answer.parts] == [*expected, *expected, expected[1]]


def test_from_outside(scoped: World) -> None:
    script = scoped.script(tell)
    key = unique()

    async def scenario() -> list[str]:
        clerk = ClerkClient.from_client(scoped.client, scope="tenant")
        account = AccountClient.from_client(scoped.client, key, scope="tenant")
        journey = JourneyClient.from_client(scoped.client, key, scope="tenant")
        run = await journey.submit(script)
        assert await journey.handle().attach() == await run.attach()
        answers = [
            await clerk.perform(script),
            await clerk.perform(script, idempotency_key=key, limit_key="a/b"),
            await (await clerk.send().perform(script, limit_key="a")).attach(),
            await account.perform(script),
            await run.attach(),
        ]
        return [answer.text for answer in answers]

    answers = scoped.run(scenario())
    assert answers[1] == f"{key} tenant a/b"
    # The ingress gives a key of its own to a request that has none, unless it is a workflow's run.
    assert [answer.split(" ", 1)[1] for answer in answers] == [
        "tenant None",
        "tenant a/b",
        "tenant a",
        "tenant None",
        "tenant None",
    ]


def test_by_name_and_for_workflows(scoped: World) -> None:
    script = scoped.script(tell)
    keys = [unique() for _ in range(4)]
    clerk = Target.service("conformance.v1.Clerk", "Perform", scope="tenant")
    journeys = [
        Target.workflow("conformance.v1.Journey", key, "Run", scope="tenant") for key in keys
    ]

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        sent = ctx.send(clerk, script, limit_key="b/c")
        workflow = JourneyClient.from_context(ctx, keys[1], scope="tenant")
        answers = await gather(
            ctx.call(clerk, script, Parcel, limit_key="a"),
            ctx.invocation(await sent.invocation_id(), Parcel).attach(),
            ctx.call(journeys[0], script, Parcel, limit_key="d"),
            workflow.send().run(script, limit_key="e/f").attach(),
        )
        return Parcel(parts=answers)

    async def scenario() -> list[str]:
        client = scoped.client
        inside = await scoped.perform(Place.SERVICE, body)
        sent = await client.send(clerk, script, Parcel, limit_key="b/c")
        journey = JourneyClient.from_client(client, keys[3], scope="tenant")
        outside = [
            await client.call(clerk, script, Parcel, limit_key="a"),
            await sent.attach(),
            await client.call(journeys[2], script, Parcel, limit_key="d"),
            await (await journey.submit(script, limit_key="e/f")).attach(),
        ]
        return [answer.text.split(" ", 1)[1] for answer in (*inside.parts, *outside)]

    expected = ["tenant a", "tenant b/c", "tenant d", "tenant e/f"]
    assert scoped.run(scenario()) == [*expected, *expected]


def test_without_a_scope(scoped: World) -> None:
    """The idempotency key stands alone; the server reports it when its queues are on."""
    key = unique("once")
    script = scoped.script(tell)

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        return await ClerkClient.from_context(ctx).perform(script, idempotency_key=f"{key}-inside")

    async def scenario() -> list[str]:
        clerk = ClerkClient.from_client(scoped.client)
        outside = await clerk.perform(script, idempotency_key=key)
        return [outside.text, (await scoped.perform(Place.SERVICE, body)).text]

    assert scoped.run(scenario()) == [f"{key} None None", f"{key}-inside None None"]


def test_state_is_the_scope_s_own(scoped: World) -> None:
    key = unique()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        counts: dict[str, int] = {}
        for scope in ("one", "two", None):
            account = AccountClient.from_context(ctx, key, scope=scope)
            counts[str(scope)] = len((await account.append(Entry(text="x"))).texts)
        return Parcel(counts=counts)

    answer = scoped.run(scoped.perform(Place.SERVICE, body))
    assert dict(answer.counts) == {"one": 1, "two": 1, "None": 1}
