from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from conformance.v1.conformance_pb2 import Entry, EntryList, Parcel, Script
from conformance.v1.conformance_restate import AccountBase, AccountClient
from restate_proto import Endpoint, IngressClient, IngressUnreachableError, ServiceNotFoundError
from restate_proto.testing import RestateServer
from restate_proto.testing import restate_environment as environment

if TYPE_CHECKING:
    from restate_proto import ObjectContext, ObjectSharedContext
    from restate_proto.testing import EnvironmentFactory

pytestmark = [pytest.mark.server, pytest.mark.restate(real=True)]


class Account(AccountBase):
    """Keeps entries; performs by sleeping."""

    def __init__(self) -> None:
        self.performing = asyncio.Event()
        self.attempts = 0

    async def append(self, ctx: ObjectContext, request: Entry) -> EntryList:
        entries = await ctx.get(self.ENTRIES) or EntryList()
        entries.texts.append(request.text)
        ctx.set(self.ENTRIES, entries)
        return entries

    async def entries(self, ctx: ObjectSharedContext) -> EntryList:
        return await ctx.get(self.ENTRIES) or EntryList()

    async def perform(self, ctx: ObjectContext, request: Script) -> Parcel:
        self.performing.set()
        await ctx.sleep(timedelta(days=1))
        return Parcel()

    async def observe(self, ctx: ObjectSharedContext, request: Script) -> Parcel:
        self.attempts += 1
        await ctx.sleep(timedelta(milliseconds=10))
        await ctx.sleep(timedelta(milliseconds=10))
        return Parcel()


@pytest.fixture
def key() -> str:
    return uuid4().hex


async def append(client: IngressClient, key: str, text: str) -> list[str]:
    account = AccountClient.from_client(client, key)
    return list((await account.append(Entry(text=text))).texts)


def test_an_environment_with_a_server_of_its_own(key: str) -> None:
    async def scenario() -> None:
        async with environment(Endpoint(Account())) as env:
            assert env.deployment.services == ("conformance.v1.Account",)
            assert await append(env.client, key, "a") == ["a"]
            server = env.server
            ingress_url = server.ingress_url

        assert server.pid is None
        async with IngressClient(ingress_url) as client:
            with pytest.raises(IngressUnreachableError):
                await append(client, key, "b")

    asyncio.run(scenario())


@pytest.mark.parametrize("timeout", [None, timedelta(0)])
def test_a_server_that_suspends_at_every_wait(key: str, timeout: timedelta | None) -> None:
    async def scenario() -> None:
        account = Account()
        async with (
            RestateServer(inactivity_timeout=timeout) as server,
            environment(Endpoint(account), server=server, replay_check=False) as env,
        ):
            await AccountClient.from_client(env.client, key).observe(Script())
        assert account.attempts == (1 if timeout is None else 3)

    asyncio.run(scenario())


@pytest.mark.parametrize(("v7", "version"), [(False, 6), (True, 7)])
def test_a_server_that_talks_protocol_v7(key: str, *, v7: bool, version: int) -> None:
    async def scenario() -> None:
        async with (
            RestateServer(protocol_v7=v7) as server,
            environment(Endpoint(Account()), server=server) as env,
        ):
            await AccountClient.from_client(env.client, key).observe(Script())
            rows = server.admin.query("SELECT pinned_service_protocol_version FROM sys_invocation")
        assert [row["pinned_service_protocol_version"] for row in rows] == [version]

    asyncio.run(scenario())


def test_state_outlives_a_crash_of_the_server(key: str) -> None:
    async def scenario() -> None:
        async with environment(Endpoint(Account())) as env:
            await append(env.client, key, "a")
            await env.server.restart()
            assert await append(env.client, key, "b") == ["a", "b"]

    asyncio.run(scenario())


def test_an_error_of_the_test_comes_out_of_the_block() -> None:
    async def block(servers: list[RestateServer]) -> None:
        async with environment(Endpoint(Account())) as env:
            servers.append(env.server)
            raise LookupError

    servers: list[RestateServer] = []
    with pytest.raises(LookupError):
        asyncio.run(block(servers))

    assert servers[0].pid is None


def test_the_server_of_the_session_forgets_the_endpoint(
    restate_environment: Any, restate_server: RestateServer, key: str
) -> None:
    async def scenario() -> None:
        async with restate_environment(Endpoint(Account())) as env:
            assert env.server is restate_server
            await append(env.client, key, "a")

        async with IngressClient(restate_server.ingress_url) as client:
            with pytest.raises(ServiceNotFoundError):
                await append(client, key, "b")

    asyncio.run(scenario())


def test_what_runs_on_a_shared_server_is_ended_with_the_environment(
    restate_environment: EnvironmentFactory, key: str
) -> None:
    async def scenario() -> None:
        account = Account()
        async with restate_environment(Endpoint(account)) as env:
            client = AccountClient.from_client(env.client, key)
            await client.send().perform(Script())
            await client.send().append(Entry(text="waits for its turn"))
            await account.performing.wait()

        async with restate_environment(Endpoint(Account())) as env:
            assert await append(env.client, key, "a") == ["a"]

    asyncio.run(scenario())
