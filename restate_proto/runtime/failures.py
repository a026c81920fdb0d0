"""Turns Python exceptions into failures of the protocol, and back."""

from __future__ import annotations

import traceback
from typing import cast

from typing_extensions import TypeIs

from restate_proto.errors import RetryableError, TerminalError
from restate_proto.model.error_types import received_error
from restate_proto.protocol import AttemptError, Failure

__all__ = [
    "describe_error",
    "format_traceback",
    "is_group",
    "to_attempt_error",
    "to_error",
    "to_failure",
]

_MOST_MEMBERS = 5


def to_error(failure: Failure) -> TerminalError:
    """The error that a recorded failure is raised as."""
    return received_error(failure.message, failure.code, dict(failure.metadata))


def to_failure(error: TerminalError) -> Failure:
    """What is recorded of an error.

    It is recorded whatever its parts are: subclasses that do not call `TerminalError.__init__` have
    none, and attributes can be set to anything. A terminal error that could not be recorded would be
    retried, with all that the failed function has done.
    """
    message: object = getattr(error, "message", None)
    code: object = getattr(error, "code", None)
    metadata: object = getattr(error, "metadata", None)
    return Failure(
        code if isinstance(code, int) else 500,
        message if isinstance(message, str) else describe_error(error),
        tuple(
            (key, value)
            for key, value in cast("dict[object, object]", metadata).items()
            if isinstance(key, str) and isinstance(value, str)
        )
        if isinstance(metadata, dict)
        else (),
    )


def to_attempt_error(error: BaseException, *, expose_traceback: bool) -> AttemptError:
    """What Restate is told of an exception that it answers with a retry."""
    stacktrace = format_traceback(error) if expose_traceback else ""
    if isinstance(error, RetryableError):
        return AttemptError(error.code, error.message, stacktrace, retry_after=error.retry_after)
    return AttemptError(500, describe_error(error), stacktrace)


def format_traceback(error: BaseException) -> str:
    """An exception with its traceback, as Python prints it."""
    return "".join(traceback.format_exception(error))


def describe_error(error: BaseException) -> str:
    """An exception's type and its text."""
    try:
        text = str(error)
    except BaseException:  # noqa: BLE001 - the class is a user's
        text = "(its text cannot be made: __str__ raises)"
    if is_group(error):  # of asyncio.TaskGroup's, whose own text says nothing
        text = f"{text}: {'; '.join(map(describe_error, error.exceptions[:_MOST_MEMBERS]))}"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def is_group(error: BaseException) -> TypeIs[BaseExceptionGroup[BaseException]]:
    """Whether an exception is a group of others."""
    return isinstance(error, BaseExceptionGroup)
