"""A small Restate, which keeps the journal of an invocation."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.protocol.case import TYPES, Frame, ack, frame, read_frames, start, value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from google.protobuf.message import Message

__all__ = ["Entry", "Restate", "read_message"]

_CLASSES = {type_: class_ for class_, type_ in TYPES.items()}


def read_message(one: Frame) -> Message:
    """The message in a frame."""
    return _CLASSES[one.type].FromString(one.payload)


class Entry(NamedTuple):
    """An entry of the journal."""

    data: bytes
    message: Message
    is_command: bool


def entry(message: Message) -> Entry:
    return Entry(frame(message), message, is_command=TYPES[type(message)] < 0x8000)


class Restate:
    """The journal of one invocation, and what may come for it.

    Args:
        version: the protocol version of the next attempt.
        state: the state before the invocation.
        partial: whether attempts get none of the state with their start.
    """

    def __init__(self, version: int, state: dict[bytes, bytes], *, partial: bool) -> None:
        self.version = version
        self.partial = partial
        self.state = state
        self.journal = [entry(pb.InputCommandMessage(value=value(b"input")))]
        self.pending: list[Message] = []
        self.proposed: dict[int, Message] = {}
        self.last: Message | None = None

    @property
    def commands(self) -> list[bytes]:
        return [one.data for one in self.journal if one.is_command]

    def stream(self, length: int | None = None) -> bytes:
        """The request that replays the journal, or this much of it."""
        entries = self.journal[:length]
        state: list[pb.StartMessage.StateEntry] = []
        if not self.partial:
            for key, content in self.state_after(entries).items():
                state.append(pb.StartMessage.StateEntry(key=key, value=content))
        first = start(len(entries), partial_state=self.partial, state_map=state)
        return frame(first) + b"".join(one.data for one in entries)

    def state_after(self, entries: Sequence[Entry]) -> dict[bytes, bytes]:
        state = dict(self.state)
        for one in entries:
            match one.message:
                case pb.SetStateCommandMessage() as command:
                    state[command.key] = command.value.content
                case pb.ClearStateCommandMessage() as command:
                    state.pop(command.key, None)
                case pb.ClearAllStateCommandMessage():
                    state.clear()
                case _:
                    pass
        return state

    def receive(self, output: bytes) -> None:
        """What an attempt wrote."""
        for one in read_frames(output):
            assert self.last is None, "something was written after the end"
            type_, flags, payload = one
            message = read_message(one)
            if type_ >= 0x0400:
                self.pending += self._answers(message)
                self.journal.append(entry(message))
                assert self.journal[-1].data[8:] == payload
            elif isinstance(message, pb.ProposeRunCompletionMessage):
                assert flags == (0x8000 if self.version >= 7 else 0)
                self._on_proposal(message)
            elif not isinstance(message, pb.AwaitingOnMessage):
                self.last = message
            else:
                assert self.version >= 7

    def _on_proposal(self, proposal: pb.ProposeRunCompletionMessage) -> None:
        completion = pb.RunCompletionNotificationMessage(
            completion_id=proposal.result_completion_id
        )
        if proposal.HasField("failure"):
            completion.failure.CopyFrom(proposal.failure)
        else:
            completion.value.content = proposal.value
        assert proposal.result_completion_id not in self.proposed
        self.proposed[proposal.result_completion_id] = completion

    def complete(self, message: Message) -> bytes:
        """Store a notification. What the attempt is told."""
        self.journal.append(entry(message))
        if message in self.pending:
            self.pending.remove(message)
        elif isinstance(message, pb.RunCompletionNotificationMessage):
            del self.proposed[message.completion_id]
            if self.version >= 7:
                return frame(ack(message.completion_id))
        return frame(message)

    def next_attempt(self, random: Random) -> None:
        """An attempt is over, but not the invocation: proposals on their way arrive, or do not."""
        self.last = None
        for completion in list(self.proposed.values()):
            if random.random() < 0.5:
                self.complete(completion)
        self.proposed.clear()

    def _answers(self, command: Message) -> list[Message]:
        state = self.state_after(self.journal)
        match command:
            case pb.GetLazyStateCommandMessage(result_completion_id=id_, key=key):
                answer = pb.GetLazyStateCompletionNotificationMessage(completion_id=id_)
                if key in state:
                    answer.value.content = state[key]
                else:
                    answer.void.SetInParent()
                return [answer]
            case pb.GetLazyStateKeysCommandMessage(result_completion_id=id_):
                keys = pb.StateKeys(keys=sorted(state))
                return [
                    pb.GetLazyStateKeysCompletionNotificationMessage(
                        completion_id=id_, state_keys=keys
                    )
                ]
            case pb.SleepCommandMessage(result_completion_id=id_):
                return [_void(pb.SleepCompletionNotificationMessage, id_)]
            case pb.CallCommandMessage(parameter=parameter):
                return [
                    _invocation_id(command.invocation_id_notification_idx, parameter),
                    _value(pb.CallCompletionNotificationMessage, command.result_completion_id),
                ]
            case pb.OneWayCallCommandMessage(parameter=parameter):
                return [_invocation_id(command.invocation_id_notification_idx, parameter)]
            case pb.GetPromiseCommandMessage(result_completion_id=id_):
                return [_value(pb.GetPromiseCompletionNotificationMessage, id_)]
            case pb.PeekPromiseCommandMessage(result_completion_id=id_):
                return [_void(pb.PeekPromiseCompletionNotificationMessage, id_)]
            case pb.CompletePromiseCommandMessage(result_completion_id=id_):
                return [_void(pb.CompletePromiseCompletionNotificationMessage, id_)]
            case pb.AttachInvocationCommandMessage(result_completion_id=id_):
                return [_value(pb.AttachInvocationCompletionNotificationMessage, id_)]
            case pb.GetInvocationOutputCommandMessage(result_completion_id=id_):
                return [_void(pb.GetInvocationOutputCompletionNotificationMessage, id_)]
            case _:
                return []


def _void(class_: Callable[..., Message], id_: int) -> Message:
    return class_(completion_id=id_, void=pb.Void())


def _value(class_: Callable[..., Message], id_: int) -> Message:
    return class_(completion_id=id_, value=value(b"result"))


def _invocation_id(id_: int, parameter: bytes) -> Message:
    return pb.CallInvocationIdCompletionNotificationMessage(
        completion_id=id_, invocation_id=f"inv_{parameter.decode()}"
    )
