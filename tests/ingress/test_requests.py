"""Requests as bytes, without anything that sends them."""

from __future__ import annotations

import json
from datetime import timedelta
from urllib.parse import unquote

import pytest
from google.protobuf.api_pb2 import Mixin
from hypothesis import given
from hypothesis import strategies as st

from restate_proto import Encoding, Target
from restate_proto.codec.raw import RawCodec
from restate_proto.ingress.invocation_ref import (
    IdempotentRef,
    InvocationIdRef,
    WorkflowRef,
    attach_request,
    lookup_request,
    output_request,
)
from restate_proto.ingress.message_format import MessageFormat, Payload
from restate_proto.ingress.requests import (
    AdminAction,
    checked_headers,
    invocation_action_request,
    reject_request,
    resolve_request,
)
from tests.ingress.calls import call_of

ADD = Target.object("shop.v1.Cart", "alice", "AddTicket")
CHECK = Target.service("shop.v1.Checkout", "Check")
PROTO = "application/protobuf"
MESSAGE = Mixin(name="a")
BODY = Payload(b"\x0a\x01a", PROTO)
EMPTY = Payload(b"", None)


def test_a_call() -> None:
    request = call_of(ADD, MESSAGE).call_request()

    assert request.method == "POST"
    assert request.path == "/restate/call/shop.v1.Cart/alice/AddTicket"
    assert request.headers == (
        (b"content-type", b"application/protobuf"),
        (b"accept", b"application/protobuf"),
    )
    assert request.body == b"\x0a\x01a"
    assert not request.repeatable


def test_raw_bytes_have_the_content_type_of_the_contract_or_of_the_caller() -> None:
    def headers(type_: str, data: bytes = b"x", **given: str) -> tuple[tuple[bytes, bytes], ...]:
        call = call_of(
            CHECK, headers={name.replace("_", "-"): each for name, each in given.items()}
        )
        raw = MessageFormat(RawCodec(type_), Encoding.JSON)
        return call._replace(message=data, request_format=raw).call_request().headers

    accept = (b"accept", b"application/protobuf")
    pdf = (b"content-type", b"application/pdf")
    assert headers("application/pdf") == (pdf, accept)
    assert headers("application/pdf", b"") == (accept,)
    assert headers("*/*") == ((b"content-type", b"application/octet-stream"), accept)
    for type_ in ("*/*", "application/*"):
        given = headers(type_, Content_Type="application/pdf", x_tenant="t")
        assert given == (pdf, accept, (b"x-tenant", b"t"))
    assert headers("image/*", b"") == (accept,)
    with pytest.raises(
        ValueError, match=r"takes image/\*: say what the bytes are, such as headers="
    ):
        headers("image/*", x_tenant="t")
    with pytest.raises(ValueError, match="content-type is 'a\\\\nb'"):
        headers("*/*", content_type="a\nb")


def test_a_call_of_a_service_has_no_key_in_its_path() -> None:
    assert call_of(CHECK, MESSAGE).call_request().path == "/restate/call/shop.v1.Checkout/Check"


def test_an_empty_message_has_no_content_type() -> None:
    request = call_of(CHECK).call_request()

    assert request.headers == ((b"accept", b"application/protobuf"),)
    assert request.body == b""


def test_all_that_a_call_can_say() -> None:
    request = call_of(
        Target.service("S", "h", scope="tenant-1"),
        MESSAGE,
        answer=Encoding.JSON,
        idempotency_key="abc 123",
        headers={"X-Tenant": "t1", "traceparent": "00-ab"},
        limit_key="a/b",
    ).call_request()

    assert request.path == "/restate/scope/tenant-1/call/S/h"
    assert request.headers == (
        (b"content-type", b"application/protobuf"),
        (b"accept", b"application/json"),
        (b"idempotency-key", b"abc 123"),
        (b"x-restate-limit-key", b"a/b"),
        (b"x-tenant", b"t1"),
        (b"traceparent", b"00-ab"),
    )
    assert request.repeatable


@pytest.mark.parametrize(
    ("key", "segment"),
    [
        ("a/b", "a%2Fb"),
        ("a b", "a%20b"),
        ("a+b", "a%2Bb"),
        ("100%", "100%25"),
        ("%2F", "%252F"),
        ("?#;=&", "%3F%23%3B%3D%26"),
        ("é", "%C3%A9"),
        ("\U0001f600", "%F0%9F%98%80"),
        ("\x00\n", "%00%0A"),
        ("-._~", "-._~"),
        ("send", "send"),
    ],
)
def test_keys_are_percent_encoded(key: str, segment: str) -> None:
    request = call_of(Target.object("S", key, "h")).call_request()

    assert request.path == f"/restate/call/S/{segment}/h"


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_every_key_is_one_segment_that_says_it(key: str) -> None:
    path = call_of(Target.object("S", key, "h")).call_request().path

    assert path.isascii()
    _, restate, call, service, segment, handler = path.split("/")
    assert (restate, call, service, handler) == ("restate", "call", "S", "h")
    assert unquote(segment, errors="strict") == key


@pytest.mark.parametrize(
    ("target", "what"),
    [
        (Target.object("S", "", "h"), "the key of S is empty"),
        (Target.object("", "k", "h"), "the service name is empty"),
        (Target.service("S", ""), "the handler name is empty"),
        (Target.service("S", "h", scope=""), "scope='': must be 1 to 36 characters"),
    ],
)
def test_what_is_empty_is_refused(target: Target, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        call_of(target).call_request()


def test_half_of_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"service name='\\ud83d'\): must be text, and '\\ud83d' is half"
    ):
        call_of(Target.service("\ud83d", "h")).call_request()


@pytest.mark.parametrize("key", ["", " a", "a ", "a\nb", "é", "\x7f", "a\r\nx-evil: 1"])
def test_idempotency_keys_that_no_header_can_hold(key: str) -> None:
    with pytest.raises(ValueError, match="idempotency_key is"):
        call_of(CHECK, idempotency_key=key).call_request()


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"Content-Type": "text/plain"}, "follows from the encoding"),
        ({"ACCEPT": "*/*"}, "follows from the encoding"),
        ({"idempotency-key": "a"}, "pass idempotency_key="),
        ({"X-Restate-Limit-Key": "a"}, "pass limit_key="),
        ({"host": "a"}, "follows from the client's URL"),
        ({"connection": "close"}, "no such header"),
        ({"a b": "c"}, "not the name of a header"),
        ({":path": "/"}, "not the name of a header"),
        ({"": "c"}, "not the name of a header"),
        ({"x": "line\nbreak"}, "visible ASCII"),
        ({"x": "grün"}, "visible ASCII"),
    ],
)
def test_headers_that_cannot_be_sent(headers: dict[str, str], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        checked_headers(headers)


def test_a_header_may_be_empty() -> None:
    assert checked_headers({"x": ""}) == ((b"x", b""),)


def test_a_send() -> None:
    request = call_of(ADD, MESSAGE).send_request()

    assert request.method == "POST"
    assert request.path == "/restate/send/shop.v1.Cart/alice/AddTicket"
    assert request.body == b"\x0a\x01a"
    assert not request.repeatable


@pytest.mark.parametrize(
    ("delay", "query"),
    [
        (timedelta(days=5), "432000000ms"),
        (timedelta(milliseconds=1), "1ms"),
        (timedelta(microseconds=1), "1ms"),
        (timedelta(milliseconds=1, microseconds=1), "2ms"),
        (timedelta(0), "0ms"),
    ],
)
def test_a_delay_has_a_unit_and_is_never_too_short(delay: timedelta, query: str) -> None:
    assert call_of(CHECK, delay=delay).send_request().path.endswith(f"?delay={query}")


def test_a_negative_delay_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        call_of(CHECK, delay=timedelta(microseconds=-1)).send_request()


@pytest.mark.parametrize("delay", [timedelta(days=1_000_000, microseconds=1), timedelta.max])
def test_a_delay_that_no_date_can_hold_is_refused(delay: timedelta) -> None:
    with pytest.raises(ValueError, match="must be 1000000 days at most"):
        call_of(CHECK, delay=delay).send_request()


def test_which_sends_are_repeatable() -> None:
    assert call_of(CHECK, idempotency_key="a").send_request().repeatable
    assert call_of(CHECK, runs_once=True).send_request().repeatable
    assert not call_of(CHECK, delay=timedelta(1)).send_request().repeatable


@pytest.mark.parametrize(
    ("ref", "body"),
    [
        (InvocationIdRef("inv_1"), {"target": "invocation", "invocationId": "inv_1"}),
        (
            IdempotentRef(CHECK, "a/é %"),
            {
                "target": "idempotentInvocation",
                "service": "shop.v1.Checkout",
                "handler": "Check",
                "idempotencyKey": "a/é %",
            },
        ),
        (
            IdempotentRef(Target.object("S", "k/1", "h", scope="t"), "a"),
            {
                "target": "idempotentInvocation",
                "service": "S",
                "key": "k/1",
                "handler": "h",
                "idempotencyKey": "a",
                "scope": "t",
            },
        ),
        (
            WorkflowRef("shop.v1.Signup", "u/1"),
            {"target": "workflow", "workflowName": "shop.v1.Signup", "workflowKey": "u/1"},
        ),
        (
            WorkflowRef("W", "u", "t"),
            {"target": "workflow", "workflowName": "W", "workflowKey": "u", "scope": "t"},
        ),
    ],
)
def test_an_invocation_is_named_in_the_body(
    ref: InvocationIdRef | IdempotentRef | WorkflowRef, body: dict[str, str]
) -> None:
    requests = {
        "/restate/attach": attach_request(ref, accept=PROTO),
        "/restate/output": output_request(ref, accept=PROTO),
        "/restate/lookup": lookup_request(ref),
    }

    for path, request in requests.items():
        assert request.method == "POST"
        assert request.path == path
        assert (b"content-type", b"application/json") in request.headers
        assert json.loads(request.body) == body
        assert request.repeatable


@pytest.mark.parametrize(
    ("ref", "what"),
    [
        (InvocationIdRef(""), "invocationId is empty"),
        (IdempotentRef(CHECK, ""), "idempotencyKey is empty"),
        (WorkflowRef("W", ""), "workflowKey is empty"),
    ],
)
def test_an_invocation_without_a_name_is_refused(
    ref: InvocationIdRef | IdempotentRef | WorkflowRef, what: str
) -> None:
    with pytest.raises(ValueError, match=what):
        attach_request(ref, accept=PROTO)


def test_awakeables() -> None:
    resolve = resolve_request("sign_1a/b", BODY)
    reject = reject_request("sign_1", "nicht möglich")

    assert resolve.method == reject.method == "POST"
    assert resolve.path == "/restate/awakeables/sign_1a%2Fb/resolve"
    assert resolve.headers == ((b"content-type", b"application/protobuf"),)
    assert resolve.body == b"\x0a\x01a"
    assert resolve_request("sign_1", EMPTY).headers == ()
    assert reject.path == "/restate/awakeables/sign_1/reject"
    assert reject.body == "nicht möglich".encode()
    assert not resolve.repeatable
    assert not reject.repeatable


@pytest.mark.parametrize("action", AdminAction)
def test_admin_requests(action: AdminAction) -> None:
    request = invocation_action_request(action, "inv_1")

    assert request.method == "PATCH"
    assert request.path == f"/invocations/inv_1/{action.value}"
    assert request.body == b""
    not_repeatable = {AdminAction.PURGE, AdminAction.RESTART_AS_NEW}
    assert request.repeatable == (action not in not_repeatable)
    with pytest.raises(ValueError, match="invocation id is empty"):
        invocation_action_request(action, "")
