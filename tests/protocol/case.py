"""Drive a state machine as Restate and a runtime would, and read its output message by message."""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import pytest

from restate_proto.protocol import (
    CANCEL_SIGNAL,
    AttemptEnded,
    Await,
    NotificationId,
    Phase,
    Result,
    ResultKind,
    StateMachine,
)
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

__all__ = [
    "ALL_VERSIONS",
    "CANCEL",
    "NOTIFICATION_TYPES",
    "TYPES",
    "Cancelled",
    "Case",
    "Frame",
    "ack",
    "chunks_of",
    "closed",
    "error_of",
    "failure",
    "frame",
    "named_signal",
    "raw",
    "read_frames",
    "read_messages",
    "replaying",
    "signal",
    "start",
    "stream",
    "value",
    "void",
]

M = TypeVar("M")

ALL_VERSIONS = (5, 6, 7)

# The type table of the specification, written down a second time.
TYPES: dict[type[Message], int] = {
    pb.StartMessage: 0x0000,
    pb.SuspensionMessage: 0x0001,
    pb.ErrorMessage: 0x0002,
    pb.EndMessage: 0x0003,
    pb.ProposeRunCompletionMessage: 0x0005,
    pb.AwaitingOnMessage: 0x0006,
    pb.ProposeRunCompletionAckMessage: 0x0007,
    pb.InputCommandMessage: 0x0400,
    pb.OutputCommandMessage: 0x0401,
    pb.GetLazyStateCommandMessage: 0x0402,
    pb.SetStateCommandMessage: 0x0403,
    pb.ClearStateCommandMessage: 0x0404,
    pb.ClearAllStateCommandMessage: 0x0405,
    pb.GetLazyStateKeysCommandMessage: 0x0406,
    pb.GetEagerStateCommandMessage: 0x0407,
    pb.GetEagerStateKeysCommandMessage: 0x0408,
    pb.GetPromiseCommandMessage: 0x0409,
    pb.PeekPromiseCommandMessage: 0x040A,
    pb.CompletePromiseCommandMessage: 0x040B,
    pb.SleepCommandMessage: 0x040C,
    pb.CallCommandMessage: 0x040D,
    pb.OneWayCallCommandMessage: 0x040E,
    pb.SendSignalCommandMessage: 0x0410,
    pb.RunCommandMessage: 0x0411,
    pb.AttachInvocationCommandMessage: 0x0412,
    pb.GetInvocationOutputCommandMessage: 0x0413,
    pb.CompleteAwakeableCommandMessage: 0x0414,
    pb.GetLazyStateCompletionNotificationMessage: 0x8002,
    pb.GetLazyStateKeysCompletionNotificationMessage: 0x8006,
    pb.GetPromiseCompletionNotificationMessage: 0x8009,
    pb.PeekPromiseCompletionNotificationMessage: 0x800A,
    pb.CompletePromiseCompletionNotificationMessage: 0x800B,
    pb.SleepCompletionNotificationMessage: 0x800C,
    pb.CallCompletionNotificationMessage: 0x800D,
    pb.CallInvocationIdCompletionNotificationMessage: 0x800E,
    pb.RunCompletionNotificationMessage: 0x8011,
    pb.AttachInvocationCompletionNotificationMessage: 0x8012,
    pb.GetInvocationOutputCompletionNotificationMessage: 0x8013,
    pb.SignalNotificationMessage: 0xFBFF,
}
NOTIFICATION_TYPES = {class_: type_ for class_, type_ in TYPES.items() if 0x8000 <= type_ < 0xFC00}
_CLASSES = {type_: class_ for class_, type_ in TYPES.items()}
_HEADER = struct.Struct(">HHI")


class Frame(NamedTuple):
    type: int
    flags: int
    payload: bytes


def raw(type_: int, payload: bytes = b"", flags: int = 0) -> bytes:
    """Frame a message of any bytes."""
    return _HEADER.pack(type_, flags, len(payload)) + payload


def frame(message: Message, flags: int = 0) -> bytes:
    """Frame a message."""
    return raw(TYPES[type(message)], message.SerializeToString(), flags)


def chunks_of(data: bytes, cuts: list[int]) -> list[bytes]:
    """The bytes in chunks, cut at any positions."""
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[begin:end] for begin, end in pairwise(edges)]


def read_frames(data: bytes) -> list[Frame]:
    """Read the frames of a stream, which must end with a complete one."""
    frames: list[Frame] = []
    position = 0
    while position < len(data):
        type_, flags, length = _HEADER.unpack_from(data, position)
        payload = data[position + 8 : position + 8 + length]
        assert len(payload) == length, "the stream ends inside a message"
        frames.append(Frame(type_, flags, payload))
        position += 8 + length
    return frames


def read_messages(data: bytes) -> list[Message]:
    """Read the messages of a stream."""
    return [_CLASSES[type_].FromString(payload) for type_, _, payload in read_frames(data)]


def start(known_entries: int, **fields: Any) -> pb.StartMessage:
    """Return the first message of a stream; by default that of a plain invocation."""
    known: dict[str, Any] = {"id": b"123", "debug_id": "inv_123", "partial_state": True}
    return pb.StartMessage(known_entries=known_entries, **(known | fields))


def stream(*entries: Message | bytes, **fields: Any) -> bytes:
    """Return a stream that replays these entries; bytes are taken as they are."""
    parts = [entry if isinstance(entry, bytes) else frame(entry) for entry in entries]
    return frame(start(len(entries), **fields)) + b"".join(parts)


def value(content: bytes) -> pb.Value:
    return pb.Value(content=content)


def void(id_: int) -> pb.SleepCompletionNotificationMessage:
    return pb.SleepCompletionNotificationMessage(completion_id=id_, void=pb.Void())


def failure(code: int, message: str, **metadata: str) -> pb.Failure:
    pairs = [pb.FailureMetadata(key=key, value=text) for key, text in metadata.items()]
    return pb.Failure(code=code, message=message, metadata=pairs)


def signal(index: int, content: bytes | None = None) -> pb.SignalNotificationMessage:
    if content is None:
        return pb.SignalNotificationMessage(idx=index, void=pb.Void())
    return pb.SignalNotificationMessage(idx=index, value=value(content))


def named_signal(name: str, content: bytes) -> pb.SignalNotificationMessage:
    return pb.SignalNotificationMessage(name=name, value=value(content))


def ack(id_: int) -> pb.ProposeRunCompletionAckMessage:
    return pb.ProposeRunCompletionAckMessage(completion_id=id_)


CANCEL = signal(1)


class Cancelled(Exception):  # noqa: N818 - what a runtime raises in the handler
    """The invocation was cancelled."""


class Case:
    """A state machine, what it was fed, and a handler at its first line.

    Args:
        *entries: what is replayed after the handler's input.
        version: the service protocol version.
        payload: the handler's input.
        read: whether to read the input already.
        **fields: fields of the start message.
    """

    def __init__(
        self,
        *entries: Message | bytes,
        version: int = 6,
        payload: bytes = b"my-data",
        read: bool = True,
        **fields: Any,
    ) -> None:
        self.machine = StateMachine(version)
        self.results: dict[NotificationId, Result] = {}
        self.machine.feed(stream(pb.InputCommandMessage(value=value(payload)), *entries, **fields))
        if read:
            assert self.machine.is_ready, self.machine.journal.error
            assert self.machine.read_input().payload == payload

    # ---- As Restate ----

    def feed(self, *messages: Message | bytes) -> Case:
        for message in messages:
            self.machine.feed(message if isinstance(message, bytes) else frame(message))
        return self

    def close_input(self) -> Case:
        self.machine.close_input()
        return self

    def sent_frames(self) -> list[Frame]:
        """Return the frames written since the last call."""
        return read_frames(self.machine.journal.take_output())

    def sent(self) -> list[Message]:
        """Return the messages written since the last call."""
        return read_messages(self.machine.journal.take_output())

    def sent_one(self, class_: type[M]) -> M:
        """Return the only message written since the last call."""
        (message,) = self.sent()
        assert isinstance(message, class_), message
        return message

    # ---- As a runtime ----

    def wait(self, id_: NotificationId, *, executing: bool = False) -> Result | None:
        """Wait for one notification. None when input has to come first.

        Raises:
            Cancelled: the cancel signal came first.
            AttemptEnded: suspended, or failed.
        """
        is_there = self.wait_for(lambda: id_ in self.results, Await(ids=[id_]), executing=executing)
        return self.results[id_] if is_there else None

    def wait_for(
        self, is_done: Callable[[], bool], awaiting: Await, *, executing: bool = False
    ) -> bool:
        """Wait until notifications made something true. False when input has to come first."""
        machine = self.machine
        while True:
            if machine.waiting.cancel_requested:
                missing = machine.waiting.calls_without_id()
                if not missing:
                    machine.waiting.cancel_requested = False
                    machine.commands.cancel_calls()
                    raise Cancelled
            elif is_done():
                return True
            notification = machine.waiting.poll()
            if notification is None:
                break
            self.results[notification[0]] = notification[1]
        if machine.waiting.cancel_requested:
            machine.waiting.park(Await(ids=machine.waiting.calls_without_id()), executing=executing)
        else:
            tree = Await(awaiting.combinator, [*awaiting.ids, CANCEL_SIGNAL], awaiting.nested)
            machine.waiting.park(tree, executing=executing)
        return False

    def value_of(self, id_: NotificationId) -> bytes:
        """Return the value of a notification that is there."""
        result = self.wait(id_)
        assert result is not None
        assert result.kind is ResultKind.VALUE
        assert isinstance(result.value, bytes)
        return result.value

    def returns(self, payload: bytes = b"") -> None:
        """Let the handler return."""
        self.machine.commands.write_output(payload)
        self.machine.journal.end()


def closed(case: Case | StateMachine) -> bool:
    """Return whether the attempt has ended, checking that every operation then says so."""
    machine = case.machine if isinstance(case, Case) else case
    if machine.journal.phase is not Phase.CLOSED:
        return False
    with pytest.raises(AttemptEnded):
        machine.commands.sleep(1)
    with pytest.raises(AttemptEnded):
        machine.waiting.park(Await(ids=[1]), executing=False)
    assert machine.waiting.poll() is None
    return True


def error_of(case: Case | StateMachine) -> pb.ErrorMessage:
    """Return the only error message of the attempt, after which nothing is written."""
    machine = case.machine if isinstance(case, Case) else case
    last = read_messages(machine.journal.take_output())[-1]
    assert isinstance(last, pb.ErrorMessage), last
    assert closed(machine)
    assert machine.journal.error is not None
    assert machine.journal.error.message == last.message
    assert machine.journal.take_output() == b""
    return last


def replaying(*entries: Message | bytes, **fields: Any) -> Case:
    """Return a case that has to replay all of these entries."""
    case = Case(*entries, **fields)
    assert case.machine.journal.phase is Phase.REPLAYING
    return case
