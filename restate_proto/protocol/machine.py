"""The state machine of one attempt: takes what Restate sends, and holds the parts that deal with it.

`phases.py` says what each message does in each phase. The parts are, from the bottom up: `journal.py`,
what is recorded and written, and how the attempt ends; `waiting.py`, what has come for the handler,
and what happens where it waits; `commands.py` and `state.py`, what it does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from restate_proto.protocol.commands import Commands
from restate_proto.protocol.errors import AttemptError, Code, ErrorBehavior, ViolationError
from restate_proto.protocol.frames import DEFAULT_MAX_OUTBOUND, MAX_LENGTH, Frame, FrameDecoder
from restate_proto.protocol.journal import Journal
from restate_proto.protocol.messages import (
    FIRST_COMMAND,
    FIRST_CUSTOM,
    FIRST_NOTIFICATION,
    UNDECODABLE,
    MessageType,
    describe,
)
from restate_proto.protocol.notifications import CANCEL_SIGNAL, read_notification
from restate_proto.protocol.phases import Phase, Rule
from restate_proto.protocol.stored_payloads import StoredPayloads
from restate_proto.protocol.waiting import Waiting
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from restate_proto.model.payload_codec import PayloadCodecs

__all__ = ["Input", "StateMachine"]

_parse_start = pb.StartMessage.FromString
_START, _ACK = MessageType.START, MessageType.PROPOSE_RUN_COMPLETION_ACK
_ILLEGAL, _ENTRY, _BROKEN = Rule.ILLEGAL, Rule.ENTRY, Rule.BROKEN
_REPLAYING, _PROCESSING, _CLOSED = Phase.REPLAYING, Phase.PROCESSING, Phase.CLOSED


class Input(NamedTuple):
    """What the handler is invoked with: its payload and the caller's headers."""

    payload: bytes
    headers: tuple[tuple[str, str], ...]


class StateMachine:
    """One attempt of one invocation, without I/O.

    Feed it the request's bytes, do with its parts what the handler does, and send what
    `journal.take_output` gives.

    Args:
        version: the service protocol version of the stream, 5 to 7.
        max_message: the longest message that is taken, in bytes; a longer one ends the attempt.
        max_outbound: the `message-size-limit` of the server, in bytes; what it would not take is
            not written.
        on_mismatch: what Restate is to do where the code does something else than the journal says.
        payload_codecs: what payloads pass through on their way; None where they stay as they are.

    Attributes:
        journal: its phase, its start message and its output; how it ends.
        waiting: the notifications, and what happens when none is left.
        commands: what the handler issues.
    """

    __slots__ = ("_decoder", "commands", "journal", "waiting")

    _journal_class: ClassVar = Journal

    def __init__(
        self,
        version: int,
        max_message: int = MAX_LENGTH,
        max_outbound: int = DEFAULT_MAX_OUTBOUND,
        on_mismatch: ErrorBehavior = ErrorBehavior.RETRY,
        payload_codecs: PayloadCodecs | None = None,
    ) -> None:
        self._decoder = FrameDecoder(max_message)
        payloads = None if payload_codecs is None else StoredPayloads(payload_codecs)
        self.journal: Journal = self._journal_class(version, max_outbound, on_mismatch, payloads)
        journal = self.journal
        self.waiting = waiting = Waiting(journal)
        self.commands = Commands(journal, waiting)

    # ---- What Restate sends ----

    def feed(self, data: bytes) -> None:
        """Take bytes of the request. An error among them ends the attempt; see `journal.error`."""
        if self.journal.phase is _CLOSED:
            return
        try:
            self._receive(self._decoder.feed(data))
        except ViolationError as error:
            text = f"Protocol violation: {error}"
            self.journal.fail_with(AttemptError(Code.PROTOCOL_VIOLATION, text))
        except UNDECODABLE as error:
            self._broken(f"undecodable message: {error}")
        else:
            if self._decoder.error is not None:
                self._broken(self._decoder.error)

    def _receive(self, frames: list[Frame]) -> None:
        journal = self.journal
        waiting = self.waiting
        for frame in frames:
            type_, payload = frame
            phase = journal.phase
            if FIRST_NOTIFICATION <= type_ < FIRST_CUSTOM:
                rule = phase.on_notification
                if rule is _ILLEGAL:
                    raise ViolationError("a notification before the start message")
                notification = read_notification(payload)
                waiting.queue.append(notification)
                waiting.arrived.add(notification[0])
                if rule is _ENTRY:
                    journal.count_entry()
            elif type_ >= FIRST_COMMAND:
                if phase.on_recorded_command is _ILLEGAL:
                    raise ViolationError(f"the command '{describe(type_)}' while {phase.value}")
                journal.recorded.append(frame)
                journal.count_entry()
            elif type_ == _START:
                if phase.on_start is _ILLEGAL:
                    raise ViolationError("a second start message")
                start = _parse_start(payload)
                journal.begin(start)
                if start.state_map:
                    self.commands.state.load(start.state_map)
            elif type_ == _ACK:
                self._on_ack(payload)
            else:
                raise ViolationError(f"unexpected {describe(type_)}")

    def _on_ack(self, payload: bytes) -> None:
        waiting = self.waiting
        id_ = pb.ProposeRunCompletionAckMessage.FromString(payload).completion_id
        result = waiting.proposals.pop(id_, None)
        if result is None or self.journal.phase.on_ack is _ILLEGAL:
            raise ViolationError(
                f"an ack for the run {id_}, which was not proposed in this attempt"
            )
        waiting.queue.append((id_, result))

    def close_input(self) -> None:
        """Restate sends nothing more: either it wants a suspension, or the stream broke."""
        phase = self.journal.phase
        self.waiting.suspends = True
        if phase.on_request_end is _BROKEN:
            self._broken(f"the request ended while {phase.value}")
        elif self._decoder.is_inside_message:
            self._broken("the request ended inside a message")

    def suspend_at_waits(self) -> None:
        """From now on a wait is a suspension, as when the input is closed; but more may come."""
        self.waiting.suspends = True

    def _broken(self, what: str) -> None:
        error = AttemptError(Code.PROTOCOL_VIOLATION, f"Broken stream: {what}")
        self.journal.fail_with(error)

    @property
    def awaited_input(self) -> tuple[int, int] | None:
        """What is missing of the known entries or of a message, as a value that changes with it.

        None when all is there that was announced; more may come then, but nothing has to.
        """
        journal = self.journal
        if journal.phase is _CLOSED:
            return None
        missing = self._decoder.missing
        if missing or journal.phase.on_request_end is _BROKEN:
            return journal.missing_entries, missing
        return None

    # ---- The handler's start ----

    @property
    def is_ready(self) -> bool:
        """Whether the journal to replay is complete, so that the handler can start."""
        phase = self.journal.phase
        return phase is _REPLAYING or phase is _PROCESSING

    def read_input(self) -> Input:
        """The handler's input, the journal's first command; once, when `is_ready`.

        Raises:
            PayloadCodecError: it cannot be decoded here and now.
            TerminalError: it never can.
        """
        journal = self.journal
        if journal.phase is not _REPLAYING:
            journal.raise_ended()
        type_, payload = journal.recorded[-1]
        message = journal.decode(pb.InputCommandMessage, type_, payload)
        payload = message.value.content
        headers = tuple([(header.key, header.value) for header in message.headers])
        journal.take_recorded(type_)
        if journal.payloads is not None:
            payload = journal.payloads.decode(payload)
        return Input(payload, headers)

    @property
    def has_begun(self) -> bool:
        """Whether the journal has more than the input (and the wish to cancel), once that is read.

        Then a handler has worked on this invocation already.
        """
        journal = self.journal
        return journal.phase is _REPLAYING or not self.waiting.arrived <= {CANCEL_SIGNAL}
