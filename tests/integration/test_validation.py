"""Requests with rules, on a real server."""

from __future__ import annotations

import asyncio
import base64
from datetime import timedelta
from typing import Any

import pytest

from restate_proto import (
    Endpoint,
    IngressClient,
    InvalidMessageError,
    TerminalError,
    Validation,
)
from restate_proto.codec.validation import Invalid
from restate_proto.rules import rules_message
from restate_proto.runtime import ValidatingHandler
from restate_proto.testing import RestateServer, restate_environment
from tests.validation.generated import account, generated

RESTATE, MESSAGES = generated("protobuf")
SUSPENDED = "SELECT id FROM sys_invocation WHERE status = 'suspended'"
DETAIL = "restatepb.detail/buf.validate.Violations"


class Signup(RESTATE.SignupBase):
    def __init__(self) -> None:
        self.waits: asyncio.Queue[str] = asyncio.Queue()
        self.runs = 0

    async def register(self, ctx: Any, request: Any) -> Any:
        self.runs += 1
        if request.fax == "wait":
            awakeable = ctx.awakeable(MESSAGES.Free)
            await ctx.run("tell", lambda: self.waits.put_nowait(awakeable.id))
            await awakeable
        elif request.fax == "call":
            inner = account("protobuf", name="!")
            return await RESTATE.SignupClient.from_context(ctx, "other").register(inner)
        elif request.fax == "run":
            await ctx.run("make", lambda: account("protobuf", name="!"), type=MESSAGES.Account)
        return request

    async def note(self, ctx: Any, request: Any) -> None: ...


class Refusing:
    """A validator with rules that no message keeps."""

    def check(self, message: object) -> Invalid:
        return Invalid("no longer", b"")


def violations(error: TerminalError) -> list[str]:
    class_: Any = rules_message("Violations")
    found = class_.FromString(base64.b64decode(error.metadata[DETAIL]))
    return [each.rule_id for each in found.violations]


@pytest.fixture(scope="module")
def server() -> Any:
    with RestateServer(inactivity_timeout=timedelta(0)) as server:
        yield server


def test_outside_callers_get_400_and_what_is_wrong(server: RestateServer) -> None:
    async def test() -> None:
        signup = Signup()
        async with restate_environment(Endpoint(signup), server=server) as environment:
            client = RESTATE.SignupClient.from_client(environment.client, "ada")
            with pytest.raises(TerminalError) as caught:
                await client.register(account("protobuf", name="A"))
            assert caught.value.code == 400
            assert "invalid request: name: must be at least 2 characters" in caught.value.message
            assert violations(caught.value) == ["string.min_len", "string.pattern"]
            assert signup.runs == 0
            assert (await client.register(account("protobuf"))).name == "ada"

    asyncio.run(test())


def test_a_caller_in_a_handler_gets_the_failure_with_its_detail(server: RestateServer) -> None:
    async def test() -> None:
        async with restate_environment(Endpoint(Signup()), server=server) as environment:
            client = RESTATE.SignupClient.from_client(environment.client, "outer")
            with pytest.raises(TerminalError) as caught:
                await client.register(account("protobuf", fax="call"))
            assert caught.value.code == 400
            assert violations(caught.value) == ["string.min_len", "string.pattern"]

    asyncio.run(test())


def test_a_rule_that_is_tightened_does_not_end_what_is_in_flight(server: RestateServer) -> None:
    async def test() -> None:
        signup = Signup()
        endpoint = Endpoint(signup)
        async with restate_environment(endpoint, server=server, retries=True) as environment:
            client = RESTATE.SignupClient.from_client(environment.client, "begun")
            running = asyncio.create_task(client.register(account("protobuf", fax="wait")))
            id_ = await signup.waits.get()
            while not await asyncio.to_thread(server.admin.query, SUSPENDED):
                pass
            for handler in endpoint.application.handlers.values():
                if isinstance(handler, ValidatingHandler):
                    tightened: Any = handler
                    tightened._validator = Refusing()
            await environment.client.resolve_awakeable(id_, MESSAGES.Free())
            assert (await running).name == "ada"
            assert signup.runs > 1
            with pytest.raises(TerminalError, match="no longer"):
                await RESTATE.SignupClient.from_client(environment.client, "new").register(
                    account("protobuf")
                )

    asyncio.run(test())


def test_an_invalid_result_of_a_run_is_not_made_again(server: RestateServer) -> None:
    async def test() -> None:
        endpoint = Endpoint(Signup(), validation=Validation(run_results=True))
        async with restate_environment(endpoint, server=server, retries=True) as environment:
            client = RESTATE.SignupClient.from_client(environment.client, "run")
            with pytest.raises(TerminalError, match="name: must be at least 2 characters"):
                await client.register(account("protobuf", fax="run"))

    asyncio.run(test())


def test_a_client_that_validates_sends_nothing_that_is_invalid(server: RestateServer) -> None:
    async def test() -> None:
        signup = Signup()
        async with (
            restate_environment(Endpoint(signup), server=server, replay_check=False),
            IngressClient(server.ingress_url, validate_requests=True) as ingress,
        ):
            client = RESTATE.SignupClient.from_client(ingress, "outside")
            with pytest.raises(InvalidMessageError, match="name: must be at least 2"):
                await client.register(account("protobuf", name="!"))
            assert (await client.register(account("protobuf"))).name == "ada"
            assert signup.runs == 1

    asyncio.run(test())
