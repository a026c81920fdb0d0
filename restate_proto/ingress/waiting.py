"""Wait for a result for a limited time; the error says how to wait longer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from restate_proto.ingress.errors import WaitTimeoutError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import timedelta

__all__ = ["wait_at_most"]

T = TypeVar("T")


async def wait_at_most(
    limit: timedelta, result: Awaitable[T], what: str, handle: Callable[[], Any]
) -> T:
    """Wait for a result. When the time is over, only the request is given up: the work goes on.

    Args:
        limit: how long to wait.
        result: the coroutine that returns the result.
        what: the request in words, for the error.
        handle: makes the handle of the invocation; None if nothing identifies it.

    Raises:
        WaitTimeoutError: the result did not arrive in time.
    """
    seconds = limit.total_seconds()
    deadline = asyncio.timeout(seconds)
    try:
        async with deadline:
            return await result
    except TimeoutError:
        if not deadline.expired():
            raise  # somebody else's timeout
    found = handle()
    if found is None:
        advice = "with an idempotency_key, the error's handle could wait longer"
    else:
        advice = "attach() of the error's handle waits longer"
    raise WaitTimeoutError(
        f"{what}: no result within {seconds:g} s (wait_for); an invocation that has begun goes on;"
        f" {advice}",
        handle=found,
    ) from None
