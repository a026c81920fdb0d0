"""A minimal Restate for tests: keeps the journal of one invocation, and plays attempts on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias, cast
from zlib import crc32

from google.protobuf.message import Message

from restate_proto.protocol import player
from restate_proto.protocol.player import awaited_ids, completion_of, state_after
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.protocol.case import TYPES, ack, value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Outcome", "Restate", "awaited_ids", "id_of", "is_command"]

Outcome: TypeAlias = pb.Value | pb.Failure


def is_command(message: Message) -> bool:
    """Return whether a message is a command, which is in the journal once it is written."""
    return player.is_command(TYPES[type(message)])


def id_of(notification: Any) -> int | str:
    """Return what attempts await: a completion id, a signal index below 0, or a signal's name."""
    if not isinstance(notification, pb.SignalNotificationMessage):
        return notification.completion_id
    return notification.name or -notification.idx


class Restate:
    """The journal of one invocation, and what may come for it.

    Args:
        version: the protocol version of the next attempt.
        state: the state before the invocation.
        partial: whether the start of an attempt has less than all of the state.
        to_come: what comes without being asked for.
        outcome: what becomes of a call, an attached invocation and a promise.

    Attributes:
        journal: the entries, beginning with the input.
        to_come: the notifications that may come next, in any order.
        proposed: the results of runs that the attempt proposed and that are not stored, by run.
    """

    def __init__(
        self,
        version: int,
        state: Mapping[bytes, bytes],
        *,
        partial: bool = False,
        to_come: Iterable[Message] = (),
        outcome: Callable[[], Outcome] = lambda: value(b"result"),
    ) -> None:
        self.version = version
        self.partial = partial
        self.journal: list[Message] = [pb.InputCommandMessage(value=value(b"input"))]
        self.to_come = list(to_come)
        self.proposed: dict[int, Message] = {}
        self._state = state
        self._outcome = outcome

    def __repr__(self) -> str:
        entries = [f"{type(entry).__name__} {entry!s}" for entry in self.journal]
        return "\n".join(["the journal:", *entries, "to come:", *map(str, self.to_come)])

    @property
    def commands(self) -> list[Message]:
        return [entry for entry in self.journal if is_command(entry)]

    @property
    def notifications(self) -> list[Message]:
        return [entry for entry in self.journal if not is_command(entry)]

    def state_after(self, entries: Sequence[Message]) -> dict[bytes, bytes]:
        frames = [(TYPES[type(entry)], entry.SerializeToString()) for entry in entries]
        return state_after(self._state, frames)

    def start_state(self, entries: Sequence[Message]) -> list[pb.StartMessage.StateEntry]:
        """Return the complete state that a start message has after these entries."""
        state = self.state_after(entries)
        return [pb.StartMessage.StateEntry(key=key, value=state[key]) for key in state]

    def receive(self, message: Message) -> None:
        """Store what an attempt wrote, with its consequences."""
        if isinstance(message, pb.ProposeRunCompletionMessage):
            id_ = message.result_completion_id
            assert id_ not in self.proposed
            self.proposed[id_] = completion_of(message)
        elif is_command(message):
            self.to_come += self._answers(message)
            self.journal.append(message)
        else:
            assert self.version >= 7 or not isinstance(message, pb.AwaitingOnMessage)

    def complete(self, notification: Message) -> Message:
        """Store a notification, and return what the attempt is told of it."""
        self.journal.append(notification)
        if notification in self.to_come:
            self.to_come.remove(notification)
        elif isinstance(notification, pb.RunCompletionNotificationMessage):
            del self.proposed[notification.completion_id]
            if self.version >= 7:
                return ack(notification.completion_id)
        return notification

    def end_attempt(self, arrives: Callable[[], bool] = lambda: True) -> None:
        """End an attempt but not the invocation: proposals on their way arrive, or are lost."""
        for completion in list(self.proposed.values()):
            if arrives():
                self.complete(completion)
        self.proposed.clear()

    def _answers(self, command: Any) -> list[Message]:
        """Return the notifications that Restate has for a command, sooner or later."""
        answers: list[Message] = []
        class_ = _COMPLETIONS.get(cast("type[Message]", type(command)))
        if class_ is not None:
            result = self._result(command)
            id_ = command.result_completion_id
            answers.append(class_(completion_id=id_, **{_FIELDS[type(result)]: result}))
        if isinstance(command, (pb.CallCommandMessage, pb.OneWayCallCommandMessage)):
            id_ = command.invocation_id_notification_idx
            told = f"inv_{crc32(command.parameter)}"  # the same in each course of an invocation
            answers.append(_CALL_ID(completion_id=id_, invocation_id=told))
        return answers

    def _result(self, command: Any) -> pb.Value | pb.Void | pb.Failure | pb.StateKeys:
        match command:
            case pb.GetLazyStateCommandMessage():
                state = self.state_after(self.journal)
                return value(state[command.key]) if command.key in state else pb.Void()
            case pb.GetLazyStateKeysCommandMessage():
                return pb.StateKeys(keys=sorted(self.state_after(self.journal)))
            case (
                pb.CallCommandMessage()
                | pb.GetPromiseCommandMessage()
                | pb.AttachInvocationCommandMessage()
            ):
                return self._outcome()
            case _:
                return pb.Void()


_FIELDS = {pb.Value: "value", pb.Void: "void", pb.Failure: "failure", pb.StateKeys: "state_keys"}
_CALL_ID = pb.CallInvocationIdCompletionNotificationMessage
_COMPLETIONS: dict[type[Message], Callable[..., Message]] = {
    pb.GetLazyStateCommandMessage: pb.GetLazyStateCompletionNotificationMessage,
    pb.GetLazyStateKeysCommandMessage: pb.GetLazyStateKeysCompletionNotificationMessage,
    pb.GetPromiseCommandMessage: pb.GetPromiseCompletionNotificationMessage,
    pb.PeekPromiseCommandMessage: pb.PeekPromiseCompletionNotificationMessage,
    pb.CompletePromiseCommandMessage: pb.CompletePromiseCompletionNotificationMessage,
    pb.SleepCommandMessage: pb.SleepCompletionNotificationMessage,
    pb.CallCommandMessage: pb.CallCompletionNotificationMessage,
    pb.AttachInvocationCommandMessage: pb.AttachInvocationCompletionNotificationMessage,
    pb.GetInvocationOutputCommandMessage: pb.GetInvocationOutputCompletionNotificationMessage,
}
