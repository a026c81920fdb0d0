"""What can go wrong between a program and Restate's ingress, or its admin API.

The failure of an invocation is none of these: it is raised as the `TerminalError` that its handler
ended with. These are about the request that never got that far, or about an answer that was lost.
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
        message: what was asked for, what happened, and what to do about it.
        status: the HTTP status of the answer; None where there was no answer.
        reason: why, in Restate's own words, or the answer itself where it is not Restate's; None
            where there was no answer.
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
    """Nobody can say whether the request was processed: the answer was lost, or is a 5xx.

    Where the request had an idempotency key, or submitted a workflow, or only read something, it
    is safe to repeat it. Else it may run twice.
    """


class WaitTimeoutError(IngressError, TimeoutError):
    """The result was not there within `wait_for`. The wait has ended, and the work goes on.

    Args:
        message: what was waited for, how long, and how to go on.
        handle: the handle of the invocation, whose `attach` waits on: an `IngressInvocationHandle`,
            or a `SyncInvocationHandle` from a `SyncIngressClient`. None where nothing names the
            invocation: a call without an idempotency key.
    """

    def __init__(self, message: str, *, handle: Any) -> None:
        super().__init__(message)
        self.handle = handle


class IngressOverloadedError(IngressError):
    """The ingress asks for fewer requests (429)."""


class IngressBadRequestError(IngressError):
    """The ingress refuses the request as it is (400, 405, 413, 415, 431, ...)."""


class IngressUnauthorizedError(IngressError):
    """The ingress, or a proxy before it, wants other credentials (401, 403, 407)."""


class ServiceNotFoundError(IngressError):
    """There is no such service, or it has no such handler."""


class InvocationNotFoundError(IngressError):
    """There is no such invocation, or its result is no longer kept."""


class InvocationNotReadyError(IngressError):
    """The invocation has not ended yet, so there is no output to read."""


class InvalidResponseError(IngressError):
    """The answer makes no sense: not Restate's, or not a message of the expected type."""
