"""Retry policies and their arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

__all__ = ["GiveUp", "InvocationRetryPolicy", "OnMaxAttempts", "RetryPolicy"]


class OnMaxAttempts(Enum):
    """What Restate does with an invocation whose attempts are used up."""

    PAUSE = "PAUSE"
    KILL = "KILL"


@dataclass(frozen=True, slots=True)
class InvocationRetryPolicy:
    """How Restate retries a handler's invocations; unset fields follow the server's defaults.

    Args:
        initial_interval: the delay before the first retry.
        factor: what each delay is multiplied by to give the next.
        max_interval: the longest delay.
        max_attempts: how many attempts there are at most, the first one included.
        on_max_attempts: pause the invocation or kill it after the last.
    """

    initial_interval: timedelta | None = None
    factor: float | None = None
    max_interval: timedelta | None = None
    max_attempts: int | None = None
    on_max_attempts: OnMaxAttempts | None = None


class GiveUp(Enum):
    """What `RetryPolicy.next_delay` says when there is no next attempt."""

    GIVE_UP = "GIVE_UP"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How a `ctx.run` function is retried before its failure becomes a `TerminalError`.

    Without bounds (neither `max_attempts` nor `max_duration`) it is retried for ever.

    Args:
        initial_interval: the delay before the first retry.
        factor: what each delay is multiplied by to give the next; at least 1.
        max_interval: the longest delay.
        max_attempts: how many attempts there are at most, the first one included.
        max_duration: how long attempts are made, counted from the first.
    """

    initial_interval: timedelta = timedelta(milliseconds=50)
    factor: float = 2.0
    max_interval: timedelta | None = timedelta(seconds=10)
    max_attempts: int | None = None
    max_duration: timedelta | None = None

    def __post_init__(self) -> None:
        if self.factor < 1:
            raise ValueError(f"RetryPolicy(factor={self.factor}): must be 1 or more")
        if self.max_attempts is not None and self.max_attempts < 1:
            raise ValueError(f"RetryPolicy(max_attempts={self.max_attempts}): must be 1 or more")
        if self.initial_interval < timedelta(0):
            raise ValueError("RetryPolicy(initial_interval=...): must not be negative")

    def next_delay(self, attempts: int, elapsed: timedelta) -> timedelta | GiveUp:
        """The delay before the next attempt.

        Args:
            attempts: how many attempts have failed so far, 1 or more.
            elapsed: the time since the first attempt began.

        Returns:
            The delay, or `GiveUp.GIVE_UP` where a bound is reached.
        """
        if self.max_attempts is not None and attempts >= self.max_attempts:
            return GiveUp.GIVE_UP
        if self.max_duration is not None and elapsed >= self.max_duration:
            return GiveUp.GIVE_UP
        longest = self.max_interval if self.max_interval is not None else timedelta.max
        try:
            return min(longest, self.initial_interval * self.factor ** (attempts - 1))
        except OverflowError:
            return longest
