"""Read answers of the ingress: a result, or the error to raise; no I/O."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar, cast

from restate_proto.ingress import errors
from restate_proto.ingress.requests import Operation
from restate_proto.model.codec import CodecError
from restate_proto.model.error_types import received_error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from restate_proto.errors import RestateError, TerminalError
    from restate_proto.ingress.message_format import MessageFormat
    from restate_proto.ingress.requests import HttpRequest

__all__ = [
    "HttpResponse",
    "SendReceipt",
    "not_restate_error",
    "read_failure",
    "read_invocation_id",
    "read_receipt",
    "read_result",
    "repeat_advice",
]

M = TypeVar("M")

_LONGEST_QUOTE = 300


class HttpResponse(Protocol):
    """A response of the HTTP client."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, by names in any case."""
        ...

    @property
    def body(self) -> bytes:
        """The whole body."""
        ...


class SendReceipt(NamedTuple):
    """Restate's answer to a one-way message."""

    invocation_id: str
    accepted: bool  # False: an earlier request had the same idempotency key or workflow id
    execution_time: datetime | None


def read_failure(
    request: HttpRequest, response: HttpResponse, now: Callable[[], datetime]
) -> RestateError | None:
    """Return the error that a response means.

    Args:
        request: the request.
        response: its response.
        now: returns the time of day, for a `Retry-After` with a date.

    Returns:
        A `TerminalError` if the invocation failed, an `IngressError` if the request failed for
        another reason, and None if it succeeded.
    """
    headers = response.headers
    if response.status < 300 and "x-restate-error-source" not in headers:
        return None
    source = headers.get("x-restate-error-source")
    body = _json_object(response.body)
    if request.operation.is_admin:
        if source is not None:  # the answer is the ingress's own
            return not_restate_error(request, response)
    elif source is None:
        # Servers before 1.7.4 do not send this header, but only failures of invocations name one.
        named = response.headers.get("x-restate-id") is not None
        source = body.get("source", "invocation" if named else None)
    if source == "invocation":
        return _invocation_failure(request, response, body)
    return _ingress_failure(request, response, body, now)


def read_result(request: HttpRequest, response: HttpResponse, format_: MessageFormat[M]) -> M:
    """Read the message in the answer to a call, an attach or an output.

    Raises:
        InvalidResponseError: the body is not such a message.
    """
    try:
        return format_.read(response.body)
    except CodecError as error:
        raise errors.InvalidResponseError(
            f"{request.what}: the invocation succeeded, but its result cannot be read: {error};"
            " check that caller and handler have the same contract",
            status=response.status,
        ) from error


def read_receipt(request: HttpRequest, response: HttpResponse) -> SendReceipt:
    """Read the answer to a one-way message.

    Raises:
        InvalidResponseError: the body is not Restate's.
    """
    body = _json_object(response.body)
    try:
        time = body.get("executionTime")
        return SendReceipt(
            invocation_id=_checked_string(body["invocationId"]),
            accepted=body["status"] != "PreviouslyAccepted",
            execution_time=None if time is None else datetime.fromisoformat(time),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise not_restate_error(request, response) from error


def read_invocation_id(request: HttpRequest, response: HttpResponse) -> str:
    """Read the answer to a lookup.

    Raises:
        InvalidResponseError: the body is not Restate's.
    """
    try:
        return _checked_string(_json_object(response.body)["invocationId"])
    except (KeyError, TypeError) as error:
        raise not_restate_error(request, response) from error


def repeat_advice(request: HttpRequest) -> str:
    """Say whether a request whose outcome is unknown may be repeated."""
    if request.repeatable:
        return "it is safe to repeat"
    return (
        "it may have been processed, so repeating it may do it twice; with an idempotency key that"
        " is safe"
    )


def not_restate_error(request: HttpRequest, response: HttpResponse) -> errors.InvalidResponseError:
    """Make the error for an answer that is not Restate's."""
    text = _first_characters(response.body)
    return errors.InvalidResponseError(
        f"{request.what}: {response.status}{': ' if text else ''}{text};"
        f" {_WRONG_SERVER[request.operation.is_admin]}",
        status=response.status,
        reason=_status_and_body(response),
    )


def _invocation_failure(
    request: HttpRequest, response: HttpResponse, body: dict[str, Any]
) -> TerminalError:
    code, message = body.get("code"), body.get("message")
    error = received_error(
        message if isinstance(message, str) else _first_characters(response.body),
        code if type(code) is int else response.status,
        _metadata(body.get("metadata")),
    )
    note = request.what
    invocation = response.headers.get("x-restate-id")
    if invocation is not None and invocation not in note:
        note += f", invocation {invocation}"
    error.add_note(f"({note})")
    return error


def _metadata(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    pairs = cast("dict[object, object]", value).items()
    return {str(name): str(text) for name, text in pairs}


def _ingress_failure(
    request: HttpRequest,
    response: HttpResponse,
    body: dict[str, Any],
    now: Callable[[], datetime],
) -> errors.IngressError:
    status = response.status
    message = body.get("message")
    kind, advice = _error_class_and_advice(request, status)
    if isinstance(message, str):
        text = message.rstrip(".")
    elif status in _REFUSED_BY_ANY_HTTP_SERVER:
        reason, advice = _REFUSED_BY_ANY_HTTP_SERVER[status]
        text = _first_characters(response.body) or reason
    elif kind in _KNOWN_TO_RESTATE_ALONE:
        return not_restate_error(request, response)
    else:
        text = _first_characters(response.body)
    return kind(
        f"{request.what}: {status}{': ' if text else ''}{text}; {advice}",
        status=status,
        reason=message if isinstance(message, str) else _status_and_body(response),
        retry_after=_retry_after(response, now),
    )


# The errors whose reason only Restate knows; the others may come from a proxy.
_KNOWN_TO_RESTATE_ALONE = (
    errors.ServiceNotFoundError,
    errors.InvocationNotFoundError,
    errors.IngressBadRequestError,
    errors.InvalidResponseError,
)

# Statuses with which any HTTP server may refuse a request before it is read: the reason, and what
# to do.
_REFUSED_BY_ANY_HTTP_SERVER = {
    413: ("the request's body is too large", "send a smaller message"),
    414: ("the request's path is too long", "shorten the key"),
    431: (
        "the request's header fields are too large",
        (
            "shorten the headers, the idempotency key or the key: Restate takes 16 KiB of path and"
            " header fields together"
        ),
    ),
}

_WRONG_SERVER = {
    False: "this is not an answer of Restate's ingress: check that the client's URL is that of the"
    " ingress (port 8080 by default) and not the admin API's",
    True: "this is not an answer of Restate's admin API: check that admin_url is that of the admin"
    " API (port 9070 by default) and not the ingress's",
}


def _error_class_and_advice(
    request: HttpRequest, status: int
) -> tuple[type[errors.IngressError], str]:
    """Return the class of error for a status, and what to do about it."""
    if status == 404:
        if request.operation in {Operation.CALL, Operation.SEND}:
            return errors.ServiceNotFoundError, (
                "check that an endpoint with this service is registered with Restate, in a version"
                " that has the handler"
            )
        if request.operation is Operation.ADMIN:
            return errors.IngressBadRequestError, "the admin API does not know it"
        return errors.InvocationNotFoundError, (
            "there is no such invocation, or its result is no longer kept (see the retention"
            " settings of the contract's config)"
        )
    if status == 470:
        return errors.InvocationNotReadyError, "it has not ended yet; attach() waits until it has"
    if status == 429:
        return errors.IngressOverloadedError, "send fewer requests at once, or retry later"
    if status in {401, 403, 407}:
        return errors.IngressUnauthorizedError, (
            "pass the credentials that it wants with IngressClient(headers={'authorization': ...})"
        )
    if status in {408, 425} or status >= 500:
        return errors.OutcomeUnknownError, repeat_advice(request)
    if status < 400:
        return errors.InvalidResponseError, "Restate does not answer this request like that"
    return errors.IngressBadRequestError, "the request cannot succeed as it is"


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _checked_string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a string, got {value!r}")
    return value


def _first_characters(body: bytes) -> str:
    text = body.decode("utf-8", errors="replace").strip()
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}..."


def _status_and_body(response: HttpResponse) -> str:
    return f"HTTP {response.status} {_first_characters(response.body)}".strip()


def _retry_after(response: HttpResponse, now: Callable[[], datetime]) -> timedelta | None:
    value = response.headers.get("retry-after")
    if value is None:
        return None
    if value.strip().isdecimal():
        try:
            return timedelta(seconds=float(value))
        except OverflowError:  # too long for a timedelta
            return timedelta.max
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - few servers send a date

    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):  # the latter for a year of 20 digits
        return None
    if date.tzinfo is None:  # "-0000", which means UTC
        date = date.replace(tzinfo=UTC)
    return max(timedelta(0), date - now())
