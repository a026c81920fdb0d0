"""The versions of the protocol, and its message types: their numbers, classes and words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from google.protobuf.message import DecodeError

from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from google.protobuf.message import Message

__all__ = [
    "COMMANDS",
    "FIRST_COMMAND",
    "FIRST_CUSTOM",
    "FIRST_NOTIFICATION",
    "MARKER_PREFIX",
    "MAX_VERSION",
    "MIN_VERSION",
    "UNDECODABLE",
    "MessageType",
    "content_type",
    "describe",
    "parse_version",
]

MIN_VERSION: Final = 5
MAX_VERSION: Final = 7

_PREFIX = "application/vnd.restate.invocation.v"
_VERSIONS = {f"{_PREFIX}{version}": version for version in range(MIN_VERSION, MAX_VERSION + 1)}


def content_type(version: int) -> str:
    """Return the content type of a stream in a protocol version."""
    return f"{_PREFIX}{version}"


def parse_version(content_type: str) -> int | None:
    """Return the protocol version that a content type names, or None if it is not supported."""
    return _VERSIONS.get(content_type) or _VERSIONS.get(content_type.partition(";")[0].strip())


FIRST_COMMAND: Final = 0x0400
"""The lowest type number of commands; those below it are control messages."""

FIRST_NOTIFICATION: Final = 0x8000
"""The lowest type number of notifications; those from `FIRST_COMMAND` up to it are commands."""

FIRST_CUSTOM: Final = 0xFC00
"""The lowest type number of commands that Restate does not interpret. This library writes none. A
journal that has one does not match the code, but its stream is valid.
"""

MARKER_PREFIX: Final = "patch: "
"""The beginning of the name of a run that is a patch's marker; the patch's name follows."""

UNDECODABLE = (DecodeError, ValueError, RecursionError)
"""The errors that parsing raises. protobuf without its C core raises the last two for text that is
not UTF-8 and, before version 5.29.5, for messages that are nested too deep.
"""


class MessageType:
    """The first 16 bits of a message's header, as plain numbers: an enum would only cost time."""

    START: Final = 0x0000
    SUSPENSION: Final = 0x0001
    ERROR: Final = 0x0002
    END: Final = 0x0003
    PROPOSE_RUN_COMPLETION: Final = 0x0005
    AWAITING_ON: Final = 0x0006
    PROPOSE_RUN_COMPLETION_ACK: Final = 0x0007
    INPUT: Final = 0x0400
    OUTPUT: Final = 0x0401
    GET_LAZY_STATE: Final = 0x0402
    SET_STATE: Final = 0x0403
    CLEAR_STATE: Final = 0x0404
    CLEAR_ALL_STATE: Final = 0x0405
    GET_LAZY_STATE_KEYS: Final = 0x0406
    GET_EAGER_STATE: Final = 0x0407
    GET_EAGER_STATE_KEYS: Final = 0x0408
    GET_PROMISE: Final = 0x0409
    PEEK_PROMISE: Final = 0x040A
    COMPLETE_PROMISE: Final = 0x040B
    SLEEP: Final = 0x040C
    CALL: Final = 0x040D
    ONE_WAY_CALL: Final = 0x040E
    SEND_SIGNAL: Final = 0x0410
    RUN: Final = 0x0411
    ATTACH_INVOCATION: Final = 0x0412
    GET_INVOCATION_OUTPUT: Final = 0x0413
    COMPLETE_AWAKEABLE: Final = 0x0414
    RUN_COMPLETION: Final = 0x8011


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
"""For every command, its message class and the words for it."""


def describe(type_: int) -> str:
    """Return the words for a command, by its type number."""
    command = COMMANDS.get(type_)
    return command[1] if command else f"message type {type_:#06x}"
