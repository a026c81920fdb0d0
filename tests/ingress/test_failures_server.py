"""How the calls of an ingress client fail on a real restate-server."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from conformance.v1.conformance_pb2 import FailRequest, Parcel, Script
from conformance.v1.conformance_restate import ClerkClient, JourneyClient
from restate_proto import (
    IngressBadRequestError,
    IngressClient,
    InvalidResponseError,
    InvocationNotFoundError,
    ServiceNotFoundError,
    Target,
    TerminalError,
)
from tests.ingress.services import OnServer, Services

if TYPE_CHECKING:
    from restate_proto.testing import TestEnvironment

pytestmark = [pytest.mark.server, pytest.mark.restate(real=True)]


def test_the_failure_of_a_handler(on_server: OnServer) -> None:
    async def scenario(env: TestEnvironment, services: Services) -> None:
        clerk = ClerkClient.from_client(env.client)
        for code in (418, 404, 429, 470, 503):
            request = FailRequest(message="über", code=code, metadata={"a": "b"})
            with pytest.raises(TerminalError) as failed:
                await clerk.fail(request)
            assert type(failed.value) is TerminalError
            assert (failed.value.code, failed.value.message) == (code, "über")
            assert failed.value.metadata == {"a": "b"}

            handle = await clerk.send().fail(request)
            with pytest.raises(TerminalError, match="über"):
                await handle.attach()
            with pytest.raises(TerminalError, match="über"):
                await handle.output()

    on_server(scenario)


def test_a_handler_that_fails_as_if_there_was_nothing(on_server: OnServer) -> None:
    async def scenario(env: TestEnvironment, services: Services) -> None:
        clerk = ClerkClient.from_client(env.client)
        handle = await clerk.send().fail(FailRequest(message="not found", code=404))
        with pytest.raises(TerminalError, match="not found"):
            await handle.attach()

    on_server(scenario)


def test_what_restate_does_not_have(on_server: OnServer) -> None:
    async def scenario(env: TestEnvironment, services: Services) -> None:
        client = env.client
        parcel = Parcel(text="a body that nobody reads" * 1000)
        for target in (Target.service("No", "Such"), Target.service("conformance.v1.Clerk", "No")):
            with pytest.raises(ServiceNotFoundError, match=f"call of {target}: 404"):
                await client.call(target, parcel, Parcel)
            with pytest.raises(ServiceNotFoundError, match=f"send to {target}: 404"):
                await client.send(target, parcel, Parcel)

        missing = [
            client.workflow("conformance.v1.Journey", uuid4().hex, Parcel),
            client.idempotent_invocation(
                Target.service("conformance.v1.Clerk", "Echo"), uuid4().hex, Parcel
            ),
        ]
        for handle in missing:
            for ask in (handle.attach, handle.output, handle.require_output, handle.cancel):
                with pytest.raises(InvocationNotFoundError, match="404"):
                    await ask()

    on_server(scenario)


def test_what_restate_refuses(on_server: OnServer) -> None:
    async def scenario(env: TestEnvironment, services: Services) -> None:
        clerk = ClerkClient.from_client(env.client)
        with pytest.raises(IngressBadRequestError, match="not public"):
            await clerk.whisper(Parcel(text="a"))
        with pytest.raises(ValueError, match="a limit key needs a scope"):
            await clerk.echo(Parcel(text="a"), limit_key="l")
        with pytest.raises(IngressBadRequestError, match="bad invocation id"):
            await env.client.invocation("inv_1", Parcel).attach()
        with pytest.raises(IngressBadRequestError, match="invocation_id"):
            await env.client.cancel("inv_1")
        with pytest.raises(IngressBadRequestError, match="bad awakeable id"):
            await env.client.resolve_awakeable("sign_1", Parcel())
        with pytest.raises(IngressBadRequestError, match="workflow key"):
            await JourneyClient.from_client(env.client, uuid4().hex).run(
                Script(name="a"), idempotency_key="i"
            )

    on_server(scenario)


def test_the_two_addresses_swapped(on_server: OnServer) -> None:
    async def scenario(env: TestEnvironment, services: Services) -> None:
        ingress, admin = env.server.ingress_url, env.server.admin_url
        handle = await ClerkClient.from_client(env.client).send().echo(Parcel(text="a"))
        async with IngressClient(admin, admin_url=ingress) as client:
            with pytest.raises(
                InvalidResponseError, match="check that the client's URL is that of the"
            ):
                await ClerkClient.from_client(client).echo(Parcel(text="a"))
            with pytest.raises(
                InvalidResponseError, match="check that admin_url is that of the admin"
            ):
                await client.cancel(await handle.invocation_id())

    on_server(scenario)
