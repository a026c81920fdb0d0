"""What interceptors are told: the attempts, handlers, runs and calls that their hooks are called for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restate_proto.model.target import Target

__all__ = [
    "AttemptInfo",
    "AttemptOutcome",
    "ClientCall",
    "EndedAttempt",
    "HandlerCall",
    "OutgoingCall",
    "RunCall",
]


class AttemptOutcome(StrEnum):
    """How an attempt has ended."""

    COMPLETED = "completed"
    """The handler has returned: the invocation has ended."""
    FAILED = "failed"
    """The handler has raised a `TerminalError`: the invocation has ended."""
    SUSPENDED = "suspended"
    """The handler waits. Restate starts another attempt when it can go on."""
    ERROR = "error"
    """The attempt has failed. Restate retries it, or pauses or ends the invocation."""
    MISMATCH = "mismatch"
    """The code does something other than its journal says: error 570."""
    ABORTED = "aborted"
    """The stream was cut off, by Restate or by the end of the process."""


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class AttemptInfo:
    """One attempt of an invocation; all hooks that are called for it get the same object.

    Args:
        invocation_id: the invocation's id, `inv_...`.
        target: the handler, with the object key or workflow id.
        number: the number of the attempt, from 1; it starts again at 1 when the journal has grown.
        known_entries: how many entries of the journal the attempt replays, its input among them.
        headers: the headers of the caller; names are found in any case.
        attempt_headers: the headers of Restate's HTTP request for this attempt, likewise.
        is_repetition: whether development mode is repeating an attempt. All hooks but those of
            runs are called again, so a hook that reports to others may leave these out.
    """

    invocation_id: str
    target: Target
    number: int
    known_entries: int
    headers: Mapping[str, str]
    attempt_headers: Mapping[str, str]
    is_repetition: bool


@dataclass(frozen=True, slots=True)
class HandlerCall:
    """A handler that is about to run.

    Args:
        attempt: the attempt.
        context: the handler's context.
        request: its request.
    """

    attempt: AttemptInfo
    context: Any
    request: Any


@dataclass(frozen=True, slots=True)
class RunCall:
    """A function of `ctx.run` that is about to be executed.

    Args:
        attempt: the attempt.
        name: the name of the run.
        retries: how many executions have failed so far, as far as Restate knows.
    """

    attempt: AttemptInfo
    name: str
    retries: int


@dataclass(frozen=True, slots=True)
class OutgoingCall:
    """A call or one-way message that a handler is about to make.

    Args:
        attempt: the attempt that makes it.
        target: the handler that is called.
        is_message: whether it is a one-way message.
        headers: the headers of the call; a hook may add some. They are part of the journal, so
            every attempt has to add the same ones.
    """

    attempt: AttemptInfo
    target: Target
    is_message: bool
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class ClientCall:
    """A call or one-way message that an ingress client is about to make.

    Args:
        target: the handler that is called.
        is_message: whether it is a one-way message.
        headers: headers that are sent in addition to those of the caller; a hook may add some.
    """

    target: Target
    is_message: bool
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class EndedAttempt:
    """An attempt that has ended.

    Args:
        attempt: the attempt.
        outcome: how it has ended.
        error: the exception that ended it, or None.
        code: the code of its failure, of whichever kind; None if it has not failed.
        message: the text of its failure; "" if it has not failed.
        seconds: how long it took, waits included.
        bytes_received: how many bytes Restate sent for it: its journal and what came later.
        bytes_sent: how many bytes it answered with.
    """

    attempt: AttemptInfo
    outcome: AttemptOutcome
    error: BaseException | None
    code: int | None
    message: str
    seconds: float
    bytes_received: int
    bytes_sent: int
