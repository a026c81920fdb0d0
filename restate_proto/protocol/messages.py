"""The types of protocol messages: their numbers, and the words for them in error texts."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError

from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from google.protobuf.message import Message

__all__ = ["COMMANDS", "UNDECODABLE", "MessageType", "describe", "is_command", "is_notification"]

UNDECODABLE = (DecodeError, ValueError, RecursionError)
"""What parsing raises. The last two are how protobuf without its C core refuses text that is no
UTF-8 and, before version 5.29.5, messages that are nested too deep."""


class MessageType(IntEnum):
    """The first 16 bits of a message's header."""

    START = 0x0000
    SUSPENSION = 0x0001
    ERROR = 0x0002
    END = 0x0003
    PROPOSE_RUN_COMPLETION = 0x0005
    AWAITING_ON = 0x0006
    PROPOSE_RUN_COMPLETION_ACK = 0x0007
    INPUT = 0x0400
    OUTPUT = 0x0401
    GET_LAZY_STATE = 0x0402
    SET_STATE = 0x0403
    CLEAR_STATE = 0x0404
    CLEAR_ALL_STATE = 0x0405
    GET_LAZY_STATE_KEYS = 0x0406
    GET_EAGER_STATE = 0x0407
    GET_EAGER_STATE_KEYS = 0x0408
    GET_PROMISE = 0x0409
    PEEK_PROMISE = 0x040A
    COMPLETE_PROMISE = 0x040B
    SLEEP = 0x040C
    CALL = 0x040D
    ONE_WAY_CALL = 0x040E
    SEND_SIGNAL = 0x0410
    RUN = 0x0411
    ATTACH_INVOCATION = 0x0412
    GET_INVOCATION_OUTPUT = 0x0413
    COMPLETE_AWAKEABLE = 0x0414
    RUN_COMPLETION = 0x8011


COMMANDS: dict[int, tuple[type[Message], str]] = {
    MessageType.INPUT: (pb.InputCommandMessage, "the handler's input"),
    MessageType.OUTPUT: (pb.OutputCommandMessage, "the handler's return"),
    MessageType.GET_LAZY_STATE: (pb.GetLazyStateCommandMessage, "get state"),
    MessageType.SET_STATE: (pb.SetStateCommandMessage, "set state"),
    MessageType.CLEAR_STATE: (pb.ClearStateCommandMessage, "clear state"),
    MessageType.CLEAR_ALL_STATE: (pb.ClearAllStateCommandMessage, "clear all state"),
    MessageType.GET_LAZY_STATE_KEYS: (pb.GetLazyStateKeysCommandMessage, "get state keys"),
    MessageType.GET_EAGER_STATE: (pb.GetEagerStateCommandMessage, "get state"),
    MessageType.GET_EAGER_STATE_KEYS: (pb.GetEagerStateKeysCommandMessage, "get state keys"),
    MessageType.GET_PROMISE: (pb.GetPromiseCommandMessage, "await promise"),
    MessageType.PEEK_PROMISE: (pb.PeekPromiseCommandMessage, "peek promise"),
    MessageType.COMPLETE_PROMISE: (pb.CompletePromiseCommandMessage, "complete promise"),
    MessageType.SLEEP: (pb.SleepCommandMessage, "sleep"),
    MessageType.CALL: (pb.CallCommandMessage, "call"),
    MessageType.ONE_WAY_CALL: (pb.OneWayCallCommandMessage, "send"),
    MessageType.SEND_SIGNAL: (pb.SendSignalCommandMessage, "send signal"),
    MessageType.RUN: (pb.RunCommandMessage, "run"),
    MessageType.ATTACH_INVOCATION: (pb.AttachInvocationCommandMessage, "attach to invocation"),
    MessageType.GET_INVOCATION_OUTPUT: (
        pb.GetInvocationOutputCommandMessage,
        "get invocation output",
    ),
    MessageType.COMPLETE_AWAKEABLE: (pb.CompleteAwakeableCommandMessage, "complete awakeable"),
}
"""Every command: its message class and what to call it."""


def is_command(type_: int) -> bool:
    """Whether this type number is in one of the ranges of commands.

    The second range is for commands that Restate does not interpret. This library writes none, but
    a journal may have them: the code does not match it then, and the stream is not broken.
    """
    return 0x0400 <= type_ < 0x8000 or type_ >= 0xFC00


def is_notification(type_: int) -> bool:
    """Whether this type number is in the range of notifications."""
    return 0x8000 <= type_ < 0xFC00


def describe(type_: int) -> str:
    """The words for a command's type number."""
    command = COMMANDS.get(type_)
    return command[1] if command else f"message type {type_:#06x}"
