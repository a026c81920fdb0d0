"""What notifications carry, how they are identified, and what an await waits for."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import Any, NamedTuple, TypeAlias

from restatepb.protocol.v1 import protocol_pb2 as pb

__all__ = [
    "CANCEL_SIGNAL",
    "Await",
    "Combinator",
    "Failure",
    "NotificationId",
    "Result",
    "ResultKind",
    "wire_code",
    "wire_text",
]

NotificationId: TypeAlias = int | str
"""A completion id (positive), a signal index (its negative), or the name of a named signal."""

CANCEL_SIGNAL: NotificationId = -pb.CANCEL


_MAX_TEXT = 2**20
_MAX_METADATA = 8 * 2**20


def wire_text(text: str) -> str:
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


def wire_code(code: int) -> int:
    """The error code; 500 for a number that is not an error's, which others may have written.

    It becomes the status of an HTTP response, where 101 would switch protocols.
    """
    return code if 400 <= code <= 599 else 500


class ResultKind(Enum):
    """Which result a notification carries; the values are the protocol's field names."""

    VOID = "void"
    VALUE = "value"
    FAILURE = "failure"
    INVOCATION_ID = "invocation_id"
    STATE_KEYS = "state_keys"


class Failure(NamedTuple):
    """A terminal failure on the wire.

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
        message = pb.Failure(code=wire_code(self.code), message=wire_text(self.message))
        for key, value in self.metadata:
            message.metadata.add(key=wire_text(key), value=wire_text(value))
        if message.ByteSize() > _MAX_METADATA:
            del message.metadata[:]
        return message

    @staticmethod
    def from_message(message: pb.Failure) -> Failure:
        """The failure that a protocol message holds."""
        return Failure(
            message.code, message.message, tuple((m.key, m.value) for m in message.metadata)
        )


class Result(NamedTuple):
    """What a durable operation came to.

    Args:
        kind: which of the results.
        value: None for VOID, bytes for VALUE, a `Failure`, the invocation id, or a tuple of the
            state keys.
    """

    kind: ResultKind
    value: Any


class Combinator(IntEnum):
    """How the children of an await combine; the numbers are the protocol's."""

    UNKNOWN = 0
    FIRST_COMPLETED = 1
    ALL_COMPLETED = 2
    FIRST_SUCCEEDED_OR_ALL_FAILED = 3
    ALL_SUCCEEDED_OR_FIRST_FAILED = 4


_COMBINATORS = (
    pb.COMBINATOR_TYPE_UNKNOWN,
    pb.FIRST_COMPLETED,
    pb.ALL_COMPLETED,
    pb.FIRST_SUCCEEDED_OR_ALL_FAILED,
    pb.ALL_SUCCEEDED_OR_FIRST_FAILED,
)

MAX_DEPTH = 50
"""How deep an await tree may nest on the wire: protobuf parsers stop at 100 levels."""


@dataclass(slots=True)
class Await:
    """What an await waits for: notifications and further awaits under one combinator."""

    combinator: Combinator = Combinator.FIRST_COMPLETED
    ids: list[NotificationId] = field(default_factory=list[NotificationId])
    nested: list[Await] = field(default_factory=list["Await"])

    def all_ids(self) -> list[NotificationId]:
        """Every notification of the tree."""
        ids = list(self.ids)
        for child in self.nested:
            ids += child.all_ids()
        return ids

    def to_message(self, depth: int = MAX_DEPTH) -> pb.Future:
        """The tree as a protocol message (v7).

        Args:
            depth: how many levels may follow. Below them is one list, of which any may end the
                wait: too early is harmless, while Restate refuses a tree that is too deep.
        """
        if depth == 0 and self.nested:
            return Await(Combinator.UNKNOWN, self.all_ids()).to_message()
        message = pb.Future(combinator_type=_COMBINATORS[self.combinator])
        for id_ in self.ids:
            if isinstance(id_, str):
                message.waiting_named_signals.append(id_)
            elif id_ < 0:
                message.waiting_signals.append(-id_)
            else:
                message.waiting_completions.append(id_)
        for child in self.nested:
            message.nested_futures.append(child.to_message(depth - 1))
        return message
