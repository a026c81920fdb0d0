"""Make the journal entries that come from the server: inputs and notifications."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.protocol import Failure
from restate_proto.protocol.messages import MessageType
from restate_proto.protocol.notifications import ResultKind, read_notification
from restate_proto.protocol.player import is_command
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from restate_proto.protocol.frames import Frame
    from restate_proto.protocol.notifications import NotificationId
    from restate_proto.testing.virtual.invocation import Outcome

__all__ = [
    "cancellation",
    "completion",
    "input_entry",
    "invocation_id",
    "read",
    "signal",
    "state_keys",
    "void",
]

_COMPLETION = 0x8000
_OF_COMMAND = 0xFF
_CALL_INVOCATION_ID = 0x800E
_SIGNAL = 0xFBFF


def input_entry(payload: bytes, headers: tuple[tuple[str, str], ...]) -> Frame:
    """Return the first entry of a journal."""
    message = pb.InputCommandMessage(value=pb.Value(content=payload))
    for key, value in headers:
        message.headers.add(key=key, value=value)
    return MessageType.INPUT, message.SerializeToString()


def void(command: int, id_: int) -> Frame:
    """Return the completion of a command, without a result.

    Args:
        command: the type of the command.
        id_: the completion id in the command.
    """
    return _frame(command, pb.NotificationTemplate(completion_id=id_, void=pb.Void()))


def completion(command: int, id_: int, outcome: Outcome) -> Frame:
    """Return the completion of a command with a value or a failure; see `void`."""
    message = pb.NotificationTemplate(completion_id=id_)
    _set_outcome(message, outcome)
    return _frame(command, message)


def state_keys(command: int, id_: int, keys: list[bytes]) -> Frame:
    """Return the completion of a command that asks for the state keys."""
    return _frame(
        command, pb.NotificationTemplate(completion_id=id_, state_keys=pb.StateKeys(keys=keys))
    )


def invocation_id(id_: int, invocation: str) -> Frame:
    """Return the completion that brings the invocation id of a call or a one-way message."""
    message = pb.NotificationTemplate(completion_id=id_, invocation_id=invocation)
    return _CALL_INVOCATION_ID, message.SerializeToString()


def signal(id_: int | str, outcome: Outcome | None) -> Frame:
    """Return a signal.

    Args:
        id_: its index or its name.
        outcome: its value or failure; None for neither.
    """
    message = pb.NotificationTemplate()
    if isinstance(id_, str):
        message.signal_name = id_
    else:
        message.signal_id = id_
    if outcome is None:
        message.void.SetInParent()
    else:
        _set_outcome(message, outcome)
    return _SIGNAL, message.SerializeToString()


def cancellation() -> Frame:
    """Return the signal that cancels an invocation."""
    return signal(pb.CANCEL, None)


def read(frame: Frame) -> tuple[NotificationId, bool, str | None] | None:
    """Return what the server has to know of a notification.

    Returns:
        The id that handlers wait for, whether it is a success, and the invocation id that it
        brings; None for a command.
    """
    if is_command(frame[0]):
        return None
    id_, result = read_notification(frame[1])
    brought = result.value if result.kind is ResultKind.INVOCATION_ID else None
    return id_, result.kind is not ResultKind.FAILURE, brought


def _set_outcome(message: pb.NotificationTemplate, outcome: Outcome) -> None:
    """Put a value or a failure into a notification."""
    if isinstance(outcome, Failure):
        message.failure.CopyFrom(outcome.to_message())
    else:
        message.value.content = outcome


def _frame(command: int, message: pb.NotificationTemplate) -> Frame:
    return _COMPLETION | command & _OF_COMMAND, message.SerializeToString()
