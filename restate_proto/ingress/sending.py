"""Sends requests, and repeats them where the policy allows it and it is safe."""

from __future__ import annotations

import asyncio
import random
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from restate_proto.http2 import (
    ConnectError,
    ConnectionLostError,
    MalformedResponseError,
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
from restate_proto.ingress.responses import failure

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from restate_proto.errors import RestateError
    from restate_proto.ingress.requests import IngressRequest
    from restate_proto.ingress.responses import IngressResponse
    from restate_proto.ingress.retry import IngressRetryPolicy

__all__ = ["Sender", "Transport"]


class Transport(Protocol):
    """What sends one HTTP request: `restate_proto.http2.Http2Client`."""

    async def request(
        self, method: str, path: str, headers: Sequence[tuple[bytes, bytes]], body: bytes
    ) -> IngressResponse:
        """Send a request and wait for its response; raises `Http2Error`."""
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...


class Sender:
    """Sends requests to one server.

    Args:
        transport: sends one request; its errors name the server's URL.
        headers: headers for every request that does not have them itself.
        policy: when to repeat requests; None never does.
        clock: the time in seconds, from any start.
        now: the time of day.
        sleep: waits for some seconds.
        chance: a random number from 0 to 1.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        headers: Sequence[tuple[bytes, bytes]] = (),
        policy: IngressRetryPolicy | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._transport = transport
        self._headers = tuple(headers)
        self._policy = policy
        self._clock = clock
        self._now = now
        self._sleep = sleep
        self._chance = chance

    async def send(self, request: IngressRequest) -> IngressResponse:
        """Send a request until it succeeds or may not be repeated.

        Returns:
            The response of a success.

        Raises:
            TerminalError: the invocation failed.
            IngressError: the request failed otherwise; from its last attempt.
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
            delay = self._policy.next_delay(attempts, elapsed, error.retry_after, self._chance)
            if delay is None:
                error.add_note(f"(gave up after {attempts} attempts in {elapsed:.3f} s)")
                raise error
            await self._sleep(delay)

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.close()

    async def _attempt(
        self, request: IngressRequest
    ) -> tuple[IngressResponse | None, RestateError | None]:
        try:
            response = await self._transport.request(
                request.method,
                request.path,
                self._merged(request.headers),
                request.body,
            )
        except (
            ConnectError,
            ConnectionLostError,
            StreamResetError,
            MalformedResponseError,
            ResponseTooLargeError,
        ) as cause:
            error = self._lost(request, cause)
            error.__cause__ = cause
            return None, error
        return response, failure(request, response, self._now)

    def _merged(self, headers: Sequence[tuple[bytes, bytes]]) -> Sequence[tuple[bytes, bytes]]:
        if not self._headers:
            return headers
        own = {name for name, _ in headers}
        return (*headers, *((name, value) for name, value in self._headers if name not in own))

    def _lost(self, request: IngressRequest, cause: Exception) -> IngressError:
        if isinstance(cause, ConnectError):
            return IngressUnreachableError(f"{request.what}: {cause}; is Restate running there?")
        if isinstance(cause, StreamResetError) and cause.unprocessed:
            return IngressUnreachableError(
                f"{request.what}: refused and not processed: {cause}; it is safe to repeat"
            )
        if isinstance(cause, ResponseTooLargeError | MalformedResponseError):
            return InvalidResponseError(f"{request.what}: {cause}")
        advice = (
            "it is safe to repeat"
            if request.repeatable
            else "it may have been processed, so repeating it may do it twice; with an idempotency"
            " key that is safe"
        )
        return OutcomeUnknownError(
            f"{request.what}: sent, but the answer was lost: {cause}; {advice}"
        )


def _may_repeat(request: IngressRequest, error: IngressError) -> bool:
    if isinstance(error, IngressUnreachableError):
        return True
    return request.repeatable and isinstance(error, OutcomeUnknownError | IngressOverloadedError)
