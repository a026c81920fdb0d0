"""Arguments of a wrong type outside of handlers: a `TypeError` in words, and nothing is sent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from conformance.v1.conformance_pb2 import Parcel, Script
from conformance.v1.conformance_restate import AccountClient, ClerkClient, JourneyClient
from restate_proto import IngressClient, OnMaxAttempts, RetryPolicy, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    Wrong: TypeAlias = Callable[[Any], Coroutine[Any, Any, object]]

ECHO = Target.service("conformance.v1.Clerk", "Echo")
NO: Any = object()
URL = "http://127.0.0.1:9"  # nothing listens there; it is not asked


async def at_once(value: object) -> object:
    return value


def account(client: Any, key: Any, **options: Any) -> object:
    return AccountClient.from_client(client, key, **options)


def clerk(client: Any) -> Any:
    return ClerkClient.from_client(client)


WRONG: list[tuple[Wrong, str]] = [
    (lambda c: c.call("S/h", None, int), r"IngressClient\.call\(target='S/h'\): must be a Target"),
    (lambda c: c.call(Target("S", "h", NO), None, int), r"key=.*must be a str"),
    (lambda c: c.call(ECHO, None, "int"), r"no codec for 'int'"),
    (lambda c: c.call(ECHO, None, int, encoding="json"), r"encoding='json'.*Encoding\.JSON"),
    (lambda c: c.call(ECHO, None, int, idempotency_key=42), r"idempotency_key=42\): must be a str"),
    (lambda c: c.call(ECHO, None, int, limit_key=42), r"limit_key=42\): must be a str"),
    (lambda c: c.call(ECHO, None, int, headers=[("a", "b")]), r"headers=.*mapping of str to str"),
    (lambda c: c.call(ECHO, None, int, headers={"a": 1}), r"not of 'a' to 1"),
    (lambda c: c.call(ECHO, None, int, delay=3), r"IngressClient\.call has no option 'delay'"),
    (lambda c: c.call(ECHO, None, int, idempotence_key="k"), r"did you mean 'idempotency_key'"),
    (lambda c: c.send(ECHO, None, int, header={}), r"IngressClient\.send has no option 'header'"),
    (lambda c: c.send(ECHO, None, int, delay=3), r"delay=3\): must be a timedelta, such as"),
    (lambda c: c.send("S/h", None, int), r"IngressClient\.send\(target='S/h'\): must be a Target"),
    (lambda c: c.send(ECHO, None, int, encoding="json"), r"encoding='json'.*Encoding\.JSON"),
    (lambda c: at_once(c.invocation(7, int)), r"invocation_id=7\): must be a str"),
    (lambda c: at_once(c.invocation("i", "int")), r"no codec for 'int'"),
    (lambda c: at_once(c.invocation("i", int, encoding=1)), r"encoding=1.*Encoding\.JSON"),
    (lambda c: at_once(c.idempotent_invocation("S/h", "k", int)), r"must be a Target"),
    (lambda c: c.idempotent_invocation(ECHO, 7, int).attach(), r"idempotencyKey=7.*a str"),
    (lambda c: at_once(c.workflow("W", 7, int)), r"workflow\(key=7\): must be a str"),
    (lambda c: at_once(c.workflow(7, "k", int)), r"workflow\(name=7\): must be a str"),
    (lambda c: at_once(c.workflow("W", "k", int, scope=7)), r"workflow\(scope=7\): must be a str"),
    (lambda c: c.cancel(7), r"invocation id=7\): must be a str"),
    (lambda c: c.resolve_awakeable(7, 1), r"awakeable id=7\): must be a str"),
    (lambda c: c.resolve_awakeable("a", 1, encoding="json"), r"encoding='json'.*Encoding\.JSON"),
    (lambda c: c.resolve_awakeable("a", NO), r"no codec for"),
    (lambda c: c.reject_awakeable("a", ValueError()), r"reason=ValueError.*must be a str"),
    (lambda c: at_once(account(c, 42)), r"AccountIngressClient\(key=42\): must be a str"),
    (lambda c: at_once(account(c, "k", scope=42)), r"AccountIngressClient\(scope=42\)"),
    (lambda c: at_once(account(NO, "k")), r"AccountIngressClient\(client=.*an IngressClient"),
    (lambda c: clerk(c).nothing(headers={"a": 1}), r"not of 'a' to 1"),
    (lambda c: clerk(c).send().nothing(delay=3), r"delay=3\): must"),
    (lambda c: c.call(ECHO, None, int, name="n"), r"^IngressClient\.call has no option 'name'"),
    (lambda c: clerk(c).echo(Parcel(), name="n"), r"^ClerkIngressClient\.echo has no option 'na"),
    (lambda c: c.call(ECHO, None, int, delay=3), r"^IngressClient\.call has no option 'delay'"),
    (lambda c: c.send(ECHO, None, int, dealy=3), r"^IngressClient\.send has .* mean 'delay'\?$"),
    (lambda c: clerk(c).echo(Parcel(), header={}), r"^ClerkIngressClient\.echo .*'headers'\?$"),
    (lambda c: clerk(c).send().echo(Parcel(), x=3), r"^ClerkIngressSendClient\.echo has no option"),
    (
        lambda c: JourneyClient.from_client(c, "k").submit(Script(), idempotency_key="i"),  # pyright: ignore[reportCallIssue, reportUnknownLambdaType]
        r"^JourneyIngressClient\.submit .* 'idempotency_key'; the options are delay, headers, limit",
    ),
    (lambda c: clerk(c).echo(Script()), r"Parcel"),
    (lambda c: JourneyClient.from_client(c, "k").submit(Script(), delay=3), r"delay=3\): must"),  # pyright: ignore[reportArgumentType]
    (lambda c: at_once(IngressClient(URL, headers={"a": 1})), r"not of 'a' to 1"),  # pyright: ignore[reportArgumentType]
    (lambda c: at_once(IngressClient(URL, headers="a: b")), r"headers='a: b'.*mapping"),  # pyright: ignore[reportArgumentType]
    (lambda c: at_once(IngressClient(URL, retry=3)), r"retry=3\): must be a RetryPolicy"),  # pyright: ignore[reportArgumentType]
]


@pytest.mark.parametrize(("wrong", "words"), WRONG)
def test_a_wrong_argument_outside_of_a_handler(wrong: Wrong, words: str) -> None:
    async def scenario() -> None:
        async with IngressClient(URL, admin_url=URL) as client:
            with pytest.raises(TypeError, match=words):
                await wrong(client)

    asyncio.run(scenario())


def test_a_request_has_nothing_to_pause() -> None:
    policy = RetryPolicy(max_attempts=3, on_max_attempts=OnMaxAttempts.PAUSE)
    with pytest.raises(ValueError, match=r"on_max_attempts is for ctx\.run; leave it out"):
        IngressClient(URL, retry=policy)
