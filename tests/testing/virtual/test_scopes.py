"""Each scope has objects and workflows of its own, as on a real server that knows scopes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.v1.conformance_pb2 import Entry, EntryList, Parcel
from conformance.v1.conformance_restate import (
    AccountBase,
    AccountClient,
    JourneyBase,
    JourneyClient,
)
from tests.testing.virtual.stage import Stage, play

if TYPE_CHECKING:
    from restate_proto import ObjectContext, WorkflowContext

SCOPES = ("tenant", "another", None)


def test_state_is_that_of_the_scope() -> None:
    async def scenario(stage: Stage) -> None:
        env = stage.env
        for scope in SCOPES:
            account = AccountClient.from_client(env.client, "k", scope=scope)
            assert (await account.append(Entry(text=f"in {scope}"))).texts == [f"in {scope}"]
        for scope in SCOPES:
            found = await env.state(AccountBase, "k", AccountBase.ENTRIES, scope=scope)
            assert found == EntryList(texts=[f"in {scope}"])
        put = EntryList(texts=["put"])
        await env.set_state(AccountBase, "k", AccountBase.ENTRIES, put, scope="tenant")
        texts = [
            (await AccountClient.from_client(env.client, "k", scope=scope).entries()).texts
            for scope in SCOPES
        ]
        assert texts == [["put"], ["in another"], ["in None"]]

    play(scenario)


def test_a_scope_that_cannot_be_is_refused() -> None:
    async def scenario(stage: Stage) -> None:
        with pytest.raises(ValueError, match=r"VirtualRestate\.state: scope='a b': must be"):
            await stage.env.state(AccountBase, "k", AccountBase.ENTRIES, scope="a b")

    play(scenario)


def test_objects_of_different_scopes_do_not_wait_for_each_other() -> None:
    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        return await ctx.awakeable(Parcel)

    async def scenario(stage: Stage) -> None:
        env = stage.env
        busy = AccountClient.from_client(env.client, "k", scope="tenant")
        await busy.send().perform(stage.script(body))
        free = AccountClient.from_client(env.client, "k", scope="another")
        assert (await free.append(Entry(text="at once"))).texts == ["at once"]

    play(scenario)


def test_promises_of_different_scopes_are_different() -> None:
    async def body(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        return await ctx.promise(JourneyBase.DECISION)

    async def scenario(stage: Stage) -> None:
        journeys = [JourneyClient.from_client(stage.env.client, "k", scope=each) for each in SCOPES]
        runs = [await journey.submit(stage.script(body)) for journey in journeys]
        for number, journey in enumerate(journeys):
            await journey.decide(Parcel(number=number))
        assert [(await run.attach()).number for run in runs] == [0, 1, 2]

    play(scenario)
