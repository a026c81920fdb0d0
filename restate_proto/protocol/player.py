"""Replay one attempt's journal to another attempt, and tell in what the two differ.

A `Player` stands for Restate's side of an invocation. It takes the bytes that one attempt is sent
and writes. From them it makes the input of another attempt, and it compares the commands of the
two, how they end, and what they wait for.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from restate_proto.protocol.frames import Frame, FrameDecoder, framed
from restate_proto.protocol.messages import (
    COMMANDS,
    FIRST_COMMAND,
    FIRST_CUSTOM,
    FIRST_NOTIFICATION,
    UNDECODABLE,
    MessageType,
)
from restate_proto.protocol.mismatch import HINT, explain, summary
from restate_proto.protocol.notifications import add_awaited
from restate_proto.protocol.stored_payloads import StoredPayloads
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from restate_proto.model.payload_codec import PayloadCodecs
    from restate_proto.protocol.notifications import NotificationId

__all__ = [
    "Difference",
    "Player",
    "attempt_input",
    "awaited_ids",
    "completion_ids",
    "completion_of",
    "is_command",
    "state_after",
]

_START, _ACK = MessageType.START, MessageType.PROPOSE_RUN_COMPLETION_ACK
_PROPOSAL, _RUN_COMPLETION = MessageType.PROPOSE_RUN_COMPLETION, MessageType.RUN_COMPLETION
_ENDINGS = {MessageType.ERROR: "fails", MessageType.END: "ends"}


class Difference(NamedTuple):
    """The first difference between an attempt and the one that it replays.

    Args:
        text: what the attempt does, and what the other one did.
        command: the index of the command that differs, counted from the handler's input; None if
            the attempt waits or ends instead.
    """

    text: str
    command: int | None


class Player:
    """The journal of one invocation while an attempt runs, and the input of another attempt on it.

    Args:
        payload_codecs: the codecs of the attempts; payloads are equal if they decode to the same.

    Attributes:
        start: the start message of the attempt, once it is there.
        entries: the journal: commands and notifications, in the order in which Restate has them.
        ending: the message that ended the attempt: a suspension, an error or the end.
    """

    __slots__ = (
        "_given",
        "_known",
        "_payloads",
        "_proposed",
        "_written",
        "ending",
        "entries",
        "start",
    )

    def __init__(self, payload_codecs: PayloadCodecs | None = None) -> None:
        self._payloads = None if payload_codecs is None else StoredPayloads(payload_codecs)
        self.start: pb.StartMessage | None = None
        self.entries: list[Frame] = []
        self.ending: Frame | None = None
        self._given = FrameDecoder()
        self._written = FrameDecoder()
        self._known = 0
        self._proposed: dict[int, Frame] = {}

    @classmethod
    def of_record(
        cls,
        start: pb.StartMessage,
        entries: list[Frame],
        awaited_ids: Iterable[NotificationId] | None,
        payload_codecs: PayloadCodecs | None = None,
    ) -> Player:
        """Return the journal of an invocation as a server has recorded it.

        Args:
            start: the start message of its attempts.
            entries: the journal, with the output if there is one.
            awaited_ids: the ids that it waits for; None if it is not suspended.
            payload_codecs: the codecs of the attempts.
        """
        player = cls(payload_codecs)
        player.start = start
        player.entries = entries
        player._known = len(entries)
        if awaited_ids is not None:
            message = suspension_of(awaited_ids).SerializeToString()
            player.ending = MessageType.SUSPENSION, message
        elif any(type_ == MessageType.OUTPUT for type_, _ in entries):
            player.ending = MessageType.END, b""
        return player

    # ---- What is recorded ----

    def given(self, data: bytes) -> None:
        """Take bytes that the attempt is sent; the attempt itself refuses invalid ones."""
        for frame in self._given.feed(data):
            with suppress(*UNDECODABLE):
                self._take(*frame)

    def _take(self, type_: int, payload: bytes) -> None:
        if type_ == _START:
            self.start = pb.StartMessage.FromString(payload)
            self._known = self.start.known_entries
        elif type_ == _ACK:
            id_ = pb.ProposeRunCompletionAckMessage.FromString(payload).completion_id
            if id_ in self._proposed:
                self.entries.append(self._proposed.pop(id_))
        elif type_ >= FIRST_COMMAND:
            self.entries.append((type_, payload))

    def written(self, data: bytes) -> None:
        """Take bytes that the attempt writes."""
        for frame in self._written.feed(data):
            type_, payload = frame
            if type_ >= FIRST_COMMAND:
                self.entries.append(frame)
            elif type_ == _PROPOSAL:
                completion = completion_of(pb.ProposeRunCompletionMessage.FromString(payload))
                message = completion.SerializeToString()
                self._proposed[completion.completion_id] = _RUN_COMPLETION, message
            elif type_ == MessageType.SUSPENSION or type_ in _ENDINGS:
                self.ending = frame

    @property
    def awaited_ids(self) -> set[NotificationId]:
        """The ids that the attempt waits for, if it is suspended."""
        if self.ending is None or self.ending[0] != MessageType.SUSPENSION:
            return set()
        return awaited_ids(pb.SuspensionMessage.FromString(self.ending[1]))

    # ---- What another attempt is given ----

    def journal(self) -> bytes:
        """Return the input of an attempt that replays the whole journal except for the output.

        Results of runs that were proposed but not confirmed by Restate are left out.

        Raises:
            ValueError: the start message has not arrived.
        """
        if self.start is None:
            raise ValueError("the attempt has not begun: there is nothing to replay")
        entries = self._without_output()
        start = pb.StartMessage()
        start.CopyFrom(self.start)
        start.retry_count_since_last_stored_entry = 0
        start.duration_since_last_stored_entry = 0
        del start.state_map[:]
        before = {entry.key: entry.value for entry in self.start.state_map}
        for key, value in state_after(before, self.entries[self._known :]).items():
            start.state_map.add(key=key, value=value)
        return attempt_input(start, entries)

    def _without_output(self) -> list[Frame]:
        return [entry for entry in self.entries if entry[0] != MessageType.OUTPUT]

    # ---- How another attempt differs ----

    def difference(self, other: Player) -> Difference | None:
        """Return the first difference of another attempt, which was given this one's `journal`.

        Args:
            other: the recording of that attempt, which has ended.

        Returns:
            The difference; None if it did the same.
        """
        commands = [entry for entry in self.entries if is_command(entry[0])]
        index = sum(is_command(type_) for type_, _ in self._without_output())
        if other.ending is not None and other.ending[0] == MessageType.ERROR:
            error = pb.ErrorMessage.FromString(other.ending[1])
            has_index = error.code == 570 and error.HasField("related_command_index")
            at = error.related_command_index if has_index else None
            return Difference(error.message.removesuffix(HINT).rstrip(), at)
        others = [entry for entry in other.entries if is_command(entry[0])]
        while index < len(others):
            difference = self._compare(index, commands, others)
            if difference is not None:
                return Difference(difference, index)
            index += 1
        if index < len(commands):
            text = f"'{summary(*commands[index])}' is gone: it {self._ending_of(other)}"
            return Difference(text, None)
        return self._difference_of_endings(other)

    def _compare(self, index: int, commands: list[Frame], others: list[Frame]) -> str | None:
        type_, payload = others[index]
        if index >= len(commands):
            return f"'{summary(type_, payload)}' is added, where it {self._ending_of(self)} before"
        issued = COMMANDS[type_][0].FromString(payload)
        if self._payloads is not None and commands[index][0] == type_:
            recorded = COMMANDS[type_][0].FromString(commands[index][1])
            self._payloads.adopt(type_, issued, recorded)
        text = explain(index, *commands[index], type_, issued)
        return None if text is None else text.removesuffix(HINT).rstrip()

    def _difference_of_endings(self, other: Player) -> Difference | None:
        mine, its = self.ending, other.ending
        if mine == its or mine is None or mine[0] == MessageType.ERROR:
            return None
        if its is not None and its[0] == mine[0] == MessageType.SUSPENSION:
            text = f"it waits for {self.awaited(other)}, not for {self.awaited(self)}"
            return Difference(text, None)
        text = f"it {self._ending_of(other)}, where it {self._ending_of(self)} before"
        return Difference(text, None)

    def _ending_of(self, player: Player) -> str:
        """Describe how an attempt ends."""
        if player.ending is None:
            return "does not end"
        type_, _ = player.ending
        return _ENDINGS.get(type_) or f"waits for {self.awaited(player)}"

    def awaited(self, player: Player) -> str:
        """Describe what a suspended attempt on this journal waits for.

        Args:
            player: the recording of that attempt.
        """
        operations: dict[NotificationId, str] = {}
        for type_, payload in self.entries:
            if is_command(type_):
                for id_ in completion_ids(type_, payload):
                    operations[id_] = f"'{summary(type_, payload)}'"
        ids = sorted(player.awaited_ids - {-pb.CANCEL}, key=str)
        return ", ".join(operations.get(id_) or _signal(id_) for id_ in ids) or "nothing"


def attempt_input(start: pb.StartMessage, entries: list[Frame]) -> bytes:
    """Return the first input of an attempt: the start message, and the journal that it replays.

    Args:
        start: the start message; its `known_entries` is set here.
        entries: the journal.
    """
    start.known_entries = len(entries)
    return b"".join(map(framed, [(_START, start.SerializeToString()), *entries]))


def is_command(type_: int) -> bool:
    """Tell whether messages of a type are commands, which become entries of the journal."""
    return FIRST_COMMAND <= type_ < FIRST_NOTIFICATION or type_ >= FIRST_CUSTOM


def completion_of(proposal: pb.ProposeRunCompletionMessage) -> pb.RunCompletionNotificationMessage:
    """Return the notification that stores a run's proposed result."""
    completion = pb.RunCompletionNotificationMessage(completion_id=proposal.result_completion_id)
    if proposal.HasField("failure"):
        completion.failure.CopyFrom(proposal.failure)
    else:
        completion.value.content = proposal.value
    return completion


def state_after(state: Mapping[bytes, bytes], commands: Iterable[Frame]) -> dict[bytes, bytes]:
    """Return the state after some entries have taken effect; only commands change it."""
    after = dict(state)
    for type_, payload in commands:
        if type_ == MessageType.SET_STATE:
            command = pb.SetStateCommandMessage.FromString(payload)
            after[command.key] = command.value.content
        elif type_ == MessageType.CLEAR_STATE:
            after.pop(pb.ClearStateCommandMessage.FromString(payload).key, None)
        elif type_ == MessageType.CLEAR_ALL_STATE:
            after.clear()
    return after


def awaited_ids(waiting: pb.SuspensionMessage | pb.Future) -> set[NotificationId]:
    """Return all ids that a suspended attempt waits for."""
    ids: set[NotificationId] = {*waiting.waiting_completions, *waiting.waiting_named_signals}
    ids.update(-index for index in waiting.waiting_signals)
    if isinstance(waiting, pb.SuspensionMessage):
        return ids | awaited_ids(waiting.awaiting_on) if waiting.HasField("awaiting_on") else ids
    return ids.union(*map(awaited_ids, waiting.nested_futures))


def suspension_of(ids: Iterable[NotificationId]) -> pb.SuspensionMessage:
    """Return a suspension that waits for any of the ids, in the form of protocols up to v6."""
    message = pb.SuspensionMessage()
    add_awaited(message, ids)
    return message


def completion_ids(type_: int, payload: bytes) -> list[int]:
    """Return the ids of the notifications that carry a command's results."""
    known = COMMANDS.get(type_)
    if known is None:
        return []
    message = known[0].FromString(payload)
    names = ("result_completion_id", "invocation_id_notification_idx")
    return [getattr(message, name) for name in names if name in message.DESCRIPTOR.fields_by_name]


def _signal(id_: NotificationId) -> str:
    return f"signal '{id_}'" if isinstance(id_, str) else f"awakeable {-id_}"
