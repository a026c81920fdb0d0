"""Restate, as one invocation sees it: stores what attempts write, answers when it likes, cuts them off.

Everything is drawn from one random generator, so that a seed that fails can be run again.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

from google.protobuf.message import Message

from conformance.v1.conformance_pb2 import Parcel
from restate_proto.model.kinds import HandlerKind, ServiceKind
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import Case, id_of, result, value

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

__all__ = ["Restate"]

_MOST_ATTEMPTS = 400
_MOST_IDLE_ROUNDS = 300


class _Proposal:
    """The result of a run that an attempt proposed, before it is in the journal."""

    def __init__(self, message: pb.ProposeRunCompletionMessage) -> None:
        self.notification = pb.NotificationTemplate(completion_id=message.result_completion_id)
        if message.WhichOneof("result") == "value":
            self.notification.value.content = message.value
        else:
            self.notification.failure.CopyFrom(message.failure)


class Restate:
    """The journal of one invocation of an object's handler, and what is still to come for it.

    Args:
        body: the handler.
        seed: what everything is drawn from.
        version: the service protocol version.
        state: the object's state.
        signals: what comes without being asked for.
    """

    def __init__(
        self,
        body: Callable[[Any, Parcel], Coroutine[Any, Any, Parcel]],
        *,
        seed: int,
        version: int,
        state: dict[bytes, bytes],
        signals: Iterable[pb.NotificationTemplate],
    ) -> None:
        self.attempts = 0
        self.answer: Message | None = None
        self._body = body
        self._random = random.Random(seed)
        self._version = version
        self._state = state
        self._is_lazy = self._random.random() < 0.5
        self._journal: list[Message] = []  # without the input
        self._to_come: list[pb.NotificationTemplate | _Proposal] = list(signals)

    async def invoke(self) -> None:
        """Make attempts until one of them ends the invocation."""
        while self.answer is None:
            self.attempts += 1
            assert self.attempts < _MOST_ATTEMPTS, self
            await _Attempt(self, self._random, self._start(), self._version).until_it_ends()
            await self._between_attempts()

    def __repr__(self) -> str:
        entries = [f"{type(entry).__name__} {entry!s}" for entry in self._journal]
        return "\n".join(["the journal:", *entries, "to come:", *map(str, self._to_come)])

    def _start(self) -> Case:
        draw = self._random.random
        is_partial = self._is_lazy and draw() < 0.8
        state = [
            pb.StartMessage.StateEntry(key=key, value=content)
            for key, content in self._state.items()
            if not is_partial or draw() < 0.5
        ]
        kinds: Any = {"kind": ServiceKind.VIRTUAL_OBJECT, "handler_kind": HandlerKind.EXCLUSIVE}
        case = Case(self._body, version=self._version, **kinds)
        return case.start(*self._journal, state_map=state, partial_state=is_partial, key="k")

    # ---- What attempts write ----

    def store(self, message: Message) -> None:
        """Store a command or a proposal, and draw what comes of it."""
        if isinstance(message, pb.ProposeRunCompletionMessage):
            self._to_come.append(_Proposal(message))
        elif not isinstance(message, pb.AwaitingOnMessage):
            self._journal.append(message)
            self._to_come += self._results(message)
            self._change_state(message)

    def _results(self, command: Any) -> list[pb.NotificationTemplate]:
        if isinstance(command, (pb.CallCommandMessage, pb.OneWayCallCommandMessage)):
            id_ = command.invocation_id_notification_idx
            ids = [id_of(id_, f"inv_{id_}")]
            is_call = isinstance(command, pb.CallCommandMessage)
            return [*ids, self._outcome(command.result_completion_id)] if is_call else ids
        if isinstance(command, pb.SleepCommandMessage):
            return [result(command.result_completion_id)]
        if isinstance(command, pb.AttachInvocationCommandMessage):
            return [self._outcome(command.result_completion_id)]
        if isinstance(command, pb.GetLazyStateCommandMessage):
            content = self._state.get(command.key)
            id_ = command.result_completion_id
            return [result(id_) if content is None else value(id_, content)]
        return []

    def _outcome(self, id_: int) -> pb.NotificationTemplate:
        if self._random.random() < 0.8:
            return value(id_, b'"%d"' % self._random.randrange(100))
        return result(id_, failure=pb.Failure(code=455, message="failed"))

    def _change_state(self, command: Message) -> None:
        if isinstance(command, pb.SetStateCommandMessage):
            self._state[command.key] = command.value.content
        elif isinstance(command, pb.ClearStateCommandMessage):
            self._state.pop(command.key, None)

    # ---- What comes for them ----

    def next_notification(self) -> pb.NotificationTemplate | None:
        """Store one of the notifications that are to come, whichever."""
        order = list(self._to_come)
        self._random.shuffle(order)
        for each in order:
            if isinstance(each, _Proposal) or not self._is_too_early(each):
                self._to_come.remove(each)
                entry = each.notification if isinstance(each, _Proposal) else each
                self._journal.append(entry)
                return entry
        return None

    def _is_too_early(self, notification: pb.NotificationTemplate) -> bool:
        """A call has no result before it has an invocation id."""
        return bool(notification.completion_id) and any(
            isinstance(each, pb.NotificationTemplate)
            and each.invocation_id
            and each.completion_id == notification.completion_id - 1
            for each in self._to_come
        )

    def resume(self, awaited: set[int | str]) -> None:
        """Store notifications until one is there that a suspended attempt waits for."""
        assert awaited, f"suspended for nothing; {self}"
        while not any(
            isinstance(entry, pb.NotificationTemplate) and _id(entry) in awaited
            for entry in self._journal
        ):
            assert self.next_notification() is not None, f"{awaited} will never come; {self}"

    async def _between_attempts(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)  # whatever the attempt has left behind
        for each in [each for each in self._to_come if isinstance(each, _Proposal)]:
            self._to_come.remove(each)  # what was received is stored
            self._journal.append(each.notification)
        while self._random.random() < 0.4 and self.next_notification() is not None:
            pass


class _Attempt:
    """One connection, which may break at any time and before any message."""

    def __init__(self, restate: Restate, random_: random.Random, case: Case, version: int) -> None:
        self._restate = restate
        self._acknowledges = version >= 7
        self._proposed: set[int] = set()
        self._random = random_
        self._case = case
        # None for a connection that holds.
        self._messages_left = random_.randrange(12) if random_.random() < 0.6 else None
        self._is_closed = False

    async def until_it_ends(self) -> None:
        if self._random.random() < 0.5:
            self._close_input()
        idle = 0
        while not self._take_output():
            for _ in range(self._random.randrange(4)):
                await asyncio.sleep(0)
            if not self._is_closed and self._random.random() < 0.6 and self._deliver():
                idle = 0
                continue
            if self._messages_left is not None and self._random.random() < 0.1:
                self._case.attempt.aborted("the connection broke")
                return
            idle += 1
            assert idle < _MOST_IDLE_ROUNDS, f"it hangs; {self._restate}"
            if idle > _MOST_IDLE_ROUNDS / 3 or self._random.random() < 0.1:
                self._close_input()

    def _close_input(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._case.close_input()

    def _deliver(self) -> bool:
        notification = self._restate.next_notification()
        if notification is None:
            return False
        id_ = notification.completion_id
        if self._acknowledges and id_ in self._proposed:
            self._case.feed(pb.ProposeRunCompletionAckMessage(completion_id=id_))
        else:
            self._case.feed(notification)
        return True

    def _take_output(self) -> bool:
        """Store what the attempt wrote. Whether that was its end."""
        for message in self._case.sent():
            if self._messages_left == 0:
                self._case.attempt.aborted("the connection broke")
                return True
            if self._messages_left is not None:
                self._messages_left -= 1
            if isinstance(message, pb.SuspensionMessage):
                self._restate.resume(_ids(message))
                return True
            if isinstance(message, pb.ErrorMessage):
                assert "meant to fail" in message.message, f"{message}; {self._restate}"
                return True
            if isinstance(message, pb.EndMessage):
                self._restate.answer = message
                return True
            if isinstance(message, pb.ProposeRunCompletionMessage):
                self._proposed.add(message.result_completion_id)
            self._restate.store(message)
        assert not self._case.stream.ended, "it ended without an end"
        return False


def _id(notification: pb.NotificationTemplate) -> int | str:
    return notification.completion_id or -notification.signal_id or notification.signal_name


def _ids(waiting: pb.SuspensionMessage | pb.Future) -> set[int | str]:
    ids = {*waiting.waiting_completions, *waiting.waiting_named_signals}
    ids.update(-index for index in waiting.waiting_signals)
    if isinstance(waiting, pb.SuspensionMessage):
        return ids | _ids(waiting.awaiting_on) if waiting.HasField("awaiting_on") else ids
    return ids.union(*map(_ids, waiting.nested_futures))
