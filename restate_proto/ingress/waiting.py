"""Waits for a result for a limited time, and says how to wait on."""

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
    """Wait for a result. The end of the wait is no end of the work: the request alone is given up.

    Args:
        limit: how long to wait.
        result: what gives the result.
        what: what is waited for, for the error.
        handle: makes the handle of the invocation; None where nothing names it.

    Raises:
        WaitTimeoutError: the result was not there in time.
    """
    seconds = limit.total_seconds()
    deadline = asyncio.timeout(seconds)
    try:
        async with deadline:
            return await result
    except TimeoutError:
        if not deadline.expired():
            raise  # it is another's
    found = handle()
    if found is None:
        advice = "nothing names it, so nobody can wait on: with an idempotency_key, the error's handle can"
    else:
        advice = "attach() of the error's handle waits on"
    raise WaitTimeoutError(
        f"{what}: no result within {seconds:g} s (wait_for); an invocation that has begun goes on;"
        f" {advice}",
        handle=found,
    ) from None
