"""Requests that the ingress refuses, and some that it barely accepts."""

from __future__ import annotations

import json
from typing import Final

from conformance.v1.conformance_pb2 import Parcel
from restate_proto.ingress.requests import Fields, HttpRequest, Operation

__all__ = ["refused_requests"]

_CLERK: Final = "/restate/call/conformance.v1.Clerk"
_PROTOBUF: Final = (b"content-type", b"application/protobuf")
_JSON: Final = (b"content-type", b"application/json")
_NOBODY: Final = "inv_1" + "0" * 33


def refused_requests(key: str) -> list[HttpRequest]:
    """The requests.

    Args:
        key: what nothing else has as its key.
    """
    return [*_calls(key), *_questions(key), *_completions(key)]


def _calls(key: str) -> list[HttpRequest]:
    body = Parcel(text="x").SerializeToString()
    send = "/restate/send/conformance.v1.Clerk/Echo"
    run = f"/restate/call/conformance.v1.Journey/{key}/Run"
    calls: list[tuple[str, Fields, bytes]] = [
        ("/restate/call/nobody.v1.Nothing/Do", (_PROTOBUF,), body),
        (f"{_CLERK}/Nothing2", (_PROTOBUF,), body),
        (f"{_CLERK}/Whisper", (_PROTOBUF,), body),
        (f"{_CLERK}/{key}/Echo", (_PROTOBUF,), body),
        ("/restate/call/conformance.v1.Account/Append", (_PROTOBUF,), body),
        (_CLERK, (_PROTOBUF,), body),
        ("/restate/dance", (), b""),
        (f"{_CLERK}/Echo", (), body),
        (f"{_CLERK}/Echo", (), b""),
        (f"{_CLERK}/Echo", (_PROTOBUF,), b""),
        (f"{_CLERK}/Echo", ((b"content-type", b"text/plain"),), b"x"),
        (f"{_CLERK}/Echo", (_PROTOBUF,), b"\xff\xff"),
        (f"{_CLERK}/Echo", (_JSON,), b"{"),
        (f"{_CLERK}/Echo", (_JSON,), b'{"text": "y"}'),
        (f"{_CLERK}/Nothing", (_JSON,), b"{}"),
        (f"{_CLERK}/Nothing", (), b""),
        (f"{_CLERK}/Echo?delay=5s", (_PROTOBUF,), body),
        (f"{_CLERK}/Echo", (_PROTOBUF, (b"x-restate-limit-key", b"l")), body),
        (f"{send}?delay=tomorrow", (_PROTOBUF,), body),
        (f"{send}?delay=5", (_PROTOBUF,), body),
        (run, (_PROTOBUF, (b"idempotency-key", key.encode())), body),
    ]
    return [_post(Operation.CALL, *call) for call in calls]


def _questions(key: str) -> list[HttpRequest]:
    """About invocations that are not there."""
    names = [
        {"target": "invocation", "invocationId": "inv_x"},
        {"target": "invocation", "invocationId": _NOBODY},
        {"target": "workflow", "workflowName": "conformance.v1.Journey", "workflowKey": key},
        {"target": "workflow", "workflowName": "conformance.v1.Clerk", "workflowKey": key},
        {
            "target": "idempotentInvocation",
            "service": "conformance.v1.Clerk",
            "handler": "Echo",
            "idempotencyKey": key,
        },
    ]
    return [
        _post(operation, f"/restate/{operation}", (_JSON,), json.dumps(name).encode())
        for operation in (Operation.ATTACH, Operation.OUTPUT)
        for name in names
    ]


def _completions(key: str) -> list[HttpRequest]:
    """Of awakeables that are not there."""
    return [
        _post(operation, f"/restate/awakeables/{id_}/{operation}", (_PROTOBUF,), b"x")
        for id_ in ("sign_1x", "sign_1" + "A" * 38, key)
        for operation in (Operation.RESOLVE, Operation.REJECT)
    ]


def _post(operation: Operation, path: str, headers: Fields, body: bytes) -> HttpRequest:
    what = f"{operation} {path} {dict(headers)} {body!r}"
    return HttpRequest(operation, what, "POST", path, headers, body, repeatable=True)
