"""Requests to the ingress and to the admin API as method, path, headers and body; no I/O.

The paths are those of Restate 1.7: `/restate/call/...` and `/restate/send/...` cannot be taken for
a service of that name, and asking for an invocation with a JSON body has no path to encode an
idempotency key in (the server reads that path segment as it stands).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from restate_proto.model.arguments import DURATION, check_headers, check_string, wrong_type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restate_proto.ingress.payloads import Payload
    from restate_proto.model.target import Target

__all__ = [
    "AdminAction",
    "IdempotentRef",
    "IngressRequest",
    "InvocationIdRef",
    "InvocationRef",
    "Operation",
    "WorkflowRef",
    "admin_request",
    "attach_request",
    "call_request",
    "checked_headers",
    "lookup_request",
    "output_request",
    "reject_request",
    "resolve_request",
    "send_request",
]

Headers = tuple[tuple[bytes, bytes], ...]

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# What the server can read of a header's value: visible ASCII, spaces only in between.
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?|")
# The server takes longer ones, too, but cannot write a time after the year 9999 and breaks off.
_LONGEST_DELAY: Final = timedelta(days=1_000_000)
_OURS: Final = {
    "idempotency-key": "pass idempotency_key=... instead",
    "x-restate-limit-key": "pass limit_key=... instead",
    "content-type": "it follows from the encoding",
    "accept": "it follows from the encoding",
    "content-length": "it follows from the message",
    "host": "it follows from the client's URL",
    "connection": "HTTP/2 has no such header",
    "transfer-encoding": "HTTP/2 has no such header",
}


class Operation(Enum):
    """What a request is for."""

    CALL = "call"
    SEND = "send"
    ATTACH = "attach"
    OUTPUT = "output"
    LOOKUP = "lookup"
    AWAKEABLE = "awakeable"
    ADMIN = "admin"


class AdminAction(Enum):
    """What the admin API can do to an invocation; the value is the end of the path."""

    CANCEL = "cancel"
    KILL = "kill"
    PURGE = "purge"


@dataclass(frozen=True, slots=True)
class IngressRequest:
    """One request.

    Args:
        operation: what it is for.
        what: that in words, for error messages.
        method: the HTTP method.
        path: the path, percent-encoded, with the query.
        headers: the headers, names in lower case.
        body: the body.
        repeatable: whether doing it twice is the same as doing it once.
    """

    operation: Operation
    what: str
    method: str
    path: str
    headers: Headers
    body: bytes
    repeatable: bool


@dataclass(frozen=True, slots=True)
class InvocationIdRef:
    """An invocation by its id."""

    invocation_id: str

    def __str__(self) -> str:
        return f"invocation {self.invocation_id}"

    def fields(self) -> dict[str, str | None]:
        """What names it in a request body."""
        return {"target": "invocation", "invocationId": self.invocation_id}


@dataclass(frozen=True, slots=True)
class IdempotentRef:
    """The invocation of a handler that an idempotency key stands for."""

    target: Target
    idempotency_key: str

    def __str__(self) -> str:
        return f"{self.target} with idempotency key {self.idempotency_key!r}"

    def fields(self) -> dict[str, str | None]:
        """What names it in a request body."""
        return {
            "target": "idempotentInvocation",
            "service": self.target.service_name,
            "key": self.target.key,
            "handler": self.target.handler_name,
            "idempotencyKey": self.idempotency_key,
            "scope": self.target.scope,
        }


@dataclass(frozen=True, slots=True)
class WorkflowRef:
    """The run of a workflow."""

    name: str
    key: str
    scope: str | None = None

    def __str__(self) -> str:
        return f"workflow {self.name}/{self.key}"

    def fields(self) -> dict[str, str | None]:
        """What names it in a request body."""
        return {
            "target": "workflow",
            "workflowName": self.name,
            "workflowKey": self.key,
            "scope": self.scope,
        }


InvocationRef = InvocationIdRef | IdempotentRef | WorkflowRef


def call_request(
    target: Target,
    payload: Payload,
    *,
    accept: str,
    idempotency_key: str | None = None,
    headers: Mapping[str, str] | None = None,
    limit_key: str | None = None,
) -> IngressRequest:
    """A request that waits for the handler's result.

    Args:
        target: the handler.
        payload: the request message.
        accept: the content type of the response that is wanted.
        idempotency_key: makes requests with the same key one invocation.
        headers: more headers; the handler sees them.
        limit_key: the limit key, where the target has a scope.

    Raises:
        ValueError: a key is empty or a header cannot be sent.
    """
    return IngressRequest(
        operation=Operation.CALL,
        what=f"call of {target}",
        method="POST",
        path=_target_path(target, "call"),
        headers=_headers(payload, accept, idempotency_key, headers, limit_key),
        body=payload.data,
        # The run handler of a workflow refuses a second call, so it is no exception here.
        repeatable=idempotency_key is not None,
    )


def send_request(
    target: Target,
    payload: Payload,
    *,
    accept: str,
    delay: timedelta | None = None,
    idempotency_key: str | None = None,
    headers: Mapping[str, str] | None = None,
    limit_key: str | None = None,
    submits_workflow: bool = False,
) -> IngressRequest:
    """A request that returns when Restate has the message.

    Args:
        target: as in `call_request`.
        payload: as in `call_request`.
        accept: as in `call_request`; here the handler alone sees it.
        delay: how long Restate waits before it runs the handler.
        idempotency_key: as in `call_request`.
        headers: as in `call_request`.
        limit_key: as in `call_request`.
        submits_workflow: whether the target is the run handler of a workflow, which runs once.

    Raises:
        ValueError: as in `call_request`, or the delay is negative.
    """
    path = _target_path(target, "send")
    if delay is not None:
        path += f"?delay={_milliseconds(delay)}ms"
    return IngressRequest(
        operation=Operation.SEND,
        what=f"send to {target}",
        method="POST",
        path=path,
        headers=_headers(payload, accept, idempotency_key, headers, limit_key),
        body=payload.data,
        repeatable=idempotency_key is not None or submits_workflow,
    )


def attach_request(ref: InvocationRef, *, accept: str) -> IngressRequest:
    """A request that waits for the result of an invocation that is there already."""
    return _ref_request(Operation.ATTACH, f"attach to {ref}", ref, accept)


def output_request(ref: InvocationRef, *, accept: str) -> IngressRequest:
    """A request for the result of an invocation, which does not wait for it."""
    return _ref_request(Operation.OUTPUT, f"output of {ref}", ref, accept)


def lookup_request(ref: InvocationRef) -> IngressRequest:
    """A request for the id that an invocation has, or would have if it were there."""
    return _ref_request(Operation.LOOKUP, f"id of {ref}", ref, "application/json")


def resolve_request(awakeable_id: str, payload: Payload) -> IngressRequest:
    """A request that completes an awakeable with a message."""
    content_type = payload.content_type
    return IngressRequest(
        operation=Operation.AWAKEABLE,
        what=f"resolution of awakeable {awakeable_id}",
        method="POST",
        path=f"/restate/awakeables/{_segment(awakeable_id, 'awakeable id')}/resolve",
        headers=() if content_type is None else ((b"content-type", content_type.encode()),),
        body=payload.data,
        repeatable=False,
    )


def reject_request(awakeable_id: str, reason: str) -> IngressRequest:
    """A request that completes an awakeable with a failure."""
    return IngressRequest(
        operation=Operation.AWAKEABLE,
        what=f"rejection of awakeable {awakeable_id}",
        method="POST",
        path=f"/restate/awakeables/{_segment(awakeable_id, 'awakeable id')}/reject",
        headers=((b"content-type", b"text/plain; charset=utf-8"),),
        body=_text("reason", reason),
        repeatable=False,
    )


def admin_request(action: AdminAction, invocation_id: str) -> IngressRequest:
    """A request to the admin API (not the ingress) that ends or forgets an invocation."""
    return IngressRequest(
        operation=Operation.ADMIN,
        what=f"{action.value} of invocation {invocation_id}",
        method="PATCH",
        path=f"/invocations/{_segment(invocation_id, 'invocation id')}/{action.value}",
        headers=((b"accept", b"application/json"),),
        body=b"",
        # A second purge would not find what the first one has purged.
        repeatable=action is not AdminAction.PURGE,
    )


def checked_headers(headers: Mapping[str, str] | None) -> Headers:
    """A caller's own headers as they are sent.

    Raises:
        TypeError: they are no mapping of strings.
        ValueError: a name or a value cannot be sent, or the header is not the caller's to set.
    """
    if not headers:
        return ()
    checked: list[tuple[bytes, bytes]] = []
    check_headers("IngressClient", headers)
    for given, value in headers.items():
        name = given.lower()
        if name in _OURS:
            raise ValueError(f"header {given!r} cannot be set: {_OURS[name]}")
        if not _NAME.fullmatch(name):
            raise ValueError(f"header {given!r}: not a header name")
        checked.append((name.encode("ascii"), _value(f"header {given!r}", value)))
    return tuple(checked)


def _headers(
    payload: Payload,
    accept: str,
    idempotency_key: str | None,
    headers: Mapping[str, str] | None,
    limit_key: str | None,
) -> Headers:
    parts: list[tuple[bytes, bytes]] = []
    if payload.content_type is not None:
        parts.append((b"content-type", payload.content_type.encode("ascii")))
    parts.append((b"accept", accept.encode("ascii")))
    if idempotency_key is not None:
        if not idempotency_key:
            raise ValueError("idempotency_key is empty; pass None for no key")
        parts.append((b"idempotency-key", _value("idempotency_key", idempotency_key)))
    if limit_key is not None:
        parts.append((b"x-restate-limit-key", _value("limit_key", limit_key)))
    return (*parts, *checked_headers(headers))


def _value(name: str, value: str) -> bytes:
    check_string("IngressClient", name, value)
    if not _VALUE.fullmatch(value):
        raise ValueError(
            f"{name} is {value!r}: as an HTTP header it can only have visible ASCII characters,"
            " and spaces in between"
        )
    return value.encode("ascii")


def _text(name: str, value: str) -> bytes:
    check_string("IngressClient", name, value)
    return value.encode()


def _target_path(target: Target, verb: str) -> str:
    segments = ["", "restate"]
    if target.scope is not None:
        segments += ["scope", _segment(target.scope, f"scope of {target}")]
    segments += [verb, _segment(target.service_name, "service name")]
    if target.key is not None:
        kind = f"key of {target.service_name}"
        segments.append(_segment(target.key, kind))
    segments.append(_segment(target.handler_name, "handler name"))
    return "/".join(segments)


def _segment(text: str, what: str) -> str:
    check_string("IngressClient", what, text)
    if not text:
        raise ValueError(f"the {what} is empty")
    return quote(text, safe="")


def _milliseconds(delay: timedelta) -> int:
    if not isinstance(delay, timedelta):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
        raise wrong_type("IngressClient", "delay", delay, DURATION)
    if delay < timedelta(0):
        raise ValueError(f"the delay is negative: {delay!r}")
    if delay > _LONGEST_DELAY:
        raise ValueError(f"the delay is longer than {_LONGEST_DELAY.days} days: {delay!r}")
    milliseconds, rest = divmod(delay, timedelta(milliseconds=1))
    return milliseconds + bool(rest)  # rounded up: never before its time


def _ref_request(
    operation: Operation, what: str, ref: InvocationRef, accept: str
) -> IngressRequest:
    fields = ref.fields()
    for name, value in fields.items():
        if value == "":
            raise ValueError(f"{what}: the {name} is empty")
        if value is not None:
            check_string(what, name, value)
    present = {name: value for name, value in fields.items() if value is not None}
    return IngressRequest(
        operation=operation,
        what=what,
        method="POST",
        path=f"/restate/{operation.value}",
        headers=((b"content-type", b"application/json"), (b"accept", accept.encode("ascii"))),
        body=json.dumps(present, ensure_ascii=False).encode(),
        repeatable=True,
    )
