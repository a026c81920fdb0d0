"""The ingress client and the generated clients on a real restate-server."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from conformance.v1.conformance_pb2 import Entry, EntryList, Parcel, Script
from conformance.v1.conformance_restate import AccountClient, ClerkClient, JourneyClient
from restate_proto import (
    ClientLimits,
    Encoding,
    IngressBadRequestError,
    IngressClient,
    InvocationNotFoundError,
    InvocationNotReadyError,
    OutcomeUnknownError,
    RetryPolicy,
    Target,
    TerminalError,
    WaitTimeoutError,
)
from restate_proto.testing import RestateServer
from restate_proto.testing import restate_environment as environment
from tests.ingress.services import OnServer, Services

if TYPE_CHECKING:
    from restate_proto.testing import TestEnvironment
    from restate_proto.testing.config import ConfigValue


pytestmark = [pytest.mark.server, pytest.mark.restate(real=True)]

ODD_KEYS = ["a/b", "é %?#;", "\U0001f600", " ", ".", "..", "a+b", "%2F", "\x00\n", "send"]


def unique() -> str:
    return uuid4().hex


def test_calls_by_the_generated_clients(on_server: OnServer) -> None:
    async def scenario(env: TestEnvironment, services: Services) -> None:
        clerk = ClerkClient.from_client(env.client)
        parcel = Parcel(text="t", number=-(2**62), data=b"\x00\xff", counts={"a": 1})
        assert await clerk.echo(parcel) == parcel
        assert await clerk.echo(Parcel()) == Parcel()
        answers: list[object] = [await clerk.nothing()]
        assert answers == [None]

        account = AccountClient.from_client(env.client, unique())
        assert list((await account.append(Entry(text="a"))).texts) == ["a"]
        assert list((await account.entries()).texts) == ["a"]

    on_server(scenario)


def test_calls_by_name_in_either_encoding(on_server: OnServer) -> None:
    async def scenario(env: TestEnvironment, services: Services) -> None:
        echo = Target.service("conformance.v1.Clerk", "Echo")
        parcel = Parcel(text="t", number=2**62)
        for encoding in Encoding:
            assert await env.client.call(echo, parcel, Parcel, encoding=encoding) == parcel
            assert await env.client.call(echo, Parcel(), Parcel, encoding=encoding) == Parcel()
        assert await env.client.call(echo, {"text": "t"}, dict) == {"text": "t"}

    on_server(scenario)


def test_a_large_message(on_server: OnServer) -> None:
    async def scenario(env: TestEnvironment, services: Services) -> None:
        clerk = ClerkClient.from_client(env.client)
        parcel = Parcel(data=b"x" * 5_000_000)
        assert await clerk.echo(parcel) == parcel
        with pytest.raises(IngressBadRequestError, match="413"):
            await clerk.echo(Parcel(data=b"x" * 40_000_000))

    on_server(scenario)


@pytest.mark.parametrize("key", ODD_KEYS)
def test_odd_keys(on_server: OnServer, key: str) -> None:
    async def scenario(env: TestEnvironment, services: Services) -> None:
        account = AccountClient.from_client(env.client, key)
        assert (await account.observe(Script())).text == key

        handle = await account.send().perform(Script(), idempotency_key=unique())
        assert (await handle.attach()).text == key

        journey = JourneyClient.from_client(env.client, key + unique())
        handle = await journey.submit(Script(name="n"))
        await journey.decide(Parcel(text="d"))
        assert (await journey.handle().attach()).text == "n: d"
        assert await journey.handle().invocation_id() == await handle.invocation_id()

    on_server(scenario)


def test_the_end_of_a_wait_is_no_end_of_the_work(on_server: OnServer) -> None:
    async def scenario(env: TestEnvironment, services: Services) -> None:
        soon = timedelta(milliseconds=50)
        clerk, key = ClerkClient.from_client(env.client), unique()
        script = Script(name="await")
        await clerk.send().perform(script, idempotency_key=key)
        with pytest.raises(WaitTimeoutError) as caught:
            await clerk.perform(script, idempotency_key=key, wait_for=soon)
        handle = caught.value.handle
        with pytest.raises(WaitTimeoutError):
            await handle.attach(wait_for=soon)
        assert await handle.output() is None

        await env.client.resolve_awakeable(await services.awakeables.get(), Parcel(text="done"))
        assert await handle.attach() == Parcel(text="done")
        assert await clerk.perform(script, idempotency_key=key) == Parcel(text="done")

    on_server(scenario)


def test_a_server_that_is_asked_for_a_sign_of_life_gives_one(on_server: OnServer) -> None:
    async def scenario(env: TestEnvironment, services: Services) -> None:
        limits = ClientLimits(read_timeout=timedelta(seconds=2), idle_timeout=timedelta(seconds=1))
        async with IngressClient(env.server.ingress_url, limits=limits) as client:
            clerk = ClerkClient.from_client(client)
            call = asyncio.create_task(clerk.perform(Script(name="await")))
            awakeable = await services.awakeables.get()
            await asyncio.sleep(5)  # longer than it may be silent
            await client.resolve_awakeable(awakeable, Parcel(text="done"))
            assert await call == Parcel(text="done")

    on_server(scenario)


def test_headers_reach_the_handler(on_server: OnServer) -> None:
    async def scenario(env: TestEnvironment, services: Services) -> None:
        async with IngressClient(env.server.ingress_url, headers={"X-All": "1"}) as client:
            clerk = ClerkClient.from_client(client)
            script = Script(name="headers")
            parcel = await clerk.perform(script, headers={"X-One": "2"})
            handle = await clerk.send().perform(script, headers={"X-One": "2"})
            for headers in (json.loads(parcel.text), json.loads((await handle.attach()).text)):
                assert (headers["x-all"], headers["x-one"]) == ("1", "2")

    on_server(scenario)


def test_messages_run_in_the_order_sent(on_server: OnServer) -> None:
    async def scenario(env: TestEnvironment, services: Services) -> None:
        account = AccountClient.from_client(env.client, unique())
        texts = [str(number) for number in range(10)]
        handles = [await account.send().append(Entry(text=text)) for text in texts]
        assert all(handle.accepted for handle in handles)
        assert all(handle.execution_time is None for handle in handles)
        assert list((await handles[-1].attach()).texts) == texts

    on_server(scenario)


def test_a_delayed_message(on_server: OnServer) -> None:
    async def scenario(env: TestEnvironment, services: Services) -> None:
        clerk = ClerkClient.from_client(env.client)
        before = datetime.now(UTC)
        far = await clerk.send().echo(Parcel(text="a"), delay=timedelta(days=5))
        near = await clerk.send().echo(Parcel(text="b"), delay=timedelta(milliseconds=100))

        assert far.execution_time is not None
        hour = timedelta(hours=1)
        assert before - hour < far.execution_time - timedelta(days=5) < datetime.now(UTC) + hour
        assert await near.attach() == Parcel(text="b")
        assert await far.output() is None
        await far.cancel()
        with pytest.raises(InvocationNotFoundError):  # it never began, so nothing is left of it
            await far.output()

    on_server(scenario)


@pytest.mark.parametrize("key", ["plain", "a/b c%2F?#", "attach"])
def test_idempotency_keys(on_server: OnServer, key: str) -> None:
    async def scenario(env: TestEnvironment, services: Services) -> None:
        idempotency_key = f"{key}{unique()}"
        name = unique()
        account = AccountClient.from_client(env.client, name)
        first = await account.append(Entry(text="a"), idempotency_key=idempotency_key)
        again = await account.append(Entry(text="b"), idempotency_key=idempotency_key)
        sent = await account.send().append(Entry(text="c"), idempotency_key=idempotency_key)
        other = await account.append(Entry(text="d"), idempotency_key=unique())

        assert list(first.texts) == list(again.texts) == ["a"]
        assert list(other.texts) == ["a", "d"]
        assert sent.accepted is False
        assert await sent.attach() == first

        target = Target.object("conformance.v1.Account", name, "Append")
        handle = env.client.idempotent_invocation(target, idempotency_key, EntryList)
        assert await handle.attach() == await handle.output() == first
        assert await handle.invocation_id() == await sent.invocation_id()

        clerk = ClerkClient.from_client(env.client)
        parcel = await clerk.echo(Parcel(text="a"), idempotency_key=idempotency_key)
        assert await clerk.echo(Parcel(text="b"), idempotency_key=idempotency_key) == parcel
        target = Target.service("conformance.v1.Clerk", "Echo")
        handle = env.client.idempotent_invocation(target, idempotency_key, Parcel)
        assert await handle.attach() == parcel

    on_server(scenario)


def test_a_workflow(on_server: OnServer) -> None:
    async def scenario(env: TestEnvironment, services: Services) -> None:
        key = unique()
        journey = JourneyClient.from_client(env.client, key)
        first = await journey.submit(Script(name="a"))
        second = await journey.submit(Script(name="b"))
        assert (first.accepted, second.accepted) == (True, False)
        assert await first.invocation_id() == await second.invocation_id()
        with pytest.raises(TerminalError, match="already invoked"):
            await journey.run(Script(name="c"))

        by_name = env.client.workflow("conformance.v1.Journey", key, Parcel)
        for handle in (first, second, journey.handle(), by_name):
            assert await handle.output() is None
            with pytest.raises(InvocationNotReadyError):
                await handle.require_output()
        waiting = asyncio.create_task(journey.handle().attach())
        await journey.decide(Parcel(text="yes"))
        assert (await waiting).text == "a: yes"
        for handle in (first, second, journey.handle(), by_name):
            assert await handle.output() == Parcel(text="a: yes")

    on_server(scenario)


def test_awakeables(on_server: OnServer) -> None:
    async def scenario(env: TestEnvironment, services: Services) -> None:
        send = ClerkClient.from_client(env.client).send()
        for encoding in Encoding:
            for message in (Parcel(text="yes"), Parcel()):
                handle = await send.perform(Script(name="await"))
                awakeable = await services.awakeables.get()
                await env.client.resolve_awakeable(awakeable, message, encoding=encoding)
                assert await handle.attach() == message
                await env.client.reject_awakeable(awakeable, "too late, and ignored")

        handle = await send.perform(Script(name="await"))
        await env.client.reject_awakeable(await services.awakeables.get(), "nicht möglich")
        with pytest.raises(TerminalError, match="nicht möglich") as rejected:
            await handle.attach()
        assert rejected.value.code == 500

    on_server(scenario)


def test_cancel_kill_and_purge(on_server: OnServer) -> None:
    async def scenario(env: TestEnvironment, services: Services) -> None:
        send = ClerkClient.from_client(env.client).send()
        handle = await send.perform(Script(name="sleep"))
        assert not await handle.purge()
        await handle.cancel()
        with pytest.raises(TerminalError, match="cancelled") as cancelled:
            await handle.attach()
        assert cancelled.value.code == 409
        await handle.cancel()  # it has ended already, which is no error
        await handle.kill()
        assert await handle.purge()
        for ask in (handle.cancel, handle.kill, handle.purge, handle.output, handle.attach):
            with pytest.raises(InvocationNotFoundError):
                await ask()

        handle = await send.perform(Script(name="sleep"))
        await env.client.kill(await handle.invocation_id())
        with pytest.raises(TerminalError, match="killed"):
            await handle.attach()

    on_server(scenario)


def test_more_calls_than_a_connection_has_streams(on_server: OnServer) -> None:
    async def scenario(env: TestEnvironment, services: Services) -> None:
        clerk = ClerkClient.from_client(env.client)
        script = Script(name="await")
        calls = [asyncio.create_task(clerk.perform(script)) for _ in range(250)]
        awakeables = [await services.awakeables.get() for _ in calls]
        for awakeable in awakeables:
            await env.client.resolve_awakeable(awakeable, Parcel(text=awakeable))
        texts = [parcel.text for parcel in await asyncio.gather(*calls)]
        assert sorted(texts) == sorted(awakeables)

    on_server(scenario)


def test_scopes_and_limit_keys() -> None:
    async def scenario() -> None:
        services = Services()
        experimental: dict[str, ConfigValue] = {
            "experimental-enable-vqueues": True,
            "experimental-enable-scoped-virtual-objects": True,
        }
        async with (
            RestateServer(protocol_v7=True, config=experimental) as server,
            environment(services.endpoint(), server=server) as env,
        ):
            clerk = ClerkClient.from_client(env.client, scope="t.1")
            parcel = Parcel(text="a")
            assert await clerk.echo(parcel, limit_key="a/b", idempotency_key="i") == parcel
            target = Target.service("conformance.v1.Clerk", "Echo", scope="t.1")
            handle = env.client.idempotent_invocation(target, "i", Parcel)
            assert await handle.attach() == parcel

            for scope in ("t.1", "t.2"):
                account = AccountClient.from_client(env.client, "k", scope=scope)
                assert list((await account.append(Entry(text=scope))).texts) == [scope]

                journey = JourneyClient.from_client(env.client, "k", scope=scope)
                await journey.submit(Script(name=scope))
                await journey.decide(Parcel(text="d"))
                assert (await journey.handle().attach()).text == f"{scope}: d"

    asyncio.run(scenario())


def test_calls_over_a_crash_of_the_server() -> None:
    async def scenario() -> None:
        services = Services()
        policy = RetryPolicy(
            max_attempts=10_000, initial_interval=timedelta(milliseconds=5), max_duration=None
        )
        async with (
            environment(services.endpoint()) as env,
            IngressClient(env.server.ingress_url, retry=policy) as client,
        ):
            clerk = ClerkClient.from_client(client)
            script = Script(name="await")
            safe = asyncio.create_task(clerk.perform(script, idempotency_key="i"))
            safe_awakeable = await services.awakeables.get()
            unsafe = asyncio.create_task(clerk.perform(script))
            unsafe_awakeable = await services.awakeables.get()
            sent = await clerk.send().perform(script)
            attached = asyncio.create_task(sent.attach())
            sent_awakeable = await services.awakeables.get()

            await env.server.restart()

            with pytest.raises(OutcomeUnknownError, match="may do it twice"):
                await unsafe
            for awakeable in (safe_awakeable, unsafe_awakeable, sent_awakeable):
                await client.resolve_awakeable(awakeable, Parcel(text=awakeable))
            assert (await safe).text == safe_awakeable
            assert (await attached).text == sent_awakeable

    asyncio.run(scenario())
