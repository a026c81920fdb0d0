"""How an attempt fails, in the protocol's terms."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta

__all__ = ["AttemptEnded", "AttemptError", "Code", "MessageTooLargeError", "RelatedCommand"]


class Code(IntEnum):
    """Error codes of the service protocol beside HTTP's."""

    INTERNAL = 500
    JOURNAL_MISMATCH = 570
    PROTOCOL_VIOLATION = 571
    UNSUPPORTED_FEATURE = 573


@dataclass(frozen=True, slots=True)
class RelatedCommand:
    """The command that an error belongs to: its index in the journal, its name and its type."""

    index: int
    name: str
    type: int


@dataclass(frozen=True, slots=True)
class AttemptError:
    """What an attempt that fails tells Restate, which then decides on a retry.

    Args:
        code: an HTTP status code or a `Code`.
        message: what went wrong.
        stacktrace: the traceback of a user's exception.
        related: the command that it belongs to; None for the last one.
        retry_after: the delay until the next attempt, instead of the retry policy's.
    """

    code: int
    message: str
    stacktrace: str = ""
    related: RelatedCommand | None = None
    retry_after: timedelta | None = None


class MessageTooLargeError(ValueError):
    """A handler writes more at once than Restate takes; nothing was written, and it may go on."""


class AttemptEnded(BaseException):
    """This attempt is over: it failed, was suspended, or its connection is gone.

    Raised through the handler by whatever it does next, so that its code stops. It is no
    `Exception`, for a handler's `except Exception` is about the handler's own work.
    """
