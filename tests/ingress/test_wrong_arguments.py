"""Arguments of a wrong type outside of handlers: a readable `TypeError`, and nothing is sent."""

from __future__ import annotations

import asyncio
import ssl
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from conformance.v1.conformance_pb2 import Parcel, Script
from conformance.v1.conformance_restate import AccountClient, ClerkClient, JourneyClient
from restate_proto import ClientLimits, IngressClient, OnMaxAttempts, RetryPolicy, Target

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
    (lambda c: at_once(account(NO, "k")), r"AccountIngressClient\(client=.*class IngressClient"),
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
    (lambda c: at_once(IngressClient(URL, limits=3)), r"limits=3\): must be ClientLimits"),  # pyright: ignore[reportArgumentType]
    (lambda c: at_once(IngressClient(URL, ssl=3)), r"ssl=3\): must be an ssl.SSLContext; or"),  # pyright: ignore[reportArgumentType]
    (lambda c: at_once(IngressClient(URL, tls_ca=3)), r"tls_ca=3\): must be the path of a PEM"),  # pyright: ignore[reportArgumentType]
    (lambda c: at_once(IngressClient(URL, wait_for=3)), r"wait_for=3\): must be a timedelta, su"),  # pyright: ignore[reportArgumentType]
    (lambda c: at_once(IngressClient(URL, header={})), r"IngressClient has .* mean 'headers'\?$"),  # pyright: ignore[reportCallIssue]
    (lambda c: at_once(IngressClient(URL, timeout=3)), r"has no option 'timeout'; "),  # pyright: ignore[reportCallIssue]
    (lambda c: c.call(ECHO, None, int, wait_for=3), r"wait_for=3\): must be a timedelta"),
    (lambda c: c.invocation("i", int).attach(wait_for=3), r"wait_for=3\): must be a timedelta"),
    (lambda c: at_once(ClientLimits(read_timeout=3)), r"read_timeout=3\): must be a timedelta"),  # pyright: ignore[reportArgumentType]
    (lambda c: at_once(ClientLimits(max_connections=NO)), r"max_connections=.*must be an int"),
    (lambda c: at_once(ClientLimits(max_streams=True)), r"max_streams=True\): must be an int"),
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


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"wait_for": timedelta(0)}, r"wait_for=.*must be longer than zero"),
        ({"tls_key": "key.pem"}, r"tls_key='key.pem'\): pass tls_certificate as well"),
        ({"tls_ca": "/none.pem"}, r"tls_ca='/none.pem'\): No such file"),
        ({"tls_certificate": __file__}, r"they have to be PEM files, the key without a password"),
        ({"ssl": ssl.create_default_context()}, r"a TLS context needs an https URL"),
        ({"ssl": ssl.create_default_context(), "tls_ca": "ca.pem"}, "pass either ssl or tls_ca"),
    ],
)
def test_an_option_that_makes_no_sense(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        IngressClient(URL, **options)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"max_connections": 0}, r"max_connections=0\): must be 1 to 65535"),
        ({"max_streams": 0}, r"max_streams=0\): must be 1 to"),
        ({"connect_timeout": timedelta(0)}, r"connect_timeout=.*longer than zero"),
        ({"pool_timeout": timedelta(seconds=-1)}, r"pool_timeout=.*longer than zero"),
    ],
)
def test_a_limit_that_makes_no_sense(limits: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ClientLimits(**limits)
