"""Notifications: what Restate tells of the operations that a handler has begun.

A notification is the result of an operation or a signal. All that have come wait here in their
order, which is the order in which they take effect in every attempt (`waiting.py`).
"""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import Any, NamedTuple, TypeAlias

from restate_proto.protocol.errors import Failure, ViolationError
from restatepb.protocol.v1 import protocol_pb2 as pb

__all__ = [
    "CANCEL_SIGNAL",
    "VOID",
    "NotificationId",
    "Notifications",
    "Result",
    "ResultKind",
    "keys_result",
    "read_notification",
]

NotificationId: TypeAlias = int | str
"""A completion id (positive), a signal index (its negative), or the name of a named signal."""

CANCEL_SIGNAL: NotificationId = -pb.CANCEL


class ResultKind(Enum):
    """Which result a notification carries; the values are the protocol's field names."""

    VOID = "void"
    VALUE = "value"
    FAILURE = "failure"
    INVOCATION_ID = "invocation_id"
    STATE_KEYS = "state_keys"


class Result(NamedTuple):
    """What a durable operation came to.

    Args:
        kind: which of the results.
        value: None for VOID, bytes for VALUE, a `Failure`, the invocation id, or a tuple of the
            state keys.
    """

    kind: ResultKind
    value: Any


VOID = Result(ResultKind.VOID, None)

_VALUE, _INVOCATION_ID = ResultKind.VALUE, ResultKind.INVOCATION_ID
_parse = pb.NotificationTemplate.FromString


class Notifications:
    """The notifications of one attempt.

    Attributes:
        queue: those that have not taken effect, in their order.
        arrived: the ids of all that have come: a run that has its result is not executed.
        expected: the kind of result of each id whose result is no payload.
        proposals: results of runs by completion id that wait for their ack, which does not repeat
            them (v7).
    """

    __slots__ = ("arrived", "expected", "proposals", "queue")

    def __init__(self) -> None:
        self.queue: deque[tuple[NotificationId, Result]] = deque()
        self.arrived: set[NotificationId] = set()
        self.expected: dict[NotificationId, ResultKind] = {}
        self.proposals: dict[int, Result] = {}

    def clear(self) -> None:
        """Nothing takes effect any more."""
        self.queue.clear()
        self.proposals.clear()


def read_notification(payload: bytes) -> tuple[NotificationId, Result]:
    """The id and the result in a notification's payload; all types of it have one shape.

    Raises:
        ViolationError: it lacks one of the two.
    """
    message = _parse(payload)
    id_: NotificationId = message.completion_id
    which = None if id_ else message.WhichOneof("id")  # nearly all are completions
    if id_ or which == "completion_id":
        pass
    elif which == "signal_id":
        id_ = -message.signal_id
    elif which == "signal_name":
        id_ = message.signal_name
    else:
        raise ViolationError("a notification without an id")
    kind = message.WhichOneof("result")
    if kind == "value":
        return id_, Result(_VALUE, message.value.content)
    if kind == "void":
        return id_, VOID
    if kind == "failure":
        return id_, Result(ResultKind.FAILURE, Failure.from_message(message.failure))
    if kind == "invocation_id":
        return id_, Result(_INVOCATION_ID, message.invocation_id)
    if kind == "state_keys":
        return id_, keys_result(message.state_keys)
    raise ViolationError(f"a notification without a result (id {id_!r})")


def keys_result(message: pb.StateKeys) -> Result:
    """The result of listing the state keys."""
    keys = tuple(key.decode(errors="replace") for key in message.keys)
    return Result(ResultKind.STATE_KEYS, keys)
