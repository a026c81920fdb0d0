"""Send requests over HTTP/2, and repeat them if the policy allows it and it is safe.

A request that was not processed (no connection, refused) can always be repeated. One whose outcome
is unknown (connection lost, 408, 425, 429, 5xx) is repeated only if doing it twice has the same
effect as doing it once: a call with an idempotency key, the submission of a workflow, an attach, an
output, a cancellation. Failures of handlers are never repeated, because Restate has retried them
already.
"""

from __future__ import annotations

import asyncio
import inspect
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Protocol

from restate_proto.http2.errors import (
    ConnectError,
    ConnectionLostError,
    MalformedResponseError,
    PoolTimeoutError,
    ResponseTimeoutError,
    ResponseTooLargeError,
    StreamResetError,
)
from restate_proto.ingress.errors import (
    IngressError,
    IngressOverloadedError,
    IngressUnreachableError,
    InvalidResponseError,
    OutcomeUnknownError,
)
from restate_proto.ingress.requests import checked_headers, invocation_action_request
from restate_proto.ingress.responses import read_failure, repeat_advice
from restate_proto.model.retry import GiveUp

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from restate_proto.errors import RestateError
    from restate_proto.ingress.requests import AdminAction, Fields, HeaderSource, HttpRequest
    from restate_proto.ingress.responses import HttpResponse
    from restate_proto.model.retry import RetryPolicy

__all__ = ["HttpSender", "Sender", "Senders", "Transport"]

_JITTER: Final = 0.2
"""The random fraction of each delay, so that clients that failed together come back apart."""


class Sender(Protocol):
    """Sends requests to one server."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request.

        Returns:
            The response, if the request succeeded.

        Raises:
            TerminalError: the invocation failed.
            IngressError: the request failed otherwise.
        """
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...


@dataclass(frozen=True, slots=True)
class Senders:
    """The senders that an `IngressClient` and its handles use.

    Args:
        ingress: sends requests to the ingress.
        admin: sends requests to the admin API; None if its address is not known.
        wait_for: how long to wait for a result by default; None waits for ever.
    """

    ingress: Sender
    admin: Sender | None
    wait_for: timedelta | None

    async def act(self, action: AdminAction, invocation_id: str) -> bool:
        """Ask the admin API to act on an invocation.

        Returns:
            False if it has ended already, or, for a purge, has not ended yet.

        Raises:
            InvocationNotFoundError: there is no such invocation.
            IngressError: the request failed otherwise, or the admin API's address is not known.
        """
        request = invocation_action_request(action, invocation_id)
        if self.admin is None:
            raise IngressError(
                f"{request.what}: this needs Restate's admin API; pass its address, as in"
                " IngressClient(base_url, admin_url='http://127.0.0.1:9070')"
            )
        try:
            await self.admin.send(request)
        except IngressError as error:
            if error.status == HTTPStatus.CONFLICT:
                return False
            raise
        return True

    async def close(self) -> None:
        """Close all connections."""
        await self.ingress.close()
        if self.admin is not None:
            await self.admin.close()


class Transport(Protocol):
    """Sends single HTTP requests; `restate_proto.http2.Http2Client` is one."""

    async def request(
        self,
        method: str,
        path: str,
        headers: Sequence[tuple[bytes, bytes]],
        body: bytes,
        *,
        timeout: float | None,  # noqa: ASYNC109 - begins when the request is sent
    ) -> HttpResponse:
        """Send a request and wait for its response; raises `Http2Error`."""
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...


class HttpSender:
    """Sends requests to one server over HTTP/2.

    Args:
        transport: sends one request; its errors name the server's URL.
        headers: headers for every request that does not have them itself, or a function that
            returns them.
        policy: when to repeat requests; None never does.
        answer_timeout: how long answers may take to requests that do not wait for a handler; None
            waits for ever.
        clock: returns the time in seconds, from any start.
        now: returns the time of day.
        sleep: waits for some seconds.
        chance: returns a random number from 0 to 1.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        headers: Sequence[tuple[bytes, bytes]] | HeaderSource = (),
        policy: RetryPolicy | None = None,
        answer_timeout: timedelta | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._transport = transport
        self._headers = headers
        self._policy = policy
        self._answer_timeout = answer_timeout.total_seconds() if answer_timeout else None
        self._clock = clock
        self._now = now
        self._sleep = sleep
        self._chance = chance

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request until it succeeds or may not be repeated.

        Returns:
            The response of a success.

        Raises:
            TerminalError: the invocation failed.
            IngressError: the request failed otherwise; the error is that of the last attempt.
        """
        started = self._clock()
        attempts = 0
        while True:
            response, error = await self._attempt(request)
            if error is None:
                assert response is not None
                return response
            attempts += 1
            if (
                self._policy is None
                or not isinstance(error, IngressError)
                or not _may_repeat(request, error)
            ):
                raise error
            elapsed = self._clock() - started
            delay = self._delay(self._policy, attempts, elapsed, error.retry_after)
            if delay is None:
                error.add_note(f"(gave up after {attempts} attempts in {elapsed:.3f} s)")
                raise error
            await self._sleep(delay)

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.close()

    async def _attempt(
        self, request: HttpRequest
    ) -> tuple[HttpResponse | None, RestateError | None]:
        fields = request.headers
        if self._headers:
            fields = _with_headers(fields, await self._common_headers())
        timeout = None if request.operation.waits_for_handler else self._answer_timeout
        try:
            response = await self._transport.request(
                request.method, request.path, fields, request.body, timeout=timeout
            )
        except (
            ConnectError,
            ConnectionLostError,
            StreamResetError,
            MalformedResponseError,
            ResponseTimeoutError,
            ResponseTooLargeError,
        ) as cause:
            error = _unanswered(request, cause)
            error.__cause__ = cause
            return None, error
        return response, read_failure(request, response, self._now)

    async def _common_headers(self) -> Sequence[tuple[bytes, bytes]]:
        if not callable(self._headers):
            return self._headers
        given = self._headers()
        return checked_headers(await given if inspect.isawaitable(given) else given)

    def _delay(
        self, policy: RetryPolicy, attempts: int, elapsed: float, retry_after: timedelta | None
    ) -> float | None:
        """Return the seconds before the next attempt; None if there is none, or not in time."""
        planned = policy.next_delay(attempts, timedelta(seconds=elapsed))
        if isinstance(planned, GiveUp):
            return None
        delay = planned.total_seconds() * (1 + _JITTER * (2 * self._chance() - 1))
        if retry_after is not None:
            delay = max(delay, retry_after.total_seconds())
        limit = policy.max_duration
        # A caller waits for this, so the last delay is skipped if no attempt may follow it.
        if limit is not None and elapsed + delay > limit.total_seconds():
            return None
        return delay


def _with_headers(fields: Fields, more: Sequence[tuple[bytes, bytes]]) -> Fields:
    own = {name for name, _ in fields}
    return (*fields, *((name, value) for name, value in more if name not in own))


def _unanswered(request: HttpRequest, cause: Exception) -> IngressError:
    """Make the error of a request that got no response."""
    if isinstance(cause, PoolTimeoutError):
        return IngressUnreachableError(
            f"{request.what}: not sent: {cause}; make fewer calls at once, or raise max_connections"
            " or pool_timeout of ClientLimits"
        )
    if isinstance(cause, ConnectError):
        return IngressUnreachableError(f"{request.what}: {cause}; is Restate running there?")
    if isinstance(cause, StreamResetError) and cause.unprocessed:
        return IngressUnreachableError(
            f"{request.what}: refused and not processed: {cause}; it is safe to repeat"
        )
    if isinstance(cause, ResponseTooLargeError | MalformedResponseError):
        return InvalidResponseError(f"{request.what}: {cause}")
    return OutcomeUnknownError(
        f"{request.what}: sent, but the answer was lost: {cause}; {repeat_advice(request)}"
    )


def _may_repeat(request: HttpRequest, error: IngressError) -> bool:
    if isinstance(error, IngressUnreachableError):
        return True
    return request.repeatable and isinstance(error, OutcomeUnknownError | IngressOverloadedError)
