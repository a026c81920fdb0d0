"""Notifications, with which Restate sends results of operations and signals, and their ids."""

from __future__ import annotations

from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from restate_proto.protocol.errors import Failure, ViolationError
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = [
    "CANCEL_SIGNAL",
    "VALUE_TAG",
    "VOID",
    "NotificationId",
    "Result",
    "ResultKind",
    "add_awaited",
    "keys_result",
    "new_result",
    "read_notification",
]

NotificationId: TypeAlias = int | str
"""A completion id (positive), the index of a signal (negated), or the name of a named signal."""

CANCEL_SIGNAL: NotificationId = -pb.CANCEL


class ResultKind(Enum):
    """The kinds of results in notifications; the values are the protocol's field names."""

    VOID = "void"
    VALUE = "value"
    FAILURE = "failure"
    INVOCATION_ID = "invocation_id"
    STATE_KEYS = "state_keys"


class Result(NamedTuple):
    """The outcome of a durable operation.

    Args:
        kind: the kind of result.
        value: None for VOID, bytes for VALUE, a `Failure`, the invocation id, or a tuple of the
            state keys.
    """

    kind: ResultKind
    value: Any


_tuple: Any = tuple
new_result: Callable[[tuple[ResultKind, Any]], Result] = partial(_tuple.__new__, Result)
"""Make a result from kind and value; faster than the class, whose `__new__` is Python."""

VOID = Result(ResultKind.VOID, None)

_VALUE, _INVOCATION_ID = ResultKind.VALUE, ResultKind.INVOCATION_ID
_parse = pb.NotificationTemplate.FromString

VALUE_TAG = 0x2A
"""The tag of `NotificationTemplate.value`."""

_COMPLETION_ID = 0x08
"""The tag of `NotificationTemplate.completion_id`."""

_SMALL_VALUES = [
    bytes((VALUE_TAG, max(0, size - 4), 0x0A, max(0, size - 6))) for size in range(0x80)
]
"""The bytes between a completion id of one byte and a value, by the size of the whole."""

_SMALL_INVOCATION_IDS = [bytes((0x82, 0x01, max(0, size - 5))) for size in range(0x80)]
"""The bytes between a completion id of one byte and an invocation id, by the size of the whole."""


def add_awaited(message: pb.SuspensionMessage | pb.Future, ids: Iterable[NotificationId]) -> None:
    """Add the ids of awaited notifications to a message that lists them."""
    for id_ in ids:
        if isinstance(id_, str):
            message.waiting_named_signals.append(id_)
        elif id_ < 0:
            message.waiting_signals.append(-id_)
        else:
            message.waiting_completions.append(id_)


def read_notification(payload: bytes, value: bytes | None = None) -> tuple[NotificationId, Result]:
    """Return the id and the result of a notification; notifications of all types have one shape.

    Args:
        payload: the serialized notification.
        value: its value, if that was cut off.

    Raises:
        ViolationError: the id or the result is missing.
    """
    size = len(payload)
    if 6 < size < 0x80 and payload[0] == _COMPLETION_ID and value is None:
        # Nearly all have one of two forms, which are cheaper to read than a message of protobuf.
        id_ = payload[1]
        if payload[2:6] == _SMALL_VALUES[size] and id_ < 0x80:
            return id_, new_result((_VALUE, payload[6:]))
        if payload[2:5] == _SMALL_INVOCATION_IDS[size] and id_ < 0x80:
            return id_, new_result((_INVOCATION_ID, payload[5:].decode()))
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
    if value is not None and kind is None:
        return id_, new_result((_VALUE, value))
    if kind == "value":
        return id_, new_result((_VALUE, message.value.content))
    if kind == "void":
        return id_, VOID
    if kind == "failure":
        return id_, Result(ResultKind.FAILURE, Failure.from_message(message.failure))
    if kind == "invocation_id":
        return id_, new_result((_INVOCATION_ID, message.invocation_id))
    if kind == "state_keys":
        return id_, keys_result(message.state_keys)
    raise ViolationError(f"a notification without a result (id {id_!r})")


def keys_result(message: pb.StateKeys) -> Result:
    """Return the result that lists state keys."""
    keys = tuple(key.decode(errors="replace") for key in message.keys)
    return Result(ResultKind.STATE_KEYS, keys)
