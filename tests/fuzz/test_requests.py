"""HTTP that an endpoint or a client receives: signatures, routes, answers of an ingress."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Encoding, Target
from restate_proto.codec.registry import codec_for
from restate_proto.endpoint.identity import RequestIdentity
from restate_proto.errors import RestateError
from restate_proto.headers import Headers
from restate_proto.ingress.invocation_ref import InvocationIdRef, lookup_request, output_request
from restate_proto.ingress.message_format import MessageFormat
from restate_proto.ingress.requests import admin_request
from restate_proto.ingress.responses import (
    read_failure,
    read_invocation_id,
    read_receipt,
    read_result,
)
from tests.fuzz.examples import fuzz
from tests.fuzz.mutations import mutated
from tests.ingress.calls import call_of
from tests.signing import Signer, signature

NOW = 1_800_000_000.0
SIGNER = Signer()
IDENTITY = RequestIdentity([SIGNER.public_key], clock=lambda: NOW)
json_values: Any = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
claims = st.one_of(
    json_values,
    st.fixed_dictionaries(
        {},
        optional={
            "aud": st.one_of(st.just("/discover"), json_values),
            **{name: st.one_of(st.just(int(NOW)), json_values) for name in ("iat", "nbf", "exp")},
        },
    ),
)
tokens = st.one_of(
    st.binary(max_size=100),
    st.builds(SIGNER.token, claims, header=json_values),
    claims.map(SIGNER.token),
)


@fuzz()
@given(tokens.flatmap(mutated), st.sampled_from([b"v1", b"unsigned", b"\xff"]))
def test_no_token_raises(token: bytes, scheme: bytes) -> None:
    IDENTITY.allows(signature(token, scheme), "/discover")


RIGHT = SIGNER.token({"aud": "/discover", "iat": int(NOW), "nbf": int(NOW), "exp": int(NOW) + 60})


@fuzz()
@given(mutated(RIGHT))
def test_a_token_that_was_changed_lets_nobody_in(token: bytes) -> None:
    allowed = IDENTITY.allows(signature(token), "/discover")
    assert not allowed or token.rpartition(b".")[0] == RIGHT.rpartition(b".")[0]


@dataclass
class Answer:
    status: int
    body: bytes
    headers: Headers


CALL = call_of(Target.object("S", "k", "h"))
ID = InvocationIdRef("inv_1")
REQUESTS = [
    CALL.call_request(),
    CALL.send_request(),
    output_request(ID, accept="application/json"),
    lookup_request(ID),
    admin_request("GET", "/deployments"),
]
names = st.sampled_from(
    [
        *("x-restate-error-source", "x-restate-id", "content-type", "retry-after", "location"),
        *("x-restate-server", "date"),
    ]
)
values = st.one_of(
    st.sampled_from(["invocation", "ingress", "inv_1", "application/json", "3", "-1", "1e999"]),
    st.sampled_from(["Wed, 21 Oct 2099 07:28:00 GMT", "Wed, 99 Foo 0000 99:99:99 +9999", "9" * 30]),
    st.text(max_size=20),
)
error_fields = {
    "code": json_values,
    "message": json_values,
    "source": st.one_of(st.sampled_from(["ingress", "invocation"]), json_values),
    "metadata": st.one_of(st.dictionaries(st.text(), json_values, max_size=2), json_values),
    "stacktrace": json_values,
    "invocationId": json_values,
    "executionTime": json_values,
    "status": json_values,
}
error_bodies: Any = st.fixed_dictionaries({}, optional=error_fields)
bodies = st.one_of(
    st.binary(max_size=100),
    json_values.map(json.dumps).map(str.encode),
    error_bodies.map(json.dumps).map(str.encode),
)
FORMATS = [MessageFormat(codec_for(Parcel), each) for each in Encoding]


@fuzz()
@given(
    st.sampled_from(REQUESTS),
    st.integers(100, 999),
    st.dictionaries(names, values, max_size=4),
    bodies.flatmap(mutated),
    st.sampled_from(FORMATS),
)
def test_any_answer_is_a_result_or_an_error(
    request: Any, status: int, headers: dict[str, str], body: bytes, format_: MessageFormat[Any]
) -> None:
    answer = Answer(status, body, Headers(list(headers.items())))
    failure = read_failure(request, answer, lambda: datetime(2026, 1, 1, tzinfo=UTC))
    assert failure is None or str(failure)
    for read in (
        lambda: read_result(request, answer, format_),
        lambda: read_receipt(request, answer),
        lambda: read_invocation_id(request, answer),
    ):
        with suppress(RestateError):
            read()
