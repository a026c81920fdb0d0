"""When requests are repeated, with a clock that moves only when the sender sleeps."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from restate_proto import RetryPolicy, Target, TerminalError
from restate_proto.headers import Headers
from restate_proto.http2.errors import (
    ConnectError,
    ConnectionLostError,
    ErrorCode,
    Http2Error,
    ResponseTooLargeError,
    StreamResetError,
)
from restate_proto.ingress.errors import (
    IngressError,
    IngressOverloadedError,
    IngressUnreachableError,
    InvalidResponseError,
    OutcomeUnknownError,
)
from restate_proto.ingress.invocation_ref import InvocationIdRef, attach_request, output_request
from restate_proto.ingress.message_format import Payload
from restate_proto.ingress.requests import (
    AdminAction,
    HttpRequest,
    invocation_action_request,
    resolve_request,
)
from restate_proto.ingress.sender import HttpSender
from tests.ingress.calls import call_of

if TYPE_CHECKING:
    from collections.abc import Sequence

TARGET = Target.service("S", "h")
NOTHING = Payload(b"", None)
PROTO = "application/protobuf"

CALL = call_of(TARGET).call_request()
SEND = call_of(TARGET).send_request()
AWAKEABLE = resolve_request("sign_1", NOTHING)
REPEATABLE = [
    call_of(TARGET, idempotency_key="i").call_request(),
    call_of(TARGET, idempotency_key="i").send_request(),
    call_of(TARGET, runs_once=True).send_request(),
    attach_request(InvocationIdRef("inv_1"), accept=PROTO),
    output_request(InvocationIdRef("inv_1"), accept=PROTO),
    invocation_action_request(AdminAction.CANCEL, "inv_1"),
]

REFUSED = StreamResetError("refused", code=ErrorCode.REFUSED_STREAM, unprocessed=True)
CANCELLED = StreamResetError("cancelled", code=ErrorCode.CANCEL)
LOST = ConnectionLostError("lost")
UNREACHABLE = ConnectError("nobody there")


@dataclass
class Answer:
    status: int
    fields: Sequence[tuple[bytes, bytes]] = ()
    body: bytes = b""

    @property
    def headers(self) -> Headers:
        return Headers(self.fields)


OK = Answer(200, (), b"done")
BUSY = Answer(429, (), b'{"message":"busy"}')
DOWN = Answer(503, (), b'{"message":"down"}')
FAILED = Answer(
    503, ((b"x-restate-error-source", b"invocation"),), b'{"code":503,"message":"mine"}'
)


Sent = tuple[str, str, tuple[tuple[bytes, bytes], ...], bytes]


@dataclass
class World:
    """A server that answers from a script, and the time."""

    script: Sequence[Answer | Http2Error]
    seconds: float = 0.0
    slept: list[float] = field(default_factory=list[float])
    requests: list[Sent] = field(default_factory=list[Sent])
    chance: float = 0.5

    async def request(
        self,
        method: str,
        path: str,
        headers: Sequence[tuple[bytes, bytes]],
        body: bytes,
        *,
        timeout: float | None,  # noqa: ASYNC109 - as the protocol has it
    ) -> Answer:
        self.requests.append((method, path, tuple(headers), body))
        step = self.script[len(self.requests) - 1]
        if isinstance(step, Http2Error):
            raise step
        return step

    async def close(self) -> None:
        pass

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds

    def send(
        self,
        request: HttpRequest,
        policy: RetryPolicy | None,
        headers: Sequence[tuple[bytes, bytes]] = (),
    ) -> Answer:
        sender = HttpSender(
            self,
            headers=headers,
            policy=policy,
            clock=lambda: self.seconds,
            now=lambda: datetime(2026, 11, 23, tzinfo=UTC) + timedelta(seconds=self.seconds),
            sleep=self.sleep,
            chance=lambda: self.chance,
        )
        answer = asyncio.run(sender.send(request))
        assert isinstance(answer, Answer)
        return answer


POLICY = RetryPolicy(
    initial_interval=timedelta(milliseconds=250),
    max_interval=timedelta(seconds=3),
    max_attempts=6,
    max_duration=timedelta(seconds=60),
)


def test_a_request_is_sent_as_it_is_with_the_clients_headers() -> None:
    world = World([OK])

    assert world.send(CALL, None, [(b"authorization", b"Bearer t")]) is OK

    (method, path, headers, body) = world.requests[0]
    assert (method, path, body) == ("POST", "/restate/call/S/h", b"")
    assert headers == (*CALL.headers, (b"authorization", b"Bearer t"))


def test_a_requests_own_header_wins_over_the_clients() -> None:
    world = World([OK])
    request = call_of(TARGET, headers={"X-Tenant": "own"}).call_request()

    world.send(request, None, [(b"x-tenant", b"common"), (b"x-other", b"common")])

    assert world.requests[0][2] == (*request.headers, (b"x-other", b"common"))


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (UNREACHABLE, IngressUnreachableError),
        (REFUSED, IngressUnreachableError),
        (LOST, OutcomeUnknownError),
        (CANCELLED, OutcomeUnknownError),
        (DOWN, OutcomeUnknownError),
        (BUSY, IngressOverloadedError),
        (ResponseTooLargeError("too large"), InvalidResponseError),
    ],
)
def test_without_a_policy_nothing_is_repeated(
    step: Answer | Http2Error, kind: type[IngressError]
) -> None:
    world = World([step, OK])

    with pytest.raises(kind, match=r"^call of S/h: ") as caught:
        world.send(CALL, None)

    assert type(caught.value) is kind
    assert len(world.requests) == 1
    if isinstance(step, Http2Error):
        assert caught.value.__cause__ is step


@pytest.mark.parametrize("request_", [CALL, SEND, AWAKEABLE, *REPEATABLE])
@pytest.mark.parametrize("step", [UNREACHABLE, REFUSED])
def test_what_was_not_processed_is_always_repeated(request_: HttpRequest, step: Http2Error) -> None:
    world = World([step, step, OK])

    assert world.send(request_, POLICY) is OK

    assert len(world.requests) == 3
    assert len(set(world.requests)) == 1


@pytest.mark.parametrize("request_", REPEATABLE)
@pytest.mark.parametrize("step", [LOST, CANCELLED, BUSY, DOWN, Answer(408), Answer(425)])
def test_what_may_have_been_processed_is_repeated_where_that_is_the_same(
    request_: HttpRequest, step: Answer | Http2Error
) -> None:
    world = World([step, OK])

    assert world.send(request_, POLICY) is OK


@pytest.mark.parametrize("request_", [CALL, SEND, AWAKEABLE])
@pytest.mark.parametrize("step", [LOST, CANCELLED, BUSY, DOWN, Answer(408), Answer(425)])
def test_what_may_have_been_processed_is_not_done_twice(
    request_: HttpRequest, step: Answer | Http2Error
) -> None:
    world = World([step, OK])

    with pytest.raises(IngressError):
        world.send(request_, POLICY)

    assert len(world.requests) == 1


@pytest.mark.parametrize("request_", [CALL, *REPEATABLE[:-1]])
def test_the_failure_of_an_invocation_is_not_retried(request_: HttpRequest) -> None:
    world = World([FAILED, OK])

    with pytest.raises(TerminalError, match="mine"):
        world.send(request_, POLICY)

    assert len(world.requests) == 1


@pytest.mark.parametrize(
    "step", [Answer(400), Answer(401), Answer(404), Answer(413), ResponseTooLargeError("too large")]
)
def test_what_would_fail_again_is_not_retried(step: Answer | Http2Error) -> None:
    world = World([step, OK])

    with pytest.raises(IngressError):
        world.send(REPEATABLE[0], POLICY)

    assert len(world.requests) == 1


def test_delays_grow_up_to_the_longest() -> None:
    world = World([UNREACHABLE] * 7 + [OK])

    world.send(CALL, replace(POLICY, max_attempts=8))

    assert world.slept == [0.25, 0.5, 1.0, 2.0, 3.0, 3.0, 3.0]


@pytest.mark.parametrize(("chance", "delay"), [(0.0, 0.2), (0.25, 0.225), (1.0, 0.3)])
def test_jitter(chance: float, delay: float) -> None:
    world = World([UNREACHABLE, OK], chance=chance)

    world.send(CALL, POLICY)

    assert world.slept == [pytest.approx(delay)]


def test_the_last_error_is_raised_when_the_attempts_are_used_up() -> None:
    world = World([UNREACHABLE, REFUSED, UNREACHABLE, OK])

    with pytest.raises(IngressUnreachableError, match="nobody there") as caught:
        world.send(CALL, replace(POLICY, max_attempts=3))

    assert len(world.requests) == 3
    assert caught.value.__notes__ == ["(gave up after 3 attempts in 0.750 s)"]


def test_no_attempt_begins_after_the_budget() -> None:
    world = World([UNREACHABLE] * 9)

    with pytest.raises(IngressUnreachableError):
        world.send(CALL, replace(POLICY, max_duration=timedelta(seconds=1.75)))

    assert world.slept == [0.25, 0.5, 1.0]


def test_a_delay_that_leads_past_the_budget_is_not_waited_for() -> None:
    world = World([UNREACHABLE] * 9)

    with pytest.raises(IngressUnreachableError):
        world.send(CALL, replace(POLICY, max_duration=timedelta(seconds=1.5)))

    assert world.slept == [0.25, 0.5]  # the third attempt ends at 0.75, and the next delay is 1.0


def test_without_a_budget_attempts_alone_count() -> None:
    world = World([UNREACHABLE] * 100)
    policy = replace(POLICY, max_attempts=100, max_duration=None, factor=1e9)

    with pytest.raises(IngressUnreachableError):
        world.send(CALL, policy)

    assert len(world.slept) == 99
    assert world.slept[-1] == 3.0


def busy(retry_after: bytes) -> Answer:
    return Answer(429, (*BUSY.fields, (b"retry-after", retry_after)), BUSY.body)


def test_retry_after_is_honoured() -> None:
    world = World([busy(b"7"), busy(b"Mon, 23 Nov 2026 00:00:20 GMT"), busy(b"0"), OK])

    world.send(REPEATABLE[0], POLICY)

    assert world.slept == [7.0, 13.0, 1.0]


def test_a_retry_after_beyond_the_budget_is_not_waited_for() -> None:
    world = World([busy(b"3600"), OK])

    with pytest.raises(IngressOverloadedError) as caught:
        world.send(REPEATABLE[0], POLICY)

    assert world.slept == []
    assert caught.value.retry_after == timedelta(hours=1)


def test_without_bounds_it_goes_on_for_ever() -> None:
    world = World([UNREACHABLE] * 1000 + [OK])

    assert world.send(CALL, RetryPolicy()) is OK

    assert world.slept[:4] == [0.05, 0.1, 0.2, 0.4]
    assert world.slept[-1] == 10.0


def test_the_longest_of_all_delays() -> None:
    world = World([busy(b"9" * 400), OK], chance=1.0)

    world.send(REPEATABLE[0], RetryPolicy(initial_interval=timedelta.max, max_interval=None))

    assert world.slept == [pytest.approx(1.2 * timedelta.max.total_seconds())]
