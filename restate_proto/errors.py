"""The errors that users raise and catch."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "RestateError",
    "RetryableError",
    "TerminalError",
    "checked_code",
    "received_error",
]


class RestateError(Exception):
    """Base of every error that this library raises on purpose."""


class TerminalError(RestateError):
    """Ends the invocation: Restate records it as the result and does not retry.

    Raise it in a handler or in a `ctx.run` function. A caller, in any language, receives it as
    the failure of its call; there it is raised again as a `TerminalError`.

    Args:
        message: what went wrong, for the caller to read.
        code: an HTTP status code, 400 to 599; it is the response's status for an outside caller.
        metadata: more about the error as strings; it travels with service protocol v6 and newer.

    Attributes:
        message: as given.
        code: as given. Of an error that a call, the journal or the ingress gave, it is what the
            other party wrote, whatever number that is; passed on, a number that is none of 400 to
            599 becomes 500.
        metadata: as given.
        selected: where a `select` raised the error, the name that it gives to what failed.

    Raises:
        TypeError: the code is no integer.
        ValueError: the code is not 400 to 599.
    """

    selected: str | None = None

    def __init__(
        self, message: str, *, code: int = 500, metadata: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        if metadata is not None and not hasattr(metadata, "items"):
            raise TypeError(
                f"TerminalError(metadata={metadata!r}): must be a mapping of str to str"
            )
        # People write TerminalError(exception), and numbers into metadata. A failure that could not
        # be recorded would be retried for ever.
        self.message = str(message)
        self.code = checked_code("TerminalError", code)
        self.metadata = {str(key): str(value) for key, value in (metadata or {}).items()}

    def __str__(self) -> str:
        return f"[{self.code}] {self.message}"


class RetryableError(RestateError):
    """Fails this attempt; Restate retries the invocation (or the `ctx.run` function).

    Every exception that is not a `TerminalError` does the same; this one says when.

    Args:
        message: what went wrong; shown by the Restate UI and CLI.
        retry_after: the delay before the next attempt, instead of the retry policy's.
        code: an HTTP status code, 400 to 599, that describes the failure.

    Raises:
        TypeError: the code is no integer, or `retry_after` no timedelta.
        ValueError: the code is not 400 to 599.
    """

    def __init__(
        self, message: str, *, retry_after: timedelta | None = None, code: int = 500
    ) -> None:
        super().__init__(message)
        if not isinstance(retry_after, timedelta | None):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
            raise TypeError(f"RetryableError(retry_after={retry_after!r}): must be a timedelta")
        self.message = str(message)
        self.retry_after = retry_after
        self.code = checked_code("RetryableError", code)


def checked_code(where: str, code: int) -> int:
    """The code of an error that is about to be made.

    It becomes the status of an HTTP response. One below 400 is no error there: 101 would switch
    protocols, and 204 has no body.

    Args:
        where: what takes the code, for the message.
        code: an HTTP status code.

    Raises:
        TypeError: it is no integer.
        ValueError: it is not 400 to 599.
    """
    if not isinstance(code, int) or isinstance(code, bool):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
        raise TypeError(f"{where}(code={code!r}): must be an HTTP status code, such as 409")
    if not 400 <= code <= 599:
        raise ValueError(
            f"{where}(code={code}): must be the HTTP status code of an error, 400 to 599"
        )
    return int(code)  # of an http.HTTPStatus, too


def received_error(message: str, code: int, metadata: Mapping[str, str]) -> TerminalError:
    """The failure that another party has written, with the code that it has, in range or not."""
    error = TerminalError(message, metadata=metadata)
    error.code = code
    return error
