"""Requests to the ingress and to the admin API as method, path, headers and body; no I/O.

The paths are those of Restate 1.7. Calls of handlers are in `handler_call`, requests about existing
invocations in `invocation_ref`, and all others here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias
from urllib.parse import quote, urlencode

from restate_proto.model.arguments import check_headers, check_string

if TYPE_CHECKING:
    from restate_proto.ingress.message_format import Payload

__all__ = [
    "AdminAction",
    "Fields",
    "HeaderSource",
    "HttpRequest",
    "Operation",
    "admin_request",
    "checked_headers",
    "header_value",
    "invocation_action_request",
    "path_segment",
    "reject_request",
    "resolve_request",
]

Fields = tuple[tuple[bytes, bytes], ...]
"""Header fields with names in lower case."""

HeaderSource: TypeAlias = Callable[[], Mapping[str, str] | Awaitable[Mapping[str, str]]]
"""Returns headers; it is called each time that a request is sent."""

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# The values of headers that the server can read: visible ASCII, with spaces only in between.
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?|")
_NOT_THE_CALLERS: Final = {
    "idempotency-key": "pass idempotency_key=... instead",
    "x-restate-limit-key": "pass limit_key=... instead",
    "content-type": "it follows from the encoding",
    "accept": "it follows from the encoding",
    "content-length": "it follows from the message",
    "host": "it follows from the client's URL",
    "connection": "HTTP/2 has no such header",
    "transfer-encoding": "HTTP/2 has no such header",
}
_ACCEPT_JSON: Final = (b"accept", b"application/json")


class Operation(StrEnum):
    """The purpose of a request; the value is a part of the ingress's path if it is not empty."""

    CALL = "call"
    SEND = "send"
    ATTACH = "attach"
    OUTPUT = "output"
    LOOKUP = "lookup"
    RESOLVE = "resolve"
    REJECT = "reject"
    INVOCATION_ACTION = "invocation action"
    ADMIN = "admin"

    @property
    def is_admin(self) -> bool:
        """Whether it goes to the admin API instead of the ingress."""
        return self in {Operation.INVOCATION_ACTION, Operation.ADMIN}

    @property
    def waits_for_handler(self) -> bool:
        """Whether the answer comes only when a handler has ended."""
        return self is Operation.CALL or self is Operation.ATTACH


class AdminAction(Enum):
    """An action of the admin API on an invocation; the value is the end of the path."""

    CANCEL = "cancel"
    KILL = "kill"
    PAUSE = "pause"
    RESUME = "resume"
    RESTART_AS_NEW = "restart-as-new"
    PURGE = "purge"


class HttpRequest(NamedTuple):
    """One request.

    Args:
        operation: its purpose.
        what: its purpose in words, for error messages.
        method: the HTTP method.
        path: the path, percent-encoded, with the query.
        headers: the header fields.
        body: the body.
        repeatable: whether doing it twice is the same as doing it once.
    """

    operation: Operation
    what: str
    method: str
    path: str
    headers: Fields
    body: bytes
    repeatable: bool


def resolve_request(awakeable_id: str, payload: Payload) -> HttpRequest:
    """Make a request that resolves an awakeable."""
    content_type = payload.content_type
    return HttpRequest(
        operation=Operation.RESOLVE,
        what=f"resolution of awakeable {awakeable_id}",
        method="POST",
        path=f"/restate/awakeables/{path_segment(awakeable_id, 'awakeable id')}/resolve",
        headers=() if content_type is None else ((b"content-type", content_type.encode()),),
        body=payload.data,
        repeatable=False,
    )


def reject_request(awakeable_id: str, reason: str) -> HttpRequest:
    """Make a request that rejects an awakeable."""
    check_string("IngressClient", "reason", reason)
    return HttpRequest(
        operation=Operation.REJECT,
        what=f"rejection of awakeable {awakeable_id}",
        method="POST",
        path=f"/restate/awakeables/{path_segment(awakeable_id, 'awakeable id')}/reject",
        headers=((b"content-type", b"text/plain; charset=utf-8"),),
        body=reason.encode(),
        repeatable=False,
    )


def invocation_action_request(
    action: AdminAction, invocation_id: str, **options: str
) -> HttpRequest:
    """Make a request to the admin API that acts on an invocation.

    Args:
        action: the action.
        invocation_id: the invocation.
        **options: parameters of the admin API's query, such as `deployment="latest"`.
    """
    query = f"?{urlencode(options)}" if options else ""
    return HttpRequest(
        operation=Operation.INVOCATION_ACTION,
        what=f"{action.value} of invocation {invocation_id}",
        method="PATCH",
        path=f"/invocations/{path_segment(invocation_id, 'invocation id')}/{action.value}{query}",
        headers=(_ACCEPT_JSON,),
        body=b"",
        # Not repeatable: a second purge would not find the invocation that the first one has
        # purged.
        repeatable=action not in {AdminAction.PURGE, AdminAction.RESTART_AS_NEW},
    )


def admin_request(method: str, path: str, body: object = None) -> HttpRequest:
    """Make any other request to the admin API.

    Args:
        method: the HTTP method.
        path: the path, percent-encoded, with the query.
        body: a value that is sent as JSON; None for nothing.
    """
    json_fields = () if body is None else ((b"content-type", b"application/json"),)
    return HttpRequest(
        operation=Operation.ADMIN,
        what=f"{method} {path}",
        method=method,
        path=path,
        headers=(*json_fields, _ACCEPT_JSON),
        body=b"" if body is None else json.dumps(body).encode(),
        # Registering or removing a deployment twice has the same effect as once.
        repeatable=True,
    )


def checked_headers(headers: Mapping[str, str] | None) -> Fields:
    """Check a caller's own headers, and return them in the form that is sent.

    Raises:
        TypeError: they are not a mapping of strings.
        ValueError: a name or a value cannot be sent, or callers must not set the header.
    """
    if headers is None:
        return ()
    checked: list[tuple[bytes, bytes]] = []
    check_headers("IngressClient", headers)
    for given, value in headers.items():
        name = given.lower()
        if name in _NOT_THE_CALLERS:
            raise ValueError(f"header {given!r} cannot be set: {_NOT_THE_CALLERS[name]}")
        if not _NAME.fullmatch(name):
            raise ValueError(f"header {given!r}: this is not the name of a header")
        checked.append((name.encode("ascii"), header_value(f"header {given!r}", value)))
    return tuple(checked)


def header_value(name: str, value: str) -> bytes:
    """Check the value of a header field, and return it in the form that is sent.

    Args:
        name: the name of the header or option, for error messages.
        value: the value.

    Raises:
        TypeError: it is not a string.
        ValueError: it has characters that a header field cannot have.
    """
    check_string("IngressClient", name, value)
    if not _VALUE.fullmatch(value):
        raise ValueError(
            f"{name} is {value!r}: as an HTTP header it can only have visible ASCII characters,"
            " and spaces in between"
        )
    return value.encode("ascii")


def path_segment(text: str, what: str) -> str:
    """Percent-encode a segment of a path.

    Args:
        text: the segment.
        what: its meaning, for error messages.

    Raises:
        TypeError: it is not a string.
        ValueError: it is empty.
    """
    check_string("IngressClient", what, text)
    if not text:
        raise ValueError(f"the {what} is empty")
    return quote(text, safe="")
