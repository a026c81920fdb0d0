"""Responses as bytes, and their meaning."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.api_pb2 import Mixin
from google.protobuf.empty_pb2 import Empty
from google.protobuf.wrappers_pb2 import StringValue

from restate_proto import Encoding, Target, TerminalError
from restate_proto.codec.registry import codec_for
from restate_proto.errors import RestateError
from restate_proto.headers import Headers
from restate_proto.ingress import errors
from restate_proto.ingress.invocation_ref import (
    InvocationIdRef,
    attach_request,
    lookup_request,
    output_request,
)
from restate_proto.ingress.message_format import MessageFormat
from restate_proto.ingress.requests import AdminAction, admin_request, invocation_action_request
from restate_proto.ingress.responses import (
    read_failure,
    read_invocation_id,
    read_receipt,
    read_result,
)
from tests.ingress.calls import call_of

PROTO = "application/protobuf"
CALL = call_of(Target.object("S", "k", "h")).call_request()
IDEMPOTENT = call_of(Target.object("S", "k", "h"), idempotency_key="i").call_request()
SEND = call_of(Target.object("S", "k", "h")).send_request()
ATTACH = attach_request(InvocationIdRef("inv_1"), accept=PROTO)
OUTPUT = output_request(InvocationIdRef("inv_1"), accept=PROTO)
LOOKUP = lookup_request(InvocationIdRef("inv_1"))
CANCEL = invocation_action_request(AdminAction.CANCEL, "inv_1")
REMOVE = admin_request("DELETE", "/deployments/dp_1")

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@dataclass
class Answer:
    status: int
    fields: list[tuple[bytes, bytes]] = field(default_factory=list[tuple[bytes, bytes]])
    body: bytes = b""

    @property
    def headers(self) -> Headers:
        return Headers(self.fields)


def error(source: str | None, code: int, message: str, **more: Any) -> Answer:
    """Return an error as Restate writes it; without a source it is one from before 1.7.4."""
    body = {"code": code, "message": message, **more}
    headers = [(b"content-type", b"application/json")]
    if source is not None:
        headers.append((b"x-restate-error-source", source.encode()))
        body["source"] = source
    return Answer(code if 100 <= code <= 999 else 500, headers, json.dumps(body).encode())


def error_of(request: Any, answer: Answer) -> RestateError:
    found = read_failure(request, answer, lambda: NOW)
    assert found is not None
    return found


@pytest.mark.parametrize("request_", [CALL, SEND, ATTACH, OUTPUT, LOOKUP, CANCEL])
@pytest.mark.parametrize("status", [200, 202])
def test_a_success_is_no_failure(request_: Any, status: int) -> None:
    assert read_failure(request_, Answer(status), lambda: NOW) is None


def test_the_failure_of_an_invocation() -> None:
    answer = error("invocation", 418, "no coffee", metadata={"pot": "tea"})
    answer.fields.append((b"x-restate-id", b"inv_9"))

    found = error_of(CALL, answer)

    assert type(found) is TerminalError
    assert (found.code, found.message, found.metadata) == (418, "no coffee", {"pot": "tea"})
    assert found.__notes__ == ["(call of S/k/h, invocation inv_9)"]


def test_a_request_that_names_the_invocation_has_its_id_once_in_the_note() -> None:
    answer = error("invocation", 418, "no coffee")
    answer.fields.append((b"x-restate-id", b"inv_9"))
    request = attach_request(InvocationIdRef("inv_9"), accept="application/protobuf")

    found = error_of(request, answer)

    assert found is not None
    assert found.__notes__ == ["(attach to invocation inv_9)"]


@pytest.mark.parametrize("code", [200, 404, 429, 470, 500, 503])
def test_no_code_hides_that_it_is_the_invocations(code: int) -> None:
    found = error_of(OUTPUT, error("invocation", code, "mine"))

    assert isinstance(found, TerminalError)
    assert (found.code, found.message) == (code, "mine")


def test_a_code_that_is_no_status_comes_from_the_body() -> None:
    found = error_of(CALL, error("invocation", 5001, "odd"))

    assert isinstance(found, TerminalError)
    assert found.code == 5001


def test_servers_before_1_7_4_name_the_invocation_in_its_own_failures_alone() -> None:
    of_the_invocation = error(None, 404, "mine")
    of_the_invocation.fields.append((b"x-restate-id", b"inv_9"))

    assert isinstance(error_of(CALL, of_the_invocation), TerminalError)
    assert isinstance(error_of(CALL, error(None, 404, "no service")), errors.ServiceNotFoundError)


def test_metadata_that_is_none_is_left_out() -> None:
    found = error_of(CALL, error("invocation", 500, "x", metadata=["odd"]))

    assert isinstance(found, TerminalError)
    assert found.metadata == {}


@pytest.mark.parametrize(
    ("request_", "status", "kind"),
    [
        (CALL, 404, errors.ServiceNotFoundError),
        (SEND, 404, errors.ServiceNotFoundError),
        (ATTACH, 404, errors.InvocationNotFoundError),
        (OUTPUT, 404, errors.InvocationNotFoundError),
        (OUTPUT, 470, errors.InvocationNotReadyError),
        (CALL, 400, errors.IngressBadRequestError),
        (CALL, 405, errors.IngressBadRequestError),
        (CALL, 413, errors.IngressBadRequestError),
        (CALL, 401, errors.IngressUnauthorizedError),
        (CALL, 403, errors.IngressUnauthorizedError),
        (CALL, 429, errors.IngressOverloadedError),
        (CALL, 408, errors.OutcomeUnknownError),
        (CALL, 500, errors.OutcomeUnknownError),
        (CALL, 503, errors.OutcomeUnknownError),
    ],
)
def test_failures_of_the_ingress(
    request_: Any, status: int, kind: type[errors.IngressError]
) -> None:
    found = error_of(request_, error("ingress", status, "Restate's words"))

    assert type(found) is kind
    assert found.status == status
    assert str(found).startswith(f"{request_.what}: {status}: Restate's words; ")


def test_failures_of_the_admin_api() -> None:
    answer = Answer(404, [], b'{"message":"no such invocation","restate_code":null}')

    found = error_of(CANCEL, answer)

    assert type(found) is errors.InvocationNotFoundError
    assert "cancel of invocation inv_1: 404: no such invocation" in str(found)

    answer = Answer(404, [], b'{"message":"[META0009] no deployment dp_1.","restate_code":null}')

    found = error_of(REMOVE, answer)

    assert type(found) is errors.IngressBadRequestError
    assert "DELETE /deployments/dp_1: 404: [META0009] no deployment dp_1; " in str(found)
    assert found.reason == "[META0009] no deployment dp_1."


@pytest.mark.parametrize(
    ("request_", "repeat"),
    [(CALL, "may do it twice"), (IDEMPOTENT, "safe to repeat"), (ATTACH, "safe to repeat")],
)
def test_a_lost_outcome_says_whether_to_repeat(request_: Any, repeat: str) -> None:
    assert repeat in str(error_of(request_, error("ingress", 503, "routing")))


@pytest.mark.parametrize("status", [301, 400, 404])
@pytest.mark.parametrize(
    ("request_", "hint"), [(CALL, "the client's URL is"), (CANCEL, "admin_url is")]
)
def test_an_answer_of_something_else_says_so(status: int, request_: Any, hint: str) -> None:
    found = error_of(request_, Answer(status, [], b"<html>" + b"x" * 1000))

    assert type(found) is errors.InvalidResponseError
    assert hint in str(found)
    assert found.reason == f"HTTP {status} <html>{'x' * 294}..."
    assert len(str(found)) < 600


def test_the_ingress_is_not_the_admin_api() -> None:
    found = error_of(CANCEL, error("ingress", 404, "service 'invocations' not found"))

    assert type(found) is errors.InvalidResponseError
    assert "check that admin_url is that of the admin" in str(found)


def test_a_proxys_error_keeps_its_text() -> None:
    found = error_of(CALL, Answer(502, [], b"bad gateway\n"))

    assert type(found) is errors.OutcomeUnknownError
    assert "call of S/k/h: 502: bad gateway; " in str(found)


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        (b"7", timedelta(seconds=7)),
        (b"9" * 20, timedelta.max),
        (b"9" * 5000, timedelta.max),
        (b"Mon, 23 Nov 2026 12:00:30 GMT", timedelta(seconds=30)),
        (b"Mon, 23 Nov 2026 12:00:30 -0000", timedelta(seconds=30)),
        (b"Mon, 23 Nov 2026 11:00:00 GMT", timedelta(0)),
        (b"Mon, 23 Nov 99999999999999999999 12:00:30 GMT", None),
        (b"soon", None),
        (b"-1", None),
        (b"", None),
    ],
)
def test_retry_after(value: bytes, wait: timedelta | None) -> None:
    answer = error("ingress", 429, "slow down")
    answer.fields.append((b"retry-after", value))

    found = error_of(CALL, answer)

    assert isinstance(found, errors.IngressError)
    assert found.retry_after == wait


def test_a_receipt() -> None:
    answer = Answer(
        202,
        [],
        b'{"invocationId":"inv_1","executionTime":"2026-11-23T12:00:05.839000000Z",'
        b'"status":"Accepted"}',
    )

    got = read_receipt(SEND, answer)

    assert got.invocation_id == "inv_1"
    assert got.accepted
    assert got.execution_time == NOW + timedelta(seconds=5, milliseconds=839)


def test_a_receipt_of_what_was_there() -> None:
    got = read_receipt(
        SEND, Answer(202, [], b'{"invocationId":"inv_1","status":"PreviouslyAccepted"}')
    )

    assert not got.accepted
    assert got.execution_time is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"status":"Accepted"}',
        b'{"invocationId":7,"status":"Accepted"}',
        b'{"invocationId":"i","status":"Accepted","executionTime":"never"}',
        b'{"invocationId":"i","status":"Accepted","executionTime":7}',
    ],
)
def test_a_receipt_that_is_none(body: bytes) -> None:
    with pytest.raises(errors.InvalidResponseError, match="send to S/k/h: 202"):
        read_receipt(SEND, Answer(202, [], body))


def test_a_lookup() -> None:
    assert read_invocation_id(LOOKUP, Answer(200, [], b'{"invocationId":"inv_7"}')) == "inv_7"
    with pytest.raises(errors.InvalidResponseError, match="id of invocation inv_1"):
        read_invocation_id(LOOKUP, Answer(200, [], b"{}"))


MIXIN = codec_for(Mixin)


@pytest.mark.parametrize("content_type", [b"application/json", b"application/protobuf", None])
def test_a_result_is_read_by_looking_at_it(content_type: bytes | None) -> None:
    headers = [] if content_type is None else [(b"content-type", content_type)]
    message = Mixin(name="n", root="r")
    binary = Answer(200, headers, message.SerializeToString())
    text = Answer(200, headers, b'{"name":"n","root":"r","since":1}')

    assert read_result(CALL, binary, MessageFormat(MIXIN, Encoding.PROTOBUF)) == message
    assert read_result(CALL, text, MessageFormat(MIXIN, Encoding.PROTOBUF)) == message
    assert read_result(CALL, text, MessageFormat(MIXIN, Encoding.JSON)) == message
    assert read_result(CALL, Answer(200), MessageFormat(MIXIN, Encoding.PROTOBUF)) == Mixin()
    assert read_result(CALL, Answer(200), MessageFormat(MIXIN, Encoding.JSON)) == Mixin()


def test_results_that_are_no_objects() -> None:
    codec = codec_for(StringValue)
    message = StringValue(value="v")

    binary = Answer(200, [], message.SerializeToString())
    assert read_result(CALL, binary, MessageFormat(codec, Encoding.PROTOBUF)) == message
    assert (
        read_result(CALL, Answer(200, [], b'"v"'), MessageFormat(codec, Encoding.JSON)) == message
    )
    assert (
        read_result(CALL, Answer(200, [], b"7"), MessageFormat(codec_for(int), Encoding.JSON)) == 7
    )
    assert (
        read_result(
            CALL, Answer(200, [], b"\x00{"), MessageFormat(codec_for(bytes), Encoding.PROTOBUF)
        )
        == b"\x00{"
    )


def test_a_result_that_cannot_be_read_says_that_the_invocation_succeeded() -> None:
    with pytest.raises(errors.InvalidResponseError) as caught:
        read_result(CALL, Answer(200, [], b"\xff\xff"), MessageFormat(MIXIN, Encoding.PROTOBUF))

    assert "call of S/k/h: the invocation succeeded" in str(caught.value)
    assert "google.protobuf.Mixin" in str(caught.value)


PROTOBUF, JSON = Encoding.PROTOBUF, Encoding.JSON


@pytest.mark.parametrize(
    ("message", "encoding", "data", "content_type"),
    [
        (Mixin(name="n"), PROTOBUF, b"\x0a\x01n", "application/protobuf"),
        (Mixin(name="n"), JSON, b'{"name":"n"}', "application/json"),
        (Mixin(), PROTOBUF, b"", None),
        (Mixin(), JSON, b"{}", "application/json"),
        (Empty(), PROTOBUF, b"", None),
        ("a", PROTOBUF, b'"a"', "application/json"),
        (b"a", JSON, b"a", "application/octet-stream"),
        (None, JSON, b"", None),
    ],
)
def test_what_is_written(
    message: Any, encoding: Encoding, data: bytes, content_type: str | None
) -> None:
    assert MessageFormat(codec_for(message.__class__), encoding).write(message) == (
        data,
        content_type,
    )


def test_what_is_accepted() -> None:
    assert MessageFormat(MIXIN, PROTOBUF).content_type == "application/protobuf"
    assert MessageFormat(MIXIN, JSON).content_type == "application/json"
    assert MessageFormat(codec_for(str), PROTOBUF).content_type == "application/json"


@pytest.mark.parametrize("request_", [CALL, SEND, ATTACH, OUTPUT, LOOKUP, CANCEL])
@pytest.mark.parametrize(
    ("status", "text"),
    [
        (413, "413: the request's body is too large; send a smaller message"),
        (414, "414: the request's path is too long; shorten the key"),
        (431, "431: the request's header fields are too large; shorten the headers, the idemp"),
    ],
)
def test_what_is_too_large_is_told_whoever_refuses_it(
    request_: Any, status: int, text: str
) -> None:
    """An HTTP server may refuse before Restate sees the request, with an empty body."""
    found = error_of(request_, Answer(status))
    assert type(found) is errors.IngressBadRequestError
    assert found.status == status
    assert str(found).startswith(f"{request_.what}: {text}")
    assert "431: no; shorten" in str(error_of(request_, Answer(431, body=b"no")))
