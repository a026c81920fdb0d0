"""The input of a handler and its answer: encodings, bad requests, keys."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Encoding
from restate_proto.model.key_format import FixedKey
from restate_proto.model.kinds import HandlerKind, ServiceKind
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import Case, in_loop
from tests.runtime.handlers import echo


@pytest.mark.parametrize("contract", list(Encoding))
@pytest.mark.parametrize(
    ("payload", "headers", "is_json"),
    [
        (b'{"number": "3"}', {"content-type": "application/json"}, True),
        (b'{"number": "3"}', {"Content-Type": "application/json; charset=utf-8"}, True),
        (b'{"number": "3"}', {}, True),
        (b'{"number": "3"}', {"content-type": "application/octet-stream"}, True),
        (b"\x10\x03", {"content-type": "application/protobuf", "accept": "text/json"}, False),
        (b"\x10\x03", {}, False),
        (b"", {"content-type": "application/protobuf"}, False),
        (b"", {"accept": "application/json"}, True),
        # HTTP/2's are in lower case; those of a handler are as it wrote them.
        (b"", {"Accept": "application/json"}, True),
        (b"", {"Content-Type": "application/json"}, True),
        (b"", {"CONTENT-TYPE": "application/protobuf", "ACCEPT": "application/json"}, False),
    ],
)
@in_loop
async def test_the_answer_is_in_the_encoding_of_the_request(
    contract: Encoding, payload: bytes, headers: dict[str, str], *, is_json: bool
) -> None:
    case = Case(echo, encoding=contract).start(payload=payload, headers=headers)
    output, _ = case.sent()
    assert isinstance(output, pb.OutputCommandMessage)
    content = output.value.content
    if is_json:
        assert json.loads(content) == ({"number": "3"} if payload else {})
    else:
        assert content == payload


@in_loop
async def test_an_empty_request_of_which_nothing_is_known_is_answered_as_the_contract_says() -> (
    None
):
    for encoding, answer in ((Encoding.PROTOBUF, b""), (Encoding.JSON, b"{}")):
        output, _ = Case(echo, encoding=encoding).start().sent()
        assert isinstance(output, pb.OutputCommandMessage)
        assert output.value.content == answer


@pytest.mark.parametrize(
    ("payload", "content_type"),
    [
        (b"\xff\xff", "application/protobuf"),
        (b"\x0a\x01\xff", "application/protobuf"),
        (b"{", "application/json"),
        (b'{"number": {}}', "application/json"),
    ],
)
@in_loop
async def test_a_bad_request_is_terminal(payload: bytes, content_type: str) -> None:
    case = Case(echo).start(payload=payload, headers={"content-type": content_type})
    failure = case.failure()
    assert failure.code == 400
    assert failure.message.startswith("runtime.v1.Service/Handle: bad request: ")


@in_loop
async def test_a_key_that_the_contract_does_not_have_is_terminal_before_anything_has_run() -> None:
    kinds: Any = {
        "kind": ServiceKind.VIRTUAL_OBJECT,
        "handler_kind": HandlerKind.EXCLUSIVE,
        "key": FixedKey("main"),
    }
    assert Case(echo, **kinds).start(key="main").answer() == Parcel()
    failure = Case(echo, **kinds).start(key="other").failure()
    assert failure.code == 400
    expected = (
        "runtime.v1.Service/Handle: bad key: 'other' is not 'main', the only key of this object"
    )
    assert failure.message == expected
    # Code that took the key has worked on it: it is to be deployed again.
    error = Case(echo, **kinds).start(pb.SleepCommandMessage(), key="other").error()
    assert (
        "the key of this invocation, which has already begun, is no longer valid" in error.message
    )
