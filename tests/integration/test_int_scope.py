"""Scopes, limit keys, and the request's own idempotency key: service protocol v7 alone.

Restate 1.7 has them behind three switches, for new clusters: v7 itself, "vqueues", and scopes for
virtual objects. So they have a server of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scripted_services import Place, unique
from world import Combination, Loop, World

from conformance.v1.conformance_pb2 import Parcel
from conformance.v1.conformance_restate import AccountClient, ClerkClient, JourneyClient
from restate_proto import Context, Encoding, gather
from restate_proto.testing import RestateServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def scoping_server() -> Iterator[RestateServer]:
    """A server that knows scopes."""
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
