"""The state machine of one attempt: it takes the bytes that Restate sends, and owns the parts.

`phases.py` says what each message does in each phase. The parts, of which each knows only those
named before it, are `journal.py` (what is recorded and written, and how the attempt ends),
`waiting.py` (the notifications, and what happens while the handler waits), and `commands.py` with
`state.py` (what the handler does).
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, ClassVar

from restate_proto.protocol.commands import Commands
from restate_proto.protocol.errors import AttemptError, Code, ErrorBehavior, ViolationError
from restate_proto.protocol.frames import MAX_LENGTH, Frame, FrameDecoder
from restate_proto.protocol.journal import Journal
from restate_proto.protocol.message_size import DEFAULT_MAX_OUTBOUND
from restate_proto.protocol.messages import (
    FIRST_COMMAND,
    FIRST_CUSTOM,
    FIRST_NOTIFICATION,
    UNDECODABLE,
    MessageType,
    describe,
)
from restate_proto.protocol.notifications import (
    CANCEL_SIGNAL,
    VALUE_TAG,
    read_notification,
)
from restate_proto.protocol.phases import Phase, Rule
from restate_proto.protocol.stored_payloads import StoredPayloads
from restate_proto.protocol.waiting import Waiting
from restate_proto.protocol.wire import LargeMessage
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from restate_proto.model.payload_codec import PayloadCodecs

__all__ = ["Input", "StateMachine"]

_parse_start = pb.StartMessage.FromString
_START, _ACK = MessageType.START, MessageType.PROPOSE_RUN_COMPLETION_ACK
_ILLEGAL, _ENTRY, _BROKEN = Rule.ILLEGAL, Rule.ENTRY, Rule.BROKEN
_REPLAYING, _PROCESSING, _CLOSED = Phase.REPLAYING, Phase.PROCESSING, Phase.CLOSED

_INPUT_VALUE = 0x72
"""The tag of `InputCommandMessage.value`."""


class Input:
    """What the handler is invoked with: its payload and the caller's headers.

    The headers are converted only when they are asked for, because most handlers never ask.

    Args:
        payload: the payload, as the handler should read it.
        message: the input command, which has the headers.

    Attributes:
        payload: the payload.
    """

    __slots__ = ("_message", "payload")

    def __init__(self, payload: bytes, message: pb.InputCommandMessage) -> None:
        self.payload = payload
        self._message = message

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """All headers, in their order."""
        return tuple([(header.key, header.value) for header in self._message.headers])

    def header(self, name: str) -> str | None:
        """Return the value of the first header of a name.

        Args:
            name: the name in lower case. The header may have it in any case, because a handler of
                any SDK may have set it.
        """
        length = len(name)
        for header in self._message.headers:
            key = header.key
            if len(key) == length and key.lower() == name:
                return header.value
        return None


class StateMachine:
    """One attempt of one invocation, without I/O.

    Feed it the request's bytes, call its parts for what the handler does, and send what
    `journal.take_output` returns.

    Args:
        version: the service protocol version of the stream, 5 to 7.
        max_message: the longest message to accept, in bytes; a longer one ends the attempt.
        max_outbound: the `message-size-limit` of the server, in bytes; nothing that is longer is
            written.
        on_mismatch: what Restate should do if the code does something else than the journal says.
        payload_codecs: the codecs that payloads pass through; None if they are stored as they are.

    Attributes:
        journal: the phase, the recorded commands, the output, and how the attempt ends.
        waiting: the notifications, and what happens when none is left.
        commands: the commands that the handler issues.
    """

    __slots__ = ("_decoder", "_large_input", "commands", "journal", "waiting")

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
        self._large_input: bytes | None = None  # the handler's input, cut off its message
        payloads = None if payload_codecs is None else StoredPayloads(payload_codecs)
        self.journal: Journal = self._journal_class(version, max_outbound, on_mismatch, payloads)
        journal = self.journal
        self.waiting = waiting = Waiting(journal)
        self.commands = Commands(journal, waiting)

    # ---- What Restate sends ----

    def feed(self, data: bytes) -> None:
        """Take bytes of the request; an error in them ends the attempt (see `journal.error`)."""
        if self.journal.phase is _CLOSED:
            return
        try:
            frames = self._decoder.feed_uncopied(data)
            if self._decoder.found_large:
                self._decoder.found_large = False
                self._receive_large(frames)
            else:
                self._receive(frames)
        except ViolationError as error:
            text = f"Protocol violation: {error}"
            self.journal.fail_with(AttemptError(Code.PROTOCOL_VIOLATION, text))
        except UNDECODABLE as error:
            self._broken(f"undecodable message: {error}")
        else:
            if self._decoder.error is not None:
                self._broken(self._decoder.error)

    def _receive_large(self, frames: list[tuple[int, Any]]) -> None:
        """Take messages some of which are large, with the payloads of these copied only once."""
        for type_, payload in frames:
            value = None
            if isinstance(payload, LargeMessage):
                if FIRST_NOTIFICATION <= type_ < FIRST_CUSTOM:
                    payload, value = payload.cut_value(VALUE_TAG)  # noqa: PLW2901 - it is the same
                elif type_ == MessageType.INPUT and not self.journal.recorded:
                    payload, value = payload.cut_value(_INPUT_VALUE)  # noqa: PLW2901
                    self._large_input = value
                else:
                    payload = payload.joined()  # noqa: PLW2901
            self._receive([(type_, payload)], value)

    def _receive(self, frames: list[Frame], value: bytes | None = None) -> None:
        """Take messages; `value` was cut off the only one, if that is a notification."""
        journal = self.journal
        waiting = self.waiting
        for frame in frames:
            type_, payload = frame
            phase = journal.phase
            if FIRST_NOTIFICATION <= type_ < FIRST_CUSTOM:
                rule = phase.on_notification
                if rule is _ILLEGAL:
                    raise ViolationError("a notification before the start message")
                waiting.add(read_notification(payload, value))
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
                journal.begin(_parse_start(payload))
            elif type_ == _ACK:
                self._on_ack(payload)
            else:
                raise ViolationError(f"unexpected {describe(type_)}")

    def _on_ack(self, payload: bytes) -> None:
        waiting = self.waiting
        id_ = pb.ProposeRunCompletionAckMessage.FromString(payload).completion_id
        result = waiting.proposals.pop(id_, None) if waiting.proposals else None
        if result is None or self.journal.phase.on_ack is _ILLEGAL:
            raise ViolationError(
                f"an ack for the run {id_}, which was not proposed in this attempt"
            )
        if waiting.queue is None:
            waiting.queue = deque()
        waiting.queue.append((id_, result))

    def close_input(self) -> None:
        """Take the end of the request: Restate wants a suspension, or the stream broke."""
        phase = self.journal.phase
        self.waiting.suspends = True
        if phase.on_request_end is _BROKEN:
            self._broken(f"the request ended while {phase.value}")
        elif self._decoder.is_inside_message:
            self._broken("the request ended inside a message")

    def suspend_at_waits(self) -> None:
        """Suspend at the next wait, as if the input were closed; more of it may still come."""
        self.waiting.suspends = True

    def _broken(self, what: str) -> None:
        error = AttemptError(Code.PROTOCOL_VIOLATION, f"Broken stream: {what}")
        self.journal.fail_with(error)

    @property
    def awaited_input(self) -> tuple[int, int] | None:
        """What is missing of the announced entries or of a message; changes when more comes.

        None if everything that was announced is there: more may come, but nothing has to.
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
        """Return the handler's input, the journal's first command; call it once, when `is_ready`.

        Raises:
            PayloadCodecError: it cannot be decoded in this attempt; another may succeed.
            TerminalError: it can never be decoded.
        """
        journal = self.journal
        if journal.phase is not _REPLAYING:
            journal.raise_ended()
        type_, payload = journal.recorded[-1]
        message = journal.decode(pb.InputCommandMessage, type_, payload)
        payload, self._large_input = self._large_input, None
        if payload is None:
            payload = message.value.content
        journal.take_recorded(type_)
        if journal.payloads is not None:
            payload = journal.payloads.decode(payload)
        return Input(payload, message)

    @property
    def has_begun(self) -> bool:
        """Whether a handler has already worked on this invocation; valid once the input is read.

        The journal then has more than the input, apart from a request to cancel.
        """
        journal = self.journal
        return journal.phase is _REPLAYING or not self.waiting.arrived.keys() <= {CANCEL_SIGNAL}
