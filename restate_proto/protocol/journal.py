"""The journal of one attempt: its phases, the replay, notifications in order, and output.

Two rules. Everything that moves the attempt from one phase to the next is in this file. And once
an attempt has ended, with an end, a suspension or an error, nothing more is written or read.
"""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, NoReturn, TypeVar

from restate_proto.protocol.errors import AttemptEnded, AttemptError, Code, RelatedCommand
from restate_proto.protocol.frames import Frame, FrameDecoder, pack_header
from restate_proto.protocol.messages import (
    FIRST_COMMAND,
    FIRST_CUSTOM,
    FIRST_NOTIFICATION,
    UNDECODABLE,
    MessageType,
    describe,
)
from restate_proto.protocol.mismatch import explain, mismatch_text, summarize
from restate_proto.protocol.results import (
    Failure,
    NotificationId,
    Result,
    ResultKind,
    wire_code,
    wire_text,
)
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from google.protobuf.message import Message

__all__ = ["Input", "Journal", "Phase"]

M = TypeVar("M", bound="Message")

_parse_notification = pb.NotificationTemplate.FromString
_VOID = Result(ResultKind.VOID, None)
_VALUE, _INVOCATION_ID = ResultKind.VALUE, ResultKind.INVOCATION_ID
_START, _ACK = MessageType.START, MessageType.PROPOSE_RUN_COMPLETION_ACK
_INPUT = MessageType.INPUT
_NO_START = pb.StartMessage()
_MUCH_OUTPUT = 1 << 20
_END = pack_header(MessageType.END, 0, 0)


class Phase(Enum):
    """Where an attempt stands."""

    WAITING_START = "waiting for the start message"
    WAITING_REPLAY = "waiting for the journal to replay"
    REPLAYING = "replaying"
    PROCESSING = "processing"
    CLOSED = "closed"


_WAITING_START, _WAITING_REPLAY, _REPLAYING, _PROCESSING, _CLOSED = Phase


class Input(NamedTuple):
    """What the handler is invoked with: its payload and the caller's headers."""

    payload: bytes
    headers: tuple[tuple[str, str], ...]


class Journal:
    """Reads what Restate sends, and writes or replays commands.

    Args:
        version: the service protocol version of the stream.
    """

    __slots__ = (
        "_arrived",
        "_command_index",
        "_commands",
        "_decoder",
        "_expected",
        "_input_closed",
        "_last_completion_id",
        "_last_name",
        "_last_signal_index",
        "_last_type",
        "_missing_entries",
        "_notifications",
        "_output",
        "_output_size",
        "_proposals",
        "_wrote_command",
        "error",
        "phase",
        "start",
        "version",
    )

    def __init__(self, version: int) -> None:
        self.version = version
        self.phase = _WAITING_START
        self.error: AttemptError | None = None
        self.start = _NO_START
        self._decoder = FrameDecoder()
        self._missing_entries = 0
        self._input_closed = False
        self._output: list[bytes] = []
        self._output_size = 0
        # Commands to replay, and notifications in the order in which they take effect.
        self._commands: deque[Frame] = deque()
        self._notifications: deque[tuple[NotificationId, Result]] = deque()
        # Every notification of this stream: a run that has one is not to be executed.
        self._arrived: set[NotificationId] = set()
        # Results of runs that wait for their ack (v7): the ack does not repeat them.
        self._proposals: dict[int, Result] = {}
        # The ids whose result is no payload, and what it is instead.
        self._expected: dict[NotificationId, ResultKind] = {}
        self._command_index = -1
        self._last_type = 0
        self._last_name = ""
        self._last_completion_id = 0
        self._last_signal_index = 16  # the first 16 are Restate's own
        self._wrote_command = False

    # ---- Input ----

    def feed(self, data: bytes) -> None:
        """Take bytes of the request. An error among them ends the attempt; see `error`."""
        if self.phase is _CLOSED:
            return
        try:
            for type_, payload in self._decoder.feed(data):
                if FIRST_NOTIFICATION <= type_ < FIRST_CUSTOM:
                    self._on_notification(payload)
                elif type_ >= FIRST_COMMAND:
                    self._on_command(type_, payload)
                elif type_ == _START:
                    self._on_start(payload)
                elif type_ == _ACK:
                    self._on_ack(payload)
                else:
                    self._violation(f"unexpected {describe(type_)}")
        except UNDECODABLE as error:
            self._broken(f"undecodable message: {error}")
        except AttemptEnded:
            return  # the error is written; the rest of the input is of no use
        if self._decoder.error is not None:
            self._broken(self._decoder.error)

    def close_input(self) -> None:
        """Restate sends nothing more: either it wants a suspension, or the stream broke."""
        self._input_closed = True
        if self.phase is _WAITING_START or self.phase is _WAITING_REPLAY:
            self._broken(f"the request ended while {self.phase.value}")
        elif self._decoder.is_inside_message:
            self._broken("the request ended inside a message")

    def suspend_at_waits(self) -> None:
        """From now on a wait is a suspension, as when the input is closed; but more may come."""
        self._input_closed = True

    def _on_start(self, payload: bytes) -> None:
        if self.phase is not _WAITING_START:
            self._violation("a second start message")
        self.start = start = pb.StartMessage.FromString(payload)
        if start.known_entries == 0:
            self._violation("a start message with no known entries")
        self._missing_entries = start.known_entries
        self.phase = _WAITING_REPLAY

    def _on_command(self, type_: int, payload: bytes) -> None:
        if self.phase is not _WAITING_REPLAY:
            self._violation(f"the command '{describe(type_)}' while {self.phase.value}")
        self._commands.append((type_, payload))
        self._on_entry()

    def _on_notification(self, payload: bytes) -> None:
        phase = self.phase
        if phase is _WAITING_START:
            self._violation("a notification before the start message")
        id_, result = self._read_notification(payload)
        self._notifications.append((id_, result))
        self._arrived.add(id_)
        if phase is _WAITING_REPLAY:
            self._on_entry()

    def _on_ack(self, payload: bytes) -> None:
        id_ = pb.ProposeRunCompletionAckMessage.FromString(payload).completion_id
        result = self._proposals.pop(id_, None)
        if result is None:
            self._violation(f"an ack for the run {id_}, which was not proposed in this attempt")
        self._notifications.append((id_, result))

    def _on_entry(self) -> None:
        self._missing_entries -= 1
        if self._missing_entries == 0:
            if not self._commands or self._commands[0][0] != _INPUT:
                self._violation("a journal that does not begin with the handler's input")
            self.phase = _REPLAYING

    def _read_notification(self, payload: bytes) -> tuple[NotificationId, Result]:
        message = _parse_notification(payload)
        id_: NotificationId = message.completion_id
        which = None if id_ else message.WhichOneof("id")  # nearly all are completions
        if id_ or which == "completion_id":
            pass
        elif which == "signal_id":
            id_ = -message.signal_id
        elif which == "signal_name":
            id_ = message.signal_name
        else:
            self._violation("a notification without an id")
        kind = message.WhichOneof("result")
        if kind == "value":
            return id_, Result(_VALUE, message.value.content)
        if kind == "void":
            return id_, _VOID
        if kind == "failure":
            return id_, Result(ResultKind.FAILURE, Failure.from_message(message.failure))
        if kind == "invocation_id":
            return id_, Result(_INVOCATION_ID, message.invocation_id)
        if kind == "state_keys":
            keys = tuple(key.decode(errors="replace") for key in message.state_keys.keys)
            return id_, Result(ResultKind.STATE_KEYS, keys)
        self._violation(f"a notification without a result (id {id_!r})")

    # ---- The start of the handler ----

    @property
    def is_ready(self) -> bool:
        """Whether the journal to replay is complete, so that the handler can start."""
        return self.phase is _REPLAYING or self.phase is _PROCESSING

    def read_input(self) -> Input:
        """The handler's input, the journal's first command; once, when `is_ready`."""
        _, payload = self._next_recorded(_INPUT)
        message = self._decode(pb.InputCommandMessage, payload)
        return Input(
            message.value.content, tuple([(header.key, header.value) for header in message.headers])
        )

    # ---- Commands ----

    def _next_completion_id(self) -> int:
        self._last_completion_id += 1
        return self._last_completion_id

    def _command(self, type_: int, message: Message, name: str = "") -> None:
        """Write a command, or take it from the journal and check that it is the same."""
        payload = message.SerializeToString()
        if self.phase is _PROCESSING:
            self._command_index += 1
            self._last_type = type_
            self._last_name = name
            self._wrote_command = True
            self._output += (pack_header(type_, 0, len(payload)), payload)
            self._output_size += len(payload)
            return
        found_type, found = self._next_recorded(type_, name)
        if found_type == type_ and found == payload:
            return
        self._check(found_type, found, type_, message)

    def _check(self, found_type: int, found: bytes, type_: int, message: Message) -> None:
        try:
            difference = explain(self._command_index, found_type, found, type_, message)
        except UNDECODABLE as error:
            self._violation(f"the journal's command {self._command_index} is undecodable: {error}")
        if difference is not None:
            self.fail(AttemptError(Code.JOURNAL_MISMATCH, difference))

    def _decode(self, class_: type[M], payload: bytes) -> M:
        try:
            return class_.FromString(payload)
        except UNDECODABLE as error:
            self._violation(f"the journal's command {self._command_index} is undecodable: {error}")

    def _peek_recorded(self) -> int | None:
        """The type of the next recorded command; None when there is nothing to replay."""
        return self._commands[0][0] if self._commands else None

    def _next_recorded(self, type_: int, name: str = "") -> Frame:
        if self.phase is not _REPLAYING:
            self._closed()
        self._command_index += 1
        self._last_type = type_
        self._last_name = name
        frame = self._commands.popleft()
        if not self._commands:
            self.phase = _PROCESSING
        return frame

    # ---- Output and the end ----

    def take_output(self) -> bytes:
        """The bytes to send since the last call."""
        output = self._output
        if not output:
            return b""
        self._output = []
        self._output_size = 0
        return output[0] if len(output) == 1 else b"".join(output)

    @property
    def has_much_output(self) -> bool:
        """Whether so much was written that it should be sent before more is."""
        return self._output_size > _MUCH_OUTPUT

    def _send(self, type_: int, message: Message, flags: int = 0) -> None:
        payload = message.SerializeToString()
        self._output += (pack_header(type_, flags, len(payload)), payload)
        self._output_size += len(payload)

    def end(self) -> None:
        """The invocation is done; its output was written."""
        if self.phase is _REPLAYING:
            self._not_next("the handler's end")
        if self.phase is _PROCESSING:
            self._output.append(_END)
        self._close()

    def fail(self, error: AttemptError) -> NoReturn:
        """End the attempt with an error, which Restate answers with a retry.

        Raises:
            AttemptEnded: always.
        """
        self.fail_with(error)
        self._closed()

    def abandon(self) -> None:
        """End the attempt without a word: there is nobody to tell."""
        self._close()

    def _not_next(self, expected: str, related: RelatedCommand | None = None) -> NoReturn:
        """What the code does is no command, but the journal goes on with one."""
        index = self._command_index + 1
        type_, payload = self._commands[0]
        text = mismatch_text(index, expected, f"'{summarize(type_, payload)}'")
        self.fail(
            AttemptError(
                Code.JOURNAL_MISMATCH, text, related=related or RelatedCommand(index, "", type_)
            )
        )

    def _broken(self, what: str) -> None:
        self.fail_with(AttemptError(Code.PROTOCOL_VIOLATION, f"Broken stream: {what}"))

    def _violation(self, what: str) -> NoReturn:
        self.fail(AttemptError(Code.PROTOCOL_VIOLATION, f"Protocol violation: {what}"))

    def _closed(self) -> NoReturn:
        raise AttemptEnded(self.error.message if self.error else "the attempt is over")

    def fail_with(self, error: AttemptError) -> None:
        """As `fail`, but returns; nothing where the attempt is over already."""
        if self.phase is _CLOSED:
            return
        message = pb.ErrorMessage(
            code=wire_code(error.code),
            message=wire_text(error.message),
            stacktrace=wire_text(error.stacktrace),
        )
        related = error.related or self.last_command
        if related is not None:
            message.related_command_index = related.index
            message.related_command_type = related.type
            if related.name:
                message.related_command_name = wire_text(related.name)
        if error.retry_after is not None:
            message.next_retry_delay = max(0, round(error.retry_after.total_seconds() * 1000))
        self._send(MessageType.ERROR, message)
        self.error = error
        self._close()

    def _close(self) -> None:
        self.phase = _CLOSED
        self._commands.clear()
        self._notifications.clear()
        self._proposals.clear()

    @property
    def last_command(self) -> RelatedCommand | None:
        """The command that was issued or replayed last."""
        if self._command_index < 0:
            return None
        return RelatedCommand(self._command_index, self._last_name, self._last_type)
