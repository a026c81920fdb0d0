"""What the ingress answered: a result, or the error to raise; no I/O."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar, cast

from restate_proto.errors import received_error
from restate_proto.ingress import errors
from restate_proto.ingress.payloads import read
from restate_proto.ingress.requests import Operation
from restate_proto.model.codec import CodecError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from restate_proto.errors import RestateError, TerminalError
    from restate_proto.ingress.requests import IngressRequest
    from restate_proto.model.codec import Codec
    from restate_proto.model.kinds import Encoding

__all__ = ["IngressResponse", "SendReceipt", "failure", "invocation_id", "receipt", "result"]

M = TypeVar("M")

_LONGEST_QUOTE = 300


class IngressResponse(Protocol):
    """A response, as the HTTP client gives it."""

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
    """What Restate says when it has a message."""

    invocation_id: str
    accepted: bool  # False: an earlier request had the same idempotency key or workflow id
    execution_time: datetime | None


def failure(
    request: IngressRequest, response: IngressResponse, now: Callable[[], datetime]
) -> RestateError | None:
    """The error that a response stands for.

    Args:
        request: what was asked.
        response: what came back.
        now: gives the time of day, for a `Retry-After` with a date.

    Returns:
        A `TerminalError` where the invocation failed, an `IngressError` where it is not the
        invocation's failure, and None where the request succeeded.
    """
    source = response.headers.get("x-restate-error-source")
    if source is None and response.status < 300:
        return None
    body = _json_object(response.body)
    if request.operation is Operation.ADMIN:
        if source is not None:  # so this is the ingress
            return _not_restates(request, response)
    elif source is None:
        # Servers before 1.7.4 do not say; they name the invocation in its own failures alone.
        named = response.headers.get("x-restate-id") is not None
        source = body.get("source", "invocation" if named else None)
    if source == "invocation":
        return _invocation_failure(request, response, body)
    return _ingress_failure(request, response, body, now)


def result(
    request: IngressRequest, response: IngressResponse, codec: Codec[M], encoding: Encoding
) -> M:
    """The message that a call, an attach or an output gave.

    Raises:
        InvalidResponseError: the body is no such message.
    """
    try:
        return read(codec, response.body, encoding)
    except CodecError as error:
        raise errors.InvalidResponseError(
            f"{request.what}: the invocation succeeded, but its result cannot be read: {error};"
            " do caller and handler have the same contract?",
            status=response.status,
        ) from error


def receipt(request: IngressRequest, response: IngressResponse) -> SendReceipt:
    """What a send gave.

    Raises:
        InvalidResponseError: the body is not what Restate answers.
    """
    body = _json_object(response.body)
    try:
        time = body.get("executionTime")
        return SendReceipt(
            invocation_id=_text(body["invocationId"]),
            accepted=body["status"] != "PreviouslyAccepted",
            execution_time=None if time is None else datetime.fromisoformat(time),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _not_restates(request, response) from error


def invocation_id(request: IngressRequest, response: IngressResponse) -> str:
    """What a lookup gave.

    Raises:
        InvalidResponseError: the body is not what Restate answers.
    """
    try:
        return _text(_json_object(response.body)["invocationId"])
    except (KeyError, TypeError) as error:
        raise _not_restates(request, response) from error


def _invocation_failure(
    request: IngressRequest, response: IngressResponse, body: dict[str, Any]
) -> TerminalError:
    code, message = body.get("code"), body.get("message")
    error = received_error(
        message if isinstance(message, str) else _quote(response.body),
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
    request: IngressRequest,
    response: IngressResponse,
    body: dict[str, Any],
    now: Callable[[], datetime],
) -> errors.IngressError:
    status = response.status
    message = body.get("message")
    kind, advice = _kind(request, status)
    if isinstance(message, str):
        text = message.rstrip(".")
    elif status in _HTTPS_OWN:
        text, advice = _quote(response.body) or _HTTPS_OWN[status][0], _HTTPS_OWN[status][1]
    elif kind in _RESTATES_OWN:
        return _not_restates(request, response)
    else:
        text = _quote(response.body)
    return kind(
        f"{request.what}: {status}{': ' if text else ''}{text}; {advice}",
        status=status,
        retry_after=_retry_after(response, now),
    )


# The errors that Restate alone knows the reason of; a proxy may have one for the others.
_RESTATES_OWN = (
    errors.ServiceNotFoundError,
    errors.InvocationNotFoundError,
    errors.IngressBadRequestError,
    errors.InvalidResponseError,
)

# What an HTTP server refuses before anything reads the request, whosever it is: the reason, and
# what to do.
_HTTPS_OWN = {
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

_WRONG_URL = {
    False: "this is not an answer of Restate's ingress: is the client's URL that of the ingress"
    " (port 8080 by default), and not the admin API's?",
    True: "this is not an answer of Restate's admin API: is admin_url that of the admin API"
    " (port 9070 by default), and not the ingress's?",
}


def _kind(request: IngressRequest, status: int) -> tuple[type[errors.IngressError], str]:
    """The error of a status, and what to do about it."""
    if status == 404:
        if request.operation in {Operation.CALL, Operation.SEND}:
            return errors.ServiceNotFoundError, (
                "is an endpoint with this service registered with Restate, in a version that has"
                " the handler?"
            )
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
        return errors.OutcomeUnknownError, (
            "it is safe to repeat"
            if request.repeatable
            else "it may have been processed, so repeating it may do it twice; with an idempotency"
            " key that is safe"
        )
    if status < 400:
        return errors.InvalidResponseError, "it is no answer to that"
    return errors.IngressBadRequestError, "the request cannot succeed as it is"


def _not_restates(
    request: IngressRequest, response: IngressResponse
) -> errors.InvalidResponseError:
    text = _quote(response.body)
    return errors.InvalidResponseError(
        f"{request.what}: {response.status}{': ' if text else ''}{text};"
        f" {_WRONG_URL[request.operation is Operation.ADMIN]}",
        status=response.status,
    )


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a string, got {value!r}")
    return value


def _quote(body: bytes) -> str:
    text = body.decode("utf-8", errors="replace").strip()
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}..."


def _retry_after(response: IngressResponse, now: Callable[[], datetime]) -> float | None:
    value = response.headers.get("retry-after")
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    if date.tzinfo is None:  # "-0000", which is UTC as well
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - now()).total_seconds())
