"""How an attempt or one of its operations fails, in the protocol's terms and on the wire."""

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
    "wire_code",
]

_BEHAVIORS = (pb.RETRY, pb.PAUSE, pb.FAIL)
_MAX_TEXT = 2**20
_MAX_METADATA = 8 * 2**20


class Code(IntEnum):
    """Error codes of the service protocol beside HTTP's."""

    INTERNAL = 500
    JOURNAL_MISMATCH = 570
    PROTOCOL_VIOLATION = 571
    UNSUPPORTED_FEATURE = 573


class ErrorBehavior(IntEnum):
    """What Restate is to do after an attempt that failed; since protocol v7.

    The numbers are the protocol's.
    """

    RETRY = pb.RETRY  # as the invocation's retry policy says
    PAUSE = pb.PAUSE  # nothing, until a person resumes the invocation
    FAIL = pb.FAIL  # end the invocation: the error is its result


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
        behavior: what Restate is to do; until v6 it retries.
    """

    code: int
    message: str
    stacktrace: str = ""
    related: RelatedCommand | None = None
    retry_after: timedelta | None = None
    behavior: ErrorBehavior = ErrorBehavior.RETRY

    def to_message(self, last_command: RelatedCommand | None, version: int) -> pb.ErrorMessage:
        """The error as a protocol message.

        Args:
            last_command: the command that it belongs to where it names none.
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
    """A terminal failure: what an operation or the invocation itself may come to.

    Args:
        code: an HTTP status code.
        message: what went wrong.
        metadata: more about it; since protocol v6.
    """

    code: int
    message: str
    metadata: tuple[tuple[str, str], ...] = ()

    def to_message(self) -> pb.Failure:
        """The failure as a protocol message."""
        message = pb.Failure(code=wire_code(self.code), message=_wire_text(self.message))
        for key, value in self.metadata:
            message.metadata.add(key=_wire_text(key), value=_wire_text(value))
        if message.ByteSize() > _MAX_METADATA:
            del message.metadata[:]
        return message

    @staticmethod
    def from_message(message: pb.Failure) -> Failure:
        """The failure that a protocol message holds."""
        return Failure(
            message.code, message.message, tuple((m.key, m.value) for m in message.metadata)
        )


class MessageTooLargeError(ValueError):
    """A handler writes more at once than Restate takes; nothing was written, and it may go on."""


class ViolationError(Exception):
    """What Restate has sent is against the protocol."""


class AttemptEnded(BaseException):
    """This attempt is over: it failed, was suspended, or its connection is gone.

    Raised through the handler by whatever it does next, so that its code stops. It is no
    `Exception`, for a handler's `except Exception` is about the handler's own work.
    """


def wire_code(code: int) -> int:
    """The error code; 500 for a number that is not an error's, which others may have written.

    It becomes the status of an HTTP response, where 101 would switch protocols.
    """
    return code if 400 <= code <= 599 else 500


def _wire_text(text: str) -> str:
    """The text of an error as protobuf and Restate take it.

    Lone surrogates (of undecodable file names, say) are escaped, and what is too long is cut.
    """
    if len(text) > _MAX_TEXT:
        text = f"{text[:_MAX_TEXT]}... ({len(text)} characters)"
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="backslashreplace").decode()
    return text
