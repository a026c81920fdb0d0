"""Convert Python exceptions into failures of the service protocol, and back."""

from __future__ import annotations

import traceback
from collections.abc import Awaitable
from typing import TYPE_CHECKING, TypeVar, cast

from typing_extensions import TypeIs

from restate_proto.errors import RetryableError, TerminalError, checked_code
from restate_proto.model.arguments import wrong_type
from restate_proto.model.error_types import received_error
from restate_proto.protocol import AttemptError, Failure

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "DEFAULT_CODE",
    "describe_error",
    "first_of",
    "format_traceback",
    "rejection",
    "terminal_group",
    "to_attempt_error",
    "to_error",
    "to_failure",
]

DEFAULT_CODE = 500
"""The code of a rejection that is given without one."""

E = TypeVar("E", bound=BaseException)

_MOST_MEMBERS = 5

_OF_ANOTHER_LOOP = "is bound to a different event loop"
"""The end of asyncio's text where a Lock, Queue or Event was waited for on another loop before."""

_ONE_FOR_EACH = (
    "it belongs to the invocation that waited for it first. Make one for each invocation, in the "
    "handler; what invocations share belongs in a virtual object"
)

_NOT_YET = "this is not the result yet: await it first"


def to_error(failure: Failure) -> TerminalError:
    """Return the error to raise for a recorded failure."""
    return received_error(failure.message, failure.code, dict(failure.metadata))


def to_failure(error: TerminalError) -> Failure:
    """Return the failure to record for an error.

    Any error can be recorded, whatever its attributes are: a subclass that does not call
    `TerminalError.__init__` has none of them, and they can be set to anything. A terminal error
    that could not be recorded would be retried, and everything that the failed function did would
    be repeated.
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


def rejection(where: str, reason: str | TerminalError, code: int) -> Failure:
    """Return the failure that rejects an awakeable, a signal or a promise.

    Args:
        where: the call, for error texts.
        reason: a text, or the error itself, with its code, its metadata and its detail.
        code: the HTTP status code for a text.

    Raises:
        TypeError: the reason is neither, or a code is given beside an error.
        ValueError: the code is not 400 to 599.
    """
    if isinstance(reason, TerminalError):
        if code != DEFAULT_CODE:
            raise TypeError(
                f"{where}(code={code}): the TerminalError has a code; leave this one out"
            )
        return to_failure(reason)
    if not isinstance(reason, str):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
        raise wrong_type(where, "reason", reason, "a str or a TerminalError")
    return Failure(checked_code(where, code), reason)


def to_attempt_error(error: BaseException, *, expose_traceback: bool) -> AttemptError:
    """Return what to tell Restate of an exception that it should answer with a retry."""
    stacktrace = format_traceback(error) if expose_traceback else ""
    says_when = first_of(RetryableError, error)
    if says_when is None:
        return AttemptError(500, describe_error(error), stacktrace)
    text = says_when.message if says_when is error else describe_error(error)
    return AttemptError(says_when.code, text, stacktrace, retry_after=says_when.retry_after)


def format_traceback(error: BaseException) -> str:
    """Format an exception with its traceback, as Python prints it."""
    return "".join(traceback.format_exception(error))


def describe_error(error: BaseException) -> str:
    """Return an exception's type and text."""
    try:
        text = str(error)
    except BaseException:  # noqa: BLE001 - the class is a user's
        text = "(its text cannot be made: __str__ raises)"
    if isinstance(error, RuntimeError) and text.endswith(_OF_ANOTHER_LOOP):
        text = f"{text}: {_ONE_FOR_EACH}"
    if isinstance(error, AttributeError) and isinstance(error.obj, Awaitable):
        text = f"{text}: {_NOT_YET}"
    if _is_group(error):  # the text of a group says nothing about the errors in it
        text = f"{text}: {'; '.join(map(describe_error, error.exceptions[:_MOST_MEMBERS]))}"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def terminal_group(
    error: BaseException, converted: Callable[[BaseException], BaseException]
) -> BaseException:
    """Return the first `TerminalError` of a group of nothing else, or else the exception.

    Args:
        error: the exception.
        converted: gives what one that is no group counts as.
    """
    if not _is_group(error):
        return converted(error)
    ends = [terminal_group(member, converted) for member in error.exceptions]
    return ends[0] if all(isinstance(end, TerminalError) for end in ends) else error


def first_of(kind: type[E], error: BaseException) -> E | None:
    """Return an exception if it is of a kind, or the first such of a group; None if there is none.

    Args:
        kind: the kind.
        error: the exception.
    """
    if isinstance(error, kind):
        return error
    members = error.exceptions if _is_group(error) else ()
    return next((found for each in members if (found := first_of(kind, each)) is not None), None)


def _is_group(error: BaseException) -> TypeIs[BaseExceptionGroup[BaseException]]:
    return isinstance(error, BaseExceptionGroup)
