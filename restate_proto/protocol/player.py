"""Restate's side of one invocation: its journal, as attempts make it, and as others get it to replay.

A `Player` is told what one attempt is sent and what it writes, as bytes. From that it makes the input
of another attempt, and says in what the other differs: in a command, in how it ends, or in what it
waits for.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from restate_proto.protocol.frames import Frame, FrameDecoder, pack_header
from restate_proto.protocol.messages import (
    COMMANDS,
    FIRST_COMMAND,
    FIRST_CUSTOM,
    FIRST_NOTIFICATION,
    UNDECODABLE,
    MessageType,
)
from restate_proto.protocol.mismatch import HINT, explain, summary
from restate_proto.protocol.stored_payloads import StoredPayloads
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from restate_proto.model.payload_codec import PayloadCodecs
    from restate_proto.protocol.notifications import NotificationId

__all__ = ["Difference", "Player", "awaited_ids", "completion_of", "is_command", "state_after"]

_START, _ACK = MessageType.START, MessageType.PROPOSE_RUN_COMPLETION_ACK
_PROPOSAL, _RUN_COMPLETION = MessageType.PROPOSE_RUN_COMPLETION, MessageType.RUN_COMPLETION
_ENDINGS = {MessageType.ERROR: "fails", MessageType.END: "ends"}


class Difference(NamedTuple):
    """In what an attempt differs from the one that it replays.

    Args:
        text: what it does, and what the other has done.
        command: which command differs, counted from the handler's input; None where an attempt waits
            or ends instead.
    """

    text: str
    command: int | None


class Player:
    """The journal of one invocation while an attempt runs, and what another would be given of it.

    Args:
        payload_codecs: those of the attempts; payloads are alike where they decode to the same.

    Attributes:
        start: the start message of the attempt, once it is there.
        entries: the journal: commands and notifications, in the order in which Restate has them.
        ending: the message that the attempt has ended with: a suspension, an error or the end.
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

    # ---- What is recorded ----

    def given(self, data: bytes) -> None:
        """The attempt is sent these bytes; what is no message among them is the attempt's to refuse."""
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
        """The attempt writes these bytes."""
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
        """The ids of what it waits for, once it is suspended."""
        if self.ending is None or self.ending[0] != MessageType.SUSPENSION:
            return set()
        return awaited_ids(pb.SuspensionMessage.FromString(self.ending[1]))

    # ---- What another attempt is given ----

    def journal(self) -> bytes:
        """What an attempt is sent that replays all of it but the output.

        Results of runs that were proposed, and that Restate has not confirmed, are not in it.

        Raises:
            ValueError: no start message is there.
        """
        if self.start is None:
            raise ValueError("the attempt has not begun: there is nothing to replay")
        entries = self._without_output()
        start = pb.StartMessage()
        start.CopyFrom(self.start)
        start.known_entries = len(entries)
        start.retry_count_since_last_stored_entry = 0
        start.duration_since_last_stored_entry = 0
        del start.state_map[:]
        before = {entry.key: entry.value for entry in self.start.state_map}
        for key, value in state_after(before, self.entries[self._known :]).items():
            start.state_map.add(key=key, value=value)
        return b"".join(map(_framed, [(_START, start.SerializeToString()), *entries]))

    def _without_output(self) -> list[Frame]:
        return [entry for entry in self.entries if entry[0] != MessageType.OUTPUT]

    # ---- How another attempt differs ----

    def difference(self, other: Player) -> Difference | None:
        """In what another attempt differs that was given the `journal` of this one.

        Args:
            other: the recording of that attempt, which has ended.

        Returns:
            None where it does the same.
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
            difference = self._differs(index, commands, others)
            if difference is not None:
                return Difference(difference, index)
            index += 1
        if index < len(commands):
            text = f"'{summary(*commands[index])}' is gone: it {self._how(other)}"
            return Difference(text, None)
        return self._difference_of_endings(other)

    def _differs(self, index: int, commands: list[Frame], others: list[Frame]) -> str | None:
        type_, payload = others[index]
        if index >= len(commands):
            return f"'{summary(type_, payload)}' is added, where it {self._how(self)} before"
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
            text = f"it waits for {self._names(other)}, not for {self._names(self)}"
            return Difference(text, None)
        return Difference(f"it {self._how(other)}, where it {self._how(self)} before", None)

    def _how(self, player: Player) -> str:
        """How an attempt ends."""
        if player.ending is None:
            return "does not end"
        type_, _ = player.ending
        return _ENDINGS.get(type_) or f"waits for {self._names(player)}"

    def _names(self, player: Player) -> str:
        """What a suspended attempt waits for, in words."""
        operations: dict[NotificationId, str] = {}
        for type_, payload in self.entries:
            if is_command(type_):
                for id_ in _ids_of(type_, payload):
                    operations[id_] = f"'{summary(type_, payload)}'"
        ids = sorted(player.awaited_ids - {-pb.CANCEL}, key=str)
        return ", ".join(operations.get(id_) or _signal(id_) for id_ in ids) or "nothing"


def is_command(type_: int) -> bool:
    """Whether the messages of a type are commands: in the journal from when an attempt writes them."""
    return FIRST_COMMAND <= type_ < FIRST_NOTIFICATION or type_ >= FIRST_CUSTOM


def completion_of(proposal: pb.ProposeRunCompletionMessage) -> pb.RunCompletionNotificationMessage:
    """The notification that stores the proposed result of a run."""
    completion = pb.RunCompletionNotificationMessage(completion_id=proposal.result_completion_id)
    if proposal.HasField("failure"):
        completion.failure.CopyFrom(proposal.failure)
    else:
        completion.value.content = proposal.value
    return completion


def state_after(state: Mapping[bytes, bytes], commands: Iterable[Frame]) -> dict[bytes, bytes]:
    """The state after commands, and what else is among them, have taken effect."""
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
    """The ids of all that a suspended attempt waits for."""
    ids: set[NotificationId] = {*waiting.waiting_completions, *waiting.waiting_named_signals}
    ids.update(-index for index in waiting.waiting_signals)
    if isinstance(waiting, pb.SuspensionMessage):
        return ids | awaited_ids(waiting.awaiting_on) if waiting.HasField("awaiting_on") else ids
    return ids.union(*map(awaited_ids, waiting.nested_futures))


def _ids_of(type_: int, payload: bytes) -> list[int]:
    """The ids of the notifications that answer a command."""
    known = COMMANDS.get(type_)
    if known is None:
        return []
    message = known[0].FromString(payload)
    names = ("result_completion_id", "invocation_id_notification_idx")
    return [getattr(message, name) for name in names if name in message.DESCRIPTOR.fields_by_name]


def _signal(id_: NotificationId) -> str:
    return f"signal '{id_}'" if isinstance(id_, str) else f"awakeable {-id_}"


def _framed(frame: Frame) -> bytes:
    type_, payload = frame
    return pack_header(type_, 0, len(payload)) + payload
