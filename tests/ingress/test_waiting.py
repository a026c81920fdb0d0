"""How long a client waits, and how it goes on; and headers that are made for each request."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.api_pb2 import Mixin
from google.protobuf.empty_pb2 import Empty

from conformance.v1.conformance_pb2 import Script
from conformance.v1.conformance_restate import JourneyClient
from restate_proto import (
    ClientLimits,
    IngressClient,
    IngressUnreachableError,
    OutcomeUnknownError,
    RetryPolicy,
    Target,
    WaitTimeoutError,
)
from restate_proto.http2.errors import ErrorCode
from tests.ingress import fake_ingress
from tests.ingress.fake_ingress import FakeIngress, Reply, Reset
from tests.ingress.jumping_loop import JumpingLoop, Leave

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

ADD = Target.object("shop.v1.Cart", "alice", "AddTicket")
MESSAGE = Mixin(name="n")
DONE = Reply(200, MESSAGE.SerializeToString())
WAIT = timedelta(seconds=20)
TOO_LONG = Leave(20)
AGAIN = RetryPolicy(max_attempts=3, initial_interval=timedelta(0))


def run(
    fake: FakeIngress, test: Callable[[IngressClient], Awaitable[None]], **options: Any
) -> None:
    async def scenario() -> None:
        async with fake.serve() as url, IngressClient(url, admin_url=url, **options) as client:
            await test(client)
        assert not fake.script

    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        runner.run(scenario())


def test_a_call_that_takes_too_long_can_be_waited_for_again_by_its_key() -> None:
    async def test(client: IngressClient) -> None:
        words = r"no result within 20 s \(wait_for\); an invocation .* goes on; attach\(\) of"
        with pytest.raises(WaitTimeoutError, match=words) as caught:
            await client.call(ADD, MESSAGE, Mixin, idempotency_key="i", wait_for=WAIT)
        await fake.aborted.wait()
        assert await caught.value.handle.attach() == MESSAGE

    fake = FakeIngress(TOO_LONG, DONE)
    run(fake, test)

    assert [request.path for request in fake.requests] == [
        "/restate/call/shop.v1.Cart/alice/AddTicket",
        "/restate/attach",
    ]
    assert json.loads(fake.requests[1].body)["idempotencyKey"] == "i"


def test_a_call_that_nothing_names_cannot_be_waited_for_again() -> None:
    async def test(client: IngressClient) -> None:
        with pytest.raises(WaitTimeoutError, match="with an idempotency_key") as caught:
            await client.call(ADD, MESSAGE, Mixin, wait_for=WAIT)
        assert caught.value.handle is None
        assert isinstance(caught.value, TimeoutError)

    run(FakeIngress(TOO_LONG), test)


def test_a_workflow_is_named_by_its_id() -> None:
    async def test(client: IngressClient) -> None:
        journey = JourneyClient.from_client(client, "k")
        with pytest.raises(WaitTimeoutError) as caught:
            await journey.run(Script(), wait_for=WAIT)
        assert "workflow conformance.v1.Journey/k" in repr(caught.value.handle)

    run(FakeIngress(TOO_LONG), test)


def test_to_attach_may_take_too_long_as_well() -> None:
    async def test(client: IngressClient) -> None:
        handle = client.invocation("inv_1", Mixin)
        with pytest.raises(WaitTimeoutError, match="attach to invocation inv_1: ") as caught:
            await handle.attach(wait_for=WAIT)
        assert caught.value.handle is handle

    run(FakeIngress(TOO_LONG), test)


def test_the_clients_time_is_for_who_says_nothing() -> None:
    async def test(client: IngressClient) -> None:
        with pytest.raises(WaitTimeoutError):
            await client.call(ADD, MESSAGE, Mixin)
        with pytest.raises(WaitTimeoutError):
            await client.invocation("inv_1", Mixin).attach()
        assert await client.call(ADD, MESSAGE, Mixin, wait_for=timedelta.max) == MESSAGE

    run(FakeIngress(TOO_LONG, TOO_LONG, DONE), test, wait_for=WAIT)


def test_the_time_is_for_all_attempts_and_the_delays_between_them() -> None:
    async def test(client: IngressClient) -> None:
        with pytest.raises(WaitTimeoutError):
            await client.call(ADD, MESSAGE, Mixin, idempotency_key="i", wait_for=WAIT)

    refused = Leave(8, then=Reset(ErrorCode.REFUSED_STREAM))
    run(FakeIngress(refused, refused, Leave(8)), test, retry=AGAIN)


def test_a_timeout_of_the_users_own_is_theirs() -> None:
    async def headers() -> dict[str, str]:
        raise TimeoutError("the token took too long")

    async def test(client: IngressClient) -> None:
        with pytest.raises(TimeoutError, match="the token took") as caught:
            await client.call(ADD, MESSAGE, Mixin, wait_for=timedelta(seconds=60))
        assert not isinstance(caught.value, WaitTimeoutError)

    run(FakeIngress(), test, headers=headers)


def test_what_waits_for_no_handler_is_answered_soon_or_its_outcome_is_unknown() -> None:
    async def test(client: IngressClient) -> None:
        handle = client.invocation("inv_1", Mixin)
        wrong: list[Awaitable[object]] = [
            client.send(ADD, MESSAGE, Mixin),
            handle.output(),
            handle.cancel(),
            client.reject_awakeable("sign_1", "no"),
        ]
        for awaitable in wrong:
            with pytest.raises(OutcomeUnknownError, match=r"no response within 20 s"):
                await awaitable

    run(FakeIngress(*(TOO_LONG for _ in range(4))), test, limits=ClientLimits(read_timeout=WAIT))


def test_it_is_repeated_where_that_is_safe() -> None:
    async def test(client: IngressClient) -> None:
        assert await client.invocation("inv_1", Mixin).output() == MESSAGE

    run(FakeIngress(TOO_LONG, DONE), test, limits=ClientLimits(read_timeout=WAIT), retry=AGAIN)


def test_a_call_that_gets_no_stream_was_not_sent() -> None:
    async def test(client: IngressClient) -> None:
        first = asyncio.create_task(client.call(ADD, MESSAGE, Mixin))
        await fake.left.wait()
        with pytest.raises(IngressUnreachableError, match=r"not sent.*raise max_connections"):
            await client.call(ADD, MESSAGE, Mixin)
        first.cancel()

    fake = FakeIngress(fake_ingress.Leave())
    short = timedelta(milliseconds=50)
    limits = ClientLimits(max_connections=1, max_streams=1, pool_timeout=short)
    run(fake, test, limits=limits)


class Tokens:
    """Returns another token each time."""

    def __init__(self) -> None:
        self.given = 0

    def headers(self) -> Mapping[str, str]:
        self.given += 1
        return {"Authorization": f"Bearer {self.given}", "x-tenant": "common"}

    async def headers_of_somewhere(self) -> Mapping[str, str]:
        await asyncio.sleep(0)
        return self.headers()


@pytest.mark.parametrize("source", ["headers", "headers_of_somewhere"])
def test_headers_are_made_for_each_request_that_is_sent(source: str) -> None:
    async def test(client: IngressClient) -> None:
        await client.call(ADD, Empty(), Empty, headers={"x-tenant": "own"})
        await client.cancel("inv_1")

    fake = FakeIngress(Reset(ErrorCode.REFUSED_STREAM), Reply(), Reply(202))
    run(fake, test, headers=getattr(Tokens(), source), retry=AGAIN)

    sent = [request.headers for request in fake.requests]
    assert [headers["authorization"] for headers in sent] == ["Bearer 1", "Bearer 2", "Bearer 3"]
    assert [headers["x-tenant"] for headers in sent] == ["own", "own", "common"]


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ("Bearer t", TypeError, r"headers='Bearer t'\): must be a mapping"),
        ({"a": 1}, TypeError, r"not of 'a' to 1"),
        ({"host": "h"}, ValueError, r"header 'host' cannot be set"),
    ],
)
def test_what_a_function_gives_that_is_no_headers(
    given: object, kind: type[Exception], words: str
) -> None:
    async def test(client: IngressClient) -> None:
        with pytest.raises(kind, match=words):
            await client.call(ADD, MESSAGE, Mixin)

    run(FakeIngress(), test, headers=lambda: given)
