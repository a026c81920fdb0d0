"""The ways in which an attempt or an operation fails, as objects and as protocol messages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from datetime import timedelta

__all__ = [
    "AttemptEnded",
    "AttemptError",
    "Code",
    "ErrorBehavior",
    "Failure",
    "MessageTooLargeError",
    "RelatedCommand",
    "ViolationError",
    "cut_short_error",
    "wire_code",
]

_BEHAVIORS = (pb.RETRY, pb.PAUSE, pb.FAIL)
_MAX_TEXT = 2**20
_MAX_METADATA = 8 * 2**20


class Code(IntEnum):
    """The service protocol's own error codes, in addition to HTTP's."""

    INTERNAL = 500
    JOURNAL_MISMATCH = 570
    PROTOCOL_VIOLATION = 571
    UNSUPPORTED_FEATURE = 573


class ErrorBehavior(IntEnum):
    """What Restate should do after a failed attempt; since protocol v7.

    The numbers are the protocol's.
    """

    RETRY = pb.RETRY  # retry, as the invocation's retry policy says
    PAUSE = pb.PAUSE  # wait until a person resumes the invocation
    FAIL = pb.FAIL  # end the invocation: the error is its result


@dataclass(frozen=True, slots=True)
class RelatedCommand:
    """The command that an error belongs to: its index in the journal, its name and its type."""

    index: int
    name: str
    type: int


@dataclass(frozen=True, slots=True)
class AttemptError:
    """What a failed attempt tells Restate, which then decides whether to retry.

    Args:
        code: an HTTP status code or a `Code`.
        message: what went wrong.
        stacktrace: the traceback of a user's exception.
        related: the command that it belongs to; None for the last one.
        retry_after: the delay until the next attempt, in place of the retry policy's.
        behavior: what Restate should do; up to v6 it always retries.
        line: the line of the user's code that the handler was at, as `file:line`; Restate does not
            get it. None if no line is known.
    """

    code: int
    message: str
    stacktrace: str = ""
    related: RelatedCommand | None = None
    retry_after: timedelta | None = None
    behavior: ErrorBehavior = ErrorBehavior.RETRY
    line: str | None = None

    def to_message(self, last_command: RelatedCommand | None, version: int) -> pb.ErrorMessage:
        """Return the error as a protocol message.

        Args:
            last_command: the command to name if the error itself names none.
            version: the service protocol version.
        """
        message = pb.ErrorMessage(
            code=wire_code(self.code),
            message=_wire_text(self.message),
            stacktrace=_wire_text(self.stacktrace),
        )
        related = self.related or last_command
        if related is not None:
            message.related_command_index = related.index
            message.related_command_type = related.type
            if related.name:
                message.related_command_name = _wire_text(related.name)
        if self.retry_after is not None:
            message.next_retry_delay = max(0, round(self.retry_after.total_seconds() * 1000))
        if version >= 7 and self.behavior is not ErrorBehavior.RETRY:
            message.behavior = _BEHAVIORS[self.behavior]
        return message


class Failure(NamedTuple):
    """A terminal failure: one possible outcome of an operation, or of the invocation itself.

    Args:
        code: an HTTP status code.
        message: what went wrong.
        metadata: further details as pairs of strings; since protocol v6.
    """

    code: int
    message: str
    metadata: tuple[tuple[str, str], ...] = ()

    def to_message(self) -> pb.Failure:
        """Return the failure as a protocol message."""
        message = pb.Failure(code=wire_code(self.code), message=_wire_text(self.message))
        for key, value in self.metadata:
            message.metadata.add(key=_wire_text(key), value=_wire_text(value))
        if message.ByteSize() > _MAX_METADATA:
            del message.metadata[:]
        return message

    @staticmethod
    def from_message(message: pb.Failure) -> Failure:
        """Return the failure that a protocol message holds."""
        return Failure(
            message.code, message.message, tuple((m.key, m.value) for m in message.metadata)
        )


class MessageTooLargeError(ValueError):
    """A handler wrote more at once than Restate takes; nothing was sent, and it may go on."""


class ViolationError(Exception):
    """Restate sent something that violates the protocol."""


class AttemptEnded(BaseException):
    """This attempt is over: it failed, was suspended, or its connection is gone.

    Whatever the handler does next raises it, so that its code stops. It derives from
    `BaseException`, because a handler's `except Exception` is meant for the handler's own errors.
    """


def cut_short_error(operation: str, error: BaseException | None) -> AttemptError:
    """Return what an attempt fails with that could not finish an operation which it has issued.

    Args:
        operation: the operation, in words.
        error: what was raised before the operation returned.
    """
    return AttemptError(
        Code.INTERNAL,
        f"The operation '{operation}' was issued, and {type(error).__name__} was raised before it "
        "had returned: the attempt ends here, for another could not repeat that.",
    )


def wire_code(code: int) -> int:
    """Return an error code, or 500 for a number that is not the code of an error.

    The code becomes the status of an HTTP response, where 101, for example, would switch protocols.
    """
    return code if 400 <= code <= 599 else 500


def _wire_text(text: str) -> str:
    """Return the text of an error in a form that protobuf and Restate accept.

    Lone surrogates, which come from undecodable file names, are escaped, and a text that is too
    long is cut.
    """
    if len(text) > _MAX_TEXT:
        text = f"{text[:_MAX_TEXT]}... ({len(text)} characters)"
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="backslashreplace").decode()
    return text
