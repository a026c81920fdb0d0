"""When requests to the ingress are repeated, and after which delay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from restate_proto.model.retry import check_policy, delay_after

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["IngressRetryPolicy"]


@dataclass(frozen=True, slots=True)
class IngressRetryPolicy:
    """How an `IngressClient` repeats requests whose failure is not their invocation's.

    A request that the ingress has not processed (no connection, refused) is repeated always. One
    whose outcome is unknown (connection lost, 429, 5xx of the ingress) is repeated only where
    doing it twice is the same as doing it once: with an idempotency key, to submit a workflow,
    to attach, to read an output, to cancel. What a handler failed with is never retried.

    Args:
        max_attempts: how many attempts there are at most, the first one included.
        initial_interval: the delay before the first retry.
        factor: what each delay is multiplied by to give the next; at least 1.
        max_interval: the longest delay, but for jitter and for a longer `Retry-After`.
        jitter: which part of each delay is left to chance: 0.2 makes it 80 to 120 percent.
        max_duration: how long after the first attempt began the last one may begin.

    Raises:
        TypeError: a value is of the wrong type.
        ValueError: a value makes no sense: a factor below 1, say.
    """

    max_attempts: int = 6
    initial_interval: timedelta = timedelta(milliseconds=250)
    factor: float = 2.0
    max_interval: timedelta = timedelta(seconds=3)
    jitter: float = 0.2
    max_duration: timedelta | None = timedelta(seconds=60)

    def __post_init__(self) -> None:
        needed = ("max_attempts", "initial_interval", "factor", "max_interval", "jitter")
        check_policy(self, *needed)

    def next_delay(
        self,
        attempts: int,
        elapsed: float,
        retry_after: float | None,
        random: Callable[[], float],
    ) -> float | None:
        """The delay before the next attempt.

        Args:
            attempts: how many attempts have failed so far, 1 or more.
            elapsed: the seconds since the first attempt began.
            retry_after: the seconds that the last answer asked to wait, if it did.
            random: gives a number from 0 to 1.

        Returns:
            The delay in seconds, or None where no further attempt fits the bounds.
        """
        if attempts >= self.max_attempts:
            return None
        grown = delay_after(attempts, self.initial_interval, self.factor, self.max_interval)
        delay = grown.total_seconds() * (1 + self.jitter * (2 * random() - 1))
        if retry_after is not None:
            delay = max(delay, retry_after)
        if self.max_duration is not None and elapsed + delay > self.max_duration.total_seconds():
            return None
        return delay
