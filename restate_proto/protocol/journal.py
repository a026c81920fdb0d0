"""The journal of one attempt: its phases, the replay, notifications in order, and output.

Two rules. Everything that moves the attempt from one phase to the next is in this file. And once
an attempt has ended, with an end, a suspension or an error, nothing more is written or read.
"""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, NoReturn, TypeVar

from restate_proto.protocol.errors import (
    AttemptEnded,
    AttemptError,
    Code,
    MessageTooLargeError,
    RelatedCommand,
)
from restate_proto.protocol.frames import (
    DEFAULT_MAX_OUTBOUND,
    MAX_LENGTH,
    RESTATES_SHARE,
    Frame,
    FrameDecoder,
    pack_header,
)
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
    CANCEL_SIGNAL,
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
_MOST_ENDS = 100
"""How often a handler is told that its attempt has ended before it is taken for deaf."""
_STATE = (MessageType.SET_STATE, MessageType.GET_EAGER_STATE)
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
        max_message: the longest message that is taken, in bytes; a longer one ends the attempt.
        max_outbound: the `message-size-limit` of the server, in bytes; what it would not take is
            not written.
    """

    __slots__ = (
        "_arrived",
        "_commands",
        "_cut_by",
        "_decoder",
        "_expected",
        "_input_closed",
        "_last_completion_id",
        "_last_name",
        "_last_type",
        "_max_outbound",
        "_missing_entries",
        "_notifications",
        "_output",
        "_output_size",
        "_proposals",
        "_wrote_command",
        "command_index",
        "ends_told",
        "error",
        "last_signal_index",
        "max_payload",
        "phase",
        "start",
        "version",
    )

    def __init__(
        self,
        version: int,
        max_message: int = MAX_LENGTH,
        max_outbound: int = DEFAULT_MAX_OUTBOUND,
    ) -> None:
        self.version = version
        self._max_outbound = max_outbound
        self.max_payload = max_outbound - RESTATES_SHARE  # the least that is refused
        self.phase = _WAITING_START
        self.error: AttemptError | None = None
        self.start = _NO_START
        self._decoder = FrameDecoder(max_message)
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
        self.command_index = -1  # of the last command that was issued or replayed
        self._last_type = 0
        self._last_name = ""
        self._last_completion_id = 0
        self.last_signal_index = 16  # the first 16 are Restate's own
        self._wrote_command = False
        self._cut_by: BaseException | None = None
        self.ends_told = 0  # how often `AttemptEnded` was raised in the handler

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
            self.ends_told = 0  # it was raised here, and not in the handler
            return  # the error is written; the rest of the input is of no use
        if self._decoder.error is not None:
            self._broken(self._decoder.error)

    @property
    def awaited_input(self) -> tuple[int, int] | None:
        """What is missing of the known entries or of a message, as a value that changes with it.

        None when all is there that was announced; more may come then, but nothing has to.
        """
        phase = self.phase
        if phase is _CLOSED:
            return None
        missing = self._decoder.missing
        if missing or phase is _WAITING_START or phase is _WAITING_REPLAY:
            return self._missing_entries, missing
        return None

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

    @property
    def has_begun(self) -> bool:
        """Whether the journal has more than the input (and the wish to cancel), once that is read.

        Then a handler has worked on this invocation already.
        """
        return self.phase is _REPLAYING or not self._arrived <= {CANCEL_SIGNAL}

    def read_input(self) -> Input:
        """The handler's input, the journal's first command; once, when `is_ready`."""
        _, payload = self._recorded()
        message = self._decode(pb.InputCommandMessage, _INPUT, payload)
        input_ = Input(
            message.value.content, tuple([(header.key, header.value) for header in message.headers])
        )
        self._take_recorded(_INPUT)
        return input_

    # ---- Commands ----
    #
    # An operation happens as a whole or not at all, whatever is raised in its middle: a handler may
    # catch a RecursionError and go on. So an operation first makes everything that can fail. Then it
    # takes its ids and writes its command, or takes that from the journal, in statements that call
    # nothing, for every call could be the one too many.

    def _command(self, type_: int, message: Message, name: str = "", ids: int = 0) -> None:
        """Write a command, or take it from the journal and check that it is the same.

        Args:
            type_: its type number.
            message: the command.
            name: its name.
            ids: how many completion ids it uses; they follow on the last ones.

        Raises:
            MessageTooLargeError: Restate would not take it.
        """
        payload = message.SerializeToString()
        if len(payload) >= self.max_payload:
            self._refuse_large(type_, payload)
        if self.phase is _PROCESSING:
            length = len(payload)
            header = pack_header(type_, 0, length)
            self._output += (header, payload)
            self._output_size += length
            self.command_index += 1
            self._last_type = type_
            self._last_name = name
            self._last_completion_id += ids
            self._wrote_command = True
            return
        if self.phase is not _REPLAYING:
            self.refuse()
            return
        found_type, found = self._commands[0]
        if found_type != type_ or found != payload:
            self._check(found_type, found, type_, message, name)
        self._take_recorded(type_, name, ids)

    def _refuse_large(self, type_: int, payload: bytes) -> None:
        """Refuse a command that Restate would not take."""
        if self.phase is _CLOSED or (type_ in _STATE and len(payload) < self._max_outbound):
            return  # state stays with the invocation
        if self.phase is _REPLAYING and self._commands[0] == (type_, payload):
            return  # it has taken it
        self.check_size(describe(type_), len(payload))

    def check_size(self, what: str, size: int) -> None:
        """Refuse what Restate would not take.

        Args:
            what: what is to be written, for the error.
            size: the bytes that it takes.

        Raises:
            MessageTooLargeError: it is too large.
        """
        if size >= self.max_payload:
            raise MessageTooLargeError(
                f"{what}: {size} bytes are more than Restate takes at once, whose "
                f"message-size-limit is {self._max_outbound} bytes. Store what is so large "
                "elsewhere, and pass on where it is; or raise the limit in the server's "
                "configuration and here, with Limits(max_outbound_message=...)."
            )

    def _check(
        self, found_type: int, found: bytes, type_: int, message: Message, name: str = ""
    ) -> None:
        index = self.command_index + 1
        try:
            difference = explain(index, found_type, found, type_, message)
        except RecursionError:  # the handler's: it is deep in calls, and may try again
            raise
        except UNDECODABLE as error:
            self._bad_record(type_, f"is undecodable: {error}", name)
        if difference is not None:
            related = RelatedCommand(index, name, type_)
            self.fail(AttemptError(Code.JOURNAL_MISMATCH, difference, related=related))

    def _decode(self, class_: type[M], type_: int, payload: bytes) -> M:
        try:
            return class_.FromString(payload)
        except RecursionError:  # as in `_check`
            raise
        except UNDECODABLE as error:
            self._bad_record(type_, f"is undecodable: {error}")

    def _bad_record(self, type_: int, what: str, name: str = "") -> NoReturn:
        index = self.command_index + 1
        text = f"Protocol violation: the journal's command {index} {what}"
        related = RelatedCommand(index, name, type_)
        self.fail(AttemptError(Code.PROTOCOL_VIOLATION, text, related=related))

    def _peek_recorded(self) -> int | None:
        """The type of the next recorded command; None when there is nothing to replay."""
        return self._commands[0][0] if self._commands else None

    def _recorded(self) -> Frame:
        """The next recorded command, which stays where it is."""
        if self.phase is not _REPLAYING:
            self._closed()
        return self._commands[0]

    def _take_recorded(self, type_: int, name: str = "", ids: int = 0) -> None:
        """The code does what the next recorded command says."""
        del self._commands[0]
        self.command_index += 1
        self._last_type = type_
        self._last_name = name
        self._last_completion_id += ids
        if not self._commands:
            self.phase = _PROCESSING

    # ---- Output and the end ----

    def take_output(self) -> bytes:
        """The bytes to send since the last call."""
        if self._cut_by is not None:
            self._write_cut()
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

    def reject(self, error: AttemptError) -> None:
        """As `fail`, for an operation that the handler cannot have; see `refuse`."""
        self.fail_with(error)
        self.refuse()

    def abandon(self) -> None:
        """End the attempt without a word: there is nobody to tell."""
        self._close()

    def _not_next(self, expected: str, related: RelatedCommand | None = None) -> NoReturn:
        """What the code does is no command, but the journal goes on with one."""
        index = self.command_index + 1
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
        self.ends_told += 1
        raise AttemptEnded(self.error.message if self.error else "the attempt is over")

    def refuse(self) -> None:
        """The handler does something although its attempt is over.

        It is told so, until it is clear that it does not listen (a bare `except:` in a loop). From
        then on an operation does nothing, without an error: the handler comes to its next `await`,
        where it can be left.

        Raises:
            AttemptEnded: the attempt is over.
        """
        if not self.is_unheard:
            self._closed()
        self._output_size = _MUCH_OUTPUT + 1  # every `await` is one that waits

    @property
    def is_unheard(self) -> bool:
        """Whether the handler goes on although it was told again and again that the attempt is over."""
        return self.ends_told >= _MOST_ENDS

    def fail_with(self, error: AttemptError) -> None:
        """As `fail`, but returns; nothing where the attempt is over already."""
        if self.phase is not _CLOSED:
            self._write_error(error)

    def cut_short(self, error: BaseException) -> None:
        """End the attempt because an operation was issued, and something was raised before its end.

        Its place in the journal is taken, but the handler has nothing of it, and may have caught
        what was raised. Nothing is called here, and little done: there may be no stack left.
        """
        if self.phase is not _CLOSED:
            self.phase = _CLOSED
            self._cut_by = error

    def _write_cut(self) -> None:
        error, self._cut_by = self._cut_by, None
        text = (
            f"The operation '{describe(self._last_type)}' was issued, and {type(error).__name__} was "
            "raised before it had returned: the attempt ends here, for another could not repeat that."
        )
        self._write_error(AttemptError(Code.INTERNAL, text))

    def _write_error(self, error: AttemptError) -> None:
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
        payload = message.SerializeToString()
        header = pack_header(MessageType.ERROR, 0, len(payload))
        self._output += (header, payload)  # all that can fail is done, as in a command
        self.error = error
        self.phase = _CLOSED
        self._close()

    def _close(self) -> None:
        self.phase = _CLOSED
        self._commands.clear()
        self._notifications.clear()
        self._proposals.clear()

    @property
    def last_command(self) -> RelatedCommand | None:
        """The command that was issued or replayed last."""
        if self.command_index < 0:
            return None
        return RelatedCommand(self.command_index, self._last_name, self._last_type)
