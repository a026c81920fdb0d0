"""Notifications: the results of operations and the signals that Restate sends, and their ids."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from enum import Enum
from typing import Any, NamedTuple, TypeAlias

from restate_proto.protocol.errors import Failure, ViolationError
from restatepb.protocol.v1 import protocol_pb2 as pb

__all__ = [
    "CANCEL_SIGNAL",
    "VOID",
    "NotificationId",
    "Result",
    "ResultKind",
    "awakeable_id",
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


def awakeable_id(invocation_id: bytes, signal_index: int) -> str:
    """What others call the awakeable that a signal of this index completes."""
    raw = invocation_id + signal_index.to_bytes(4, "big")
    return f"sign_1{urlsafe_b64encode(raw).decode().rstrip('=')}"


def keys_result(message: pb.StateKeys) -> Result:
    """The result of listing the state keys."""
    keys = tuple(key.decode(errors="replace") for key in message.keys)
    return Result(ResultKind.STATE_KEYS, keys)
