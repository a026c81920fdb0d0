"""Retry policies: their common fields, checks of the values, and the arithmetic of delays."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = [
    "GiveUp",
    "InvocationRetryPolicy",
    "OnJournalMismatch",
    "OnMaxAttempts",
    "RetryPolicy",
    "attempts_problem",
    "check_policy",
    "delay_after",
    "duration_problem",
    "factor_problem",
]


def factor_problem(value: float) -> str | None:
    """Say what is wrong with the factor of delays and what to write; None if it is right."""
    if 1 <= value < math.inf:
        return None
    return f"is {value:g}; write a number of 1 or more"


def attempts_problem(value: int) -> str | None:
    """Say what is wrong with a number of attempts and what to write; None if it is right."""
    return None if value >= 1 else f"is {value}; write 1 or more, the first attempt counts"


def duration_problem(value: timedelta) -> str | None:
    """Say what is wrong with a delay or a time limit and what to write; None if it is right."""
    return None if value >= timedelta(0) else "is negative; write a duration of zero or more"


def _number_problem(value: object) -> str | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return None if is_number else f"is {value!r}; write a number, such as 2.0"


def _integer_problem(value: object) -> str | None:
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    return None if is_integer else f"is {value!r}; write an integer, such as 3"


def _timedelta_problem(value: object) -> str | None:
    if isinstance(value, timedelta):
        return None
    return f"is {value!r}; write a timedelta, such as timedelta(seconds=3)"


# For each field that policies share: a check of the value's type, and a check of the value.
_DURATION = (_timedelta_problem, duration_problem)
_RULES: dict[str, tuple[Callable[[object], str | None], Callable[[Any], str | None]]] = {
    "initial_interval": _DURATION,
    "factor": (_number_problem, factor_problem),
    "max_interval": _DURATION,
    "max_attempts": (_integer_problem, attempts_problem),
    "max_duration": _DURATION,
}


def check_policy(policy: DataclassInstance, *needed: str) -> None:
    """Check the values of a policy.

    Args:
        policy: a dataclass with some of the fields `initial_interval`, `factor`, `max_interval`,
            `max_attempts` and `max_duration`.
        needed: those of them that cannot be None.

    Raises:
        TypeError: a value is of the wrong type.
        ValueError: a value makes no sense.
    """
    for field in fields(policy):
        name = field.name
        value: Any = getattr(policy, name)
        if name not in _RULES or (value is None and name not in needed):
            continue
        wrong_type, wrong_value = _RULES[name]
        problem = wrong_type(value)
        if problem is not None:
            raise TypeError(f"{type(policy).__name__}: {name} {problem}")
        problem = wrong_value(value)
        if problem is not None:
            raise ValueError(f"{type(policy).__name__}: {name} {problem}")


def delay_after(
    attempts: int, initial_interval: timedelta, factor: float, max_interval: timedelta | None
) -> timedelta:
    """Compute the delay after some failed attempts: each delay is a multiple of the one before.

    Args:
        attempts: how many attempts have failed so far, 1 or more.
        initial_interval: the delay after the first.
        factor: what each delay is multiplied by to give the next; at least 1.
        max_interval: the longest delay; None for no limit.
    """
    longest = max_interval if max_interval is not None else timedelta.max
    try:
        return min(longest, initial_interval * factor ** (attempts - 1))
    except OverflowError:
        return longest if initial_interval else initial_interval


class OnMaxAttempts(Enum):
    """What Restate does with an invocation whose attempts are used up."""

    PAUSE = "PAUSE"
    KILL = "KILL"


class OnJournalMismatch(Enum):
    """What Restate does with an invocation whose code does something other than its journal says.

    PAUSE and FAIL need service protocol v7; on an older one the invocation is retried.
    """

    RETRY = "RETRY"
    """Retry it like any failure, which is the default: code that fits may be deployed meanwhile."""

    PAUSE = "PAUSE"
    """Pause it, until somebody has deployed code that fits and resumes it."""

    FAIL = "FAIL"
    """End it: callers get the error, with code 570. Nothing that it has done is undone."""


@dataclass(frozen=True, slots=True)
class InvocationRetryPolicy:
    """How Restate retries a handler's invocations; unset fields follow the server's defaults.

    Args:
        initial_interval: the delay before the first retry.
        factor: what each delay is multiplied by to give the next; at least 1.
        max_interval: the longest delay.
        max_attempts: how many attempts there are at most, the first one included.
        on_max_attempts: pause the invocation or kill it after the last.

    Raises:
        TypeError: a value is of the wrong type.
        ValueError: a value makes no sense: a factor below 1, say.
    """

    initial_interval: timedelta | None = None
    factor: float | None = None
    max_interval: timedelta | None = None
    max_attempts: int | None = None
    on_max_attempts: OnMaxAttempts | None = None

    def __post_init__(self) -> None:
        check_policy(self)


class GiveUp(Enum):
    """What `RetryPolicy.next_delay` returns when there is no next attempt."""

    GIVE_UP = "GIVE_UP"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often, and after which delays, a failed attempt is repeated.

    In a handler, `ctx.run(..., retry=...)` takes one for its function; the last failure becomes a
    `TerminalError`, or pauses the invocation. Outside, `IngressClient(retry=...)` takes one for its
    requests; the last failure is raised. Without bounds (neither `max_attempts` nor `max_duration`)
    there is no last attempt.

    Args:
        initial_interval: the delay before the first retry.
        factor: what each delay is multiplied by to give the next; at least 1.
        max_interval: the longest delay; None for no limit.
        max_attempts: how many attempts there are at most, the first one included.
        max_duration: how long attempts are made, counted from the first; a later failure is not
            repeated.
        on_max_attempts: for `ctx.run` only: `OnMaxAttempts.PAUSE` pauses the invocation when a
            bound is reached. When somebody resumes it, the function gets a new set of attempts. It
            needs service protocol v7.

    Raises:
        TypeError: a value is of the wrong type.
        ValueError: a value makes no sense: a factor below 1, say, or PAUSE without a bound.
    """

    initial_interval: timedelta = timedelta(milliseconds=50)
    factor: float = 2.0
    max_interval: timedelta | None = timedelta(seconds=10)
    max_attempts: int | None = None
    max_duration: timedelta | None = None
    on_max_attempts: Literal[OnMaxAttempts.PAUSE] | None = None

    def __post_init__(self) -> None:
        check_policy(self, "initial_interval", "factor")
        if self.on_max_attempts is not None:
            self._check_pause()

    def _check_pause(self) -> None:
        if not isinstance(self.on_max_attempts, OnMaxAttempts):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
            raise TypeError(
                f"RetryPolicy: on_max_attempts is {self.on_max_attempts!r}; write "
                "OnMaxAttempts.PAUSE, or leave it out"
            )
        if self.on_max_attempts is not OnMaxAttempts.PAUSE:  # pyright: ignore[reportUnnecessaryComparison]
            raise ValueError(
                f"RetryPolicy: on_max_attempts is {self.on_max_attempts}; leave it out: the last "
                "failure is raised as a TerminalError, which ends an invocation that does not "
                "catch it"
            )
        if not self.ends:
            raise ValueError(
                "RetryPolicy: on_max_attempts=OnMaxAttempts.PAUSE needs a bound; add max_attempts "
                "or max_duration"
            )

    @property
    def ends(self) -> bool:
        """Whether there is a last attempt."""
        return self.max_attempts is not None or self.max_duration is not None

    def next_delay(self, attempts: int, elapsed: timedelta) -> timedelta | GiveUp:
        """Compute the delay before the next attempt.

        Args:
            attempts: how many attempts have failed so far, 1 or more.
            elapsed: the time since the first attempt began.

        Returns:
            The delay, or `GiveUp.GIVE_UP` if a bound is reached.
        """
        if self.max_attempts is not None and attempts >= self.max_attempts:
            return GiveUp.GIVE_UP
        if self.max_duration is not None and elapsed >= self.max_duration:
            return GiveUp.GIVE_UP
        return delay_after(attempts, self.initial_interval, self.factor, self.max_interval)
