"""The errors of requests to Restate's ingress and admin API.

A failed invocation does not raise one of these, but the `TerminalError` that its handler ended
with. These errors mean that a request did not get that far, or that its answer was lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from restate_proto.errors import RestateError

if TYPE_CHECKING:
    from datetime import timedelta

__all__ = [
    "IngressBadRequestError",
    "IngressError",
    "IngressOverloadedError",
    "IngressUnauthorizedError",
    "IngressUnreachableError",
    "InvalidResponseError",
    "InvocationNotFoundError",
    "InvocationNotReadyError",
    "OutcomeUnknownError",
    "ServiceNotFoundError",
    "WaitTimeoutError",
]


class IngressError(RestateError):
    """Base of the errors of requests to the ingress and to the admin API.

    Args:
        message: the request, what happened, and what to do about it.
        status: the HTTP status of the answer; None without an answer.
        reason: the reason in Restate's own words, or the answer itself if it is not Restate's; None
            without an answer.
        retry_after: how long the answer asks to wait before the next try, if it does.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        reason: str | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.retry_after = retry_after


class IngressUnreachableError(IngressError):
    """The ingress did not process the request: there was no connection, or it was refused.

    It is safe to repeat the request.
    """


class OutcomeUnknownError(IngressError):
    """It is unknown whether the request was processed: the answer was lost, or is a 5xx.

    Repeating the request is safe if it had an idempotency key, submitted a workflow or only read
    something. Otherwise the handler may run twice.
    """


class WaitTimeoutError(IngressError, TimeoutError):
    """The result did not arrive within `wait_for`. The invocation itself goes on.

    Args:
        message: what was waited for, how long, and how to wait longer.
        handle: the handle of the invocation, whose `attach` waits longer: an
            `IngressInvocationHandle`, or a `SyncInvocationHandle` from a `SyncIngressClient`. None
            for a call without an idempotency key, which cannot be found again.
    """

    def __init__(self, message: str, *, handle: Any) -> None:
        super().__init__(message)
        self.handle = handle


class IngressOverloadedError(IngressError):
    """The ingress asks for fewer requests (429)."""


class IngressBadRequestError(IngressError):
    """The ingress refuses the request because it is wrong (400, 405, 413, 415, 431, ...)."""


class IngressUnauthorizedError(IngressError):
    """The ingress, or a proxy before it, asks for other credentials (401, 403, 407)."""


class ServiceNotFoundError(IngressError):
    """There is no such service, or it has no such handler."""


class InvocationNotFoundError(IngressError):
    """There is no such invocation, or its result is no longer kept."""


class InvocationNotReadyError(IngressError):
    """The invocation has not ended yet, so there is no output to read."""


class InvalidResponseError(IngressError):
    """The answer is not Restate's, or not a message of the expected type."""
