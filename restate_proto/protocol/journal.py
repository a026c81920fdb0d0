"""The journal of one attempt: the commands in it, what is written, and how the attempt ends.

Three rules, beside the table of `phases.py`. All that moves an attempt from one phase to the next is
in this file.

1. An operation of the handler happens as a whole or not at all, whatever is raised in its middle: a
   handler may catch a RecursionError and go on. So an operation first makes everything that can
   fail. Then it takes its ids and writes its command, or takes that from the journal, in statements
   that call nothing, for every call could be the one too many.
2. Where an operation has happened, and the handler has nothing of it, the attempt ends: whoever
   makes the future of an operation calls `cut_short` where that fails after the command was issued.
3. Once an attempt has ended, nothing more is read or written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, TypeVar

from restate_proto.protocol.errors import (
    AttemptEnded,
    AttemptError,
    Code,
    ErrorBehavior,
    MessageTooLargeError,
    RelatedCommand,
    ViolationError,
)
from restate_proto.protocol.frames import RESTATES_SHARE, Frame, pack_header
from restate_proto.protocol.messages import UNDECODABLE, MessageType, describe
from restate_proto.protocol.mismatch import explain, mismatch_text
from restate_proto.protocol.phases import Phase, Rule
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from restate_proto.protocol.stored_payloads import StoredPayloads

__all__ = ["Journal"]

M = TypeVar("M", bound="Message")

_WAITING_START, _WAITING_REPLAY, _REPLAYING, _PROCESSING, _CLOSED = Phase
_MATCH, _WRITE, _MISMATCH = Rule.MATCH, Rule.WRITE, Rule.MISMATCH
_NO_START = pb.StartMessage()
_INPUT = MessageType.INPUT
_STATE = (MessageType.SET_STATE, MessageType.GET_EAGER_STATE)
_END = pack_header(MessageType.END, 0, 0)
_MUCH_OUTPUT = 1 << 20
_MOST_ENDS = 100
"""How often a handler is told that its attempt has ended before it is taken for deaf."""


class Journal:
    """Replays commands or writes them, and ends the attempt.

    Args:
        version: the service protocol version of the stream.
        max_outbound: the `message-size-limit` of the server, in bytes; what it would not take is
            not written.
        on_mismatch: what Restate is to do where the code does something else than the journal says.
        payloads: see below.

    Attributes:
        phase: where the attempt stands.
        start: the start message; empty before it is there.
        missing_entries: how many of the entries that it announced are not there yet.
        recorded: the commands that the handler has not come to again; in a replay the next is the
            last of the list.
        command_index: the index of the last command that was issued or replayed; -1 before that.
        last_completion_id: the completion id that was used last.
        last_signal_index: likewise the signal index; the first 16 are Restate's own.
        has_ended: whether the invocation has, with the output that was written.
        has_written_command: whether the attempt has added a command to the journal.
        max_payload: the length in bytes of a payload that Restate would not take any more.
        error: what the attempt failed with.
        payloads: encodes and decodes payloads; None where they are stored as they are.
        times_told_of_end: how often `AttemptEnded` was raised in the handler.
    """

    __slots__ = (
        "_cut_by",
        "_last_name",
        "_last_type",
        "_max_outbound",
        "_on_mismatch",
        "_output",
        "_output_size",
        "command_index",
        "error",
        "has_ended",
        "has_written_command",
        "last_completion_id",
        "last_signal_index",
        "max_payload",
        "missing_entries",
        "payloads",
        "phase",
        "recorded",
        "start",
        "times_told_of_end",
        "version",
    )

    def __init__(
        self,
        version: int,
        max_outbound: int,
        on_mismatch: ErrorBehavior = ErrorBehavior.RETRY,
        payloads: StoredPayloads | None = None,
    ) -> None:
        self.payloads = payloads
        self.version = version
        self._max_outbound = max_outbound
        self._on_mismatch = on_mismatch
        self.max_payload = max_outbound - RESTATES_SHARE
        self.phase = _WAITING_START
        self.start = _NO_START
        self.missing_entries = 0
        self.recorded: list[Frame] = []
        self._output: list[bytes] = []
        self._output_size = 0
        self.command_index = -1
        self._last_type = 0
        self._last_name = ""
        self.last_completion_id = 0
        self.last_signal_index = 16
        self.has_ended = False
        self.has_written_command = False
        self.error: AttemptError | None = None
        self.times_told_of_end = 0
        self._cut_by: BaseException | None = None

    # ---- The entries to replay ----

    def begin(self, start: pb.StartMessage) -> None:
        """The start message is there.

        Raises:
            ViolationError: it announces nothing.
        """
        self.missing_entries = start.known_entries
        if self.missing_entries == 0:
            raise ViolationError("a start message with no known entries")
        self.start = start
        self.phase = _WAITING_REPLAY

    def count_entry(self) -> None:
        """One more of the entries that the start message announced is there.

        Raises:
            ViolationError: it is the last, and they do not begin with the handler's input.
        """
        self.missing_entries -= 1
        if self.missing_entries == 0:
            if not self.recorded or self.recorded[0][0] != _INPUT:
                raise ViolationError("a journal that does not begin with the handler's input")
            self.recorded.reverse()
            self.phase = _REPLAYING

    def decode(self, class_: type[M], type_: int, payload: bytes) -> M:
        """Parse the next recorded command; what is undecodable ends the attempt."""
        try:
            return class_.FromString(payload)
        except RecursionError:  # the handler's: it is deep in calls, and may try again
            raise
        except UNDECODABLE as error:
            self.bad_record(type_, f"is undecodable: {error}")

    def check(
        self, found_type: int, found: bytes, type_: int, message: Message, name: str = ""
    ) -> None:
        """Compare the next recorded command with what the handler does; a mismatch ends the attempt."""
        index = self.command_index + 1
        try:
            difference = explain(index, found_type, found, type_, message)
        except RecursionError:  # as in `decode`
            raise
        except UNDECODABLE as error:
            self.bad_record(type_, f"is undecodable: {error}", name)
        if difference is not None:
            self._fail_with_mismatch(difference, RelatedCommand(index, name, type_))

    def take_recorded(self, type_: int, name: str = "", ids: int = 0) -> None:
        """The handler does what the next recorded command says."""
        del self.recorded[-1]
        self.command_index += 1
        self._last_type = type_
        self._last_name = name
        self.last_completion_id += ids
        if not self.recorded:
            self.phase = _PROCESSING

    def bad_record(self, type_: int, what: str, name: str = "") -> NoReturn:
        """End the attempt because the next recorded command is none."""
        index = self.command_index + 1
        text = f"Protocol violation: the journal's command {index} {what}"
        related = RelatedCommand(index, name, type_)
        self.fail(AttemptError(Code.PROTOCOL_VIOLATION, text, related=related))

    def mismatch(self, expected: str, related: RelatedCommand | None = None) -> NoReturn:
        """End the attempt because the handler does what is no command, where the journal has one."""
        index = self.command_index + 1
        type_, payload = self.recorded[-1]
        text = mismatch_text(index, expected, type_, payload)
        self._fail_with_mismatch(text, related or RelatedCommand(index, "", type_))

    def _fail_with_mismatch(self, text: str, related: RelatedCommand) -> NoReturn:
        behavior = self._on_mismatch if self.version >= 7 else ErrorBehavior.RETRY
        error = AttemptError(Code.JOURNAL_MISMATCH, text, related=related, behavior=behavior)
        self.fail(error)

    # ---- What the handler issues ----

    def issue(self, type_: int, message: Message, name: str = "", ids: int = 0) -> None:
        """Write a command, or take it from the journal and check that it is the same.

        Args:
            type_: its type number.
            message: the command.
            name: its name.
            ids: how many completion ids it uses; they follow on the last ones.

        Raises:
            MessageTooLargeError: Restate would not take it.
            ValueError: a payload codec refuses the payload.
            AttemptEnded: the attempt is over.
        """
        if self.payloads is not None:
            self.payloads.encode_command(self, type_, message)
        payload = message.SerializeToString()
        if len(payload) >= self.max_payload:
            self._refuse_large(type_, payload)
        rule = self.phase.on_command
        if rule is _WRITE:
            length = len(payload)
            header = pack_header(type_, 0, length)
            self._output += (header, payload)
            self._output_size += length
            self.command_index += 1
            self._last_type = type_
            self._last_name = name
            self.last_completion_id += ids
            self.has_written_command = True
        elif rule is _MATCH:
            found_type, found = self.recorded[-1]
            if found_type != type_ or found != payload:
                self.check(found_type, found, type_, message, name)
            self.take_recorded(type_, name, ids)
        else:
            self.refuse()

    def _refuse_large(self, type_: int, payload: bytes) -> None:
        """Refuse a command that Restate would not take."""
        if self.phase is _CLOSED or (type_ in _STATE and len(payload) < self._max_outbound):
            return  # state stays with the invocation
        if self.phase is _REPLAYING and self.recorded[-1] == (type_, payload):
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

    @property
    def last_command(self) -> RelatedCommand | None:
        """The command that was issued or replayed last."""
        if self.command_index < 0:
            return None
        return RelatedCommand(self.command_index, self._last_name, self._last_type)

    # ---- Output ----

    def send(self, type_: int, message: Message, flags: int = 0) -> None:
        """Write a message that is no command."""
        payload = message.SerializeToString()
        length = len(payload)
        self._output += (pack_header(type_, flags, length), payload)
        self._output_size += length

    def take_output(self) -> bytes:
        """The bytes to send since the last call."""
        if self._cut_by is not None:
            self._write_cut_short_error()
        output = b"".join(self._output)
        self._output.clear()
        self._output_size = 0
        return output

    @property
    def has_much_output(self) -> bool:
        """Whether so much was written that it should be sent before more is."""
        return self._output_size > _MUCH_OUTPUT

    # ---- The end ----

    def end(self) -> None:
        """The invocation is done; its output was written."""
        rule = self.phase.on_end
        if rule is _WRITE:
            self._output.append(_END)
            self.phase = _CLOSED
            self.has_ended = True
        elif rule is _MISMATCH:
            self.mismatch("the handler's end")

    def suspend(self, message: pb.SuspensionMessage) -> NoReturn:
        """End the attempt until something that it waits for is there.

        Raises:
            AttemptEnded: always.
        """
        self.send(MessageType.SUSPENSION, message)
        self.abandon()
        self.times_told_of_end += 1
        raise AttemptEnded("suspended")

    def fail(self, error: AttemptError) -> NoReturn:
        """End the attempt with an error, which Restate answers with a retry.

        Raises:
            AttemptEnded: always.
        """
        self.fail_with(error)
        self.raise_ended()

    def fail_with(self, error: AttemptError) -> None:
        """As `fail`, but returns; nothing where the attempt is over already."""
        if self.phase is not _CLOSED:
            self._write_error(error)

    def reject(self, error: AttemptError) -> None:
        """As `fail`, for an operation that the handler cannot have; see `refuse`."""
        self.fail_with(error)
        self.refuse()

    def abandon(self) -> None:
        """End the attempt without a word: all is said, or there is nobody to tell."""
        self.phase = _CLOSED
        self.recorded.clear()

    def cut_short(self, error: BaseException) -> None:
        """End the attempt because an operation was issued, and something was raised before its end.

        Its place in the journal is taken, but the handler has nothing of it, and may have caught
        what was raised. Nothing is called here, and little done: there may be no stack left.
        """
        if self.phase is not _CLOSED:
            self.phase = _CLOSED
            self._cut_by = error

    def _write_cut_short_error(self) -> None:
        error, self._cut_by = self._cut_by, None
        text = (
            f"The operation '{describe(self._last_type)}' was issued, and {type(error).__name__} was "
            "raised before it had returned: the attempt ends here, for another could not repeat that."
        )
        self._write_error(AttemptError(Code.INTERNAL, text))

    def _write_error(self, error: AttemptError) -> None:
        payload = error.to_message(self.last_command, self.version).SerializeToString()
        header = pack_header(MessageType.ERROR, 0, len(payload))
        self._output += (header, payload)  # all that can fail is done, as in a command
        self.error = error
        self.phase = _CLOSED  # first: there may be no stack left for the rest
        self.abandon()

    # ---- After the end ----

    def raise_ended(self) -> NoReturn:
        """Tell the handler that its attempt is over.

        Raises:
            AttemptEnded: always.
        """
        self.times_told_of_end += 1
        raise AttemptEnded(self.error.message if self.error else "the attempt is over")

    def refuse(self) -> None:
        """The handler does something although its attempt is over.

        It is told so, until it is clear that it does not listen (a bare `except:` in a loop). From
        then on an operation does nothing, without an error: the handler comes to its next `await`,
        where it can be left.

        Raises:
            AttemptEnded: the attempt is over.
        """
        if not self.ignores_its_end:
            self.raise_ended()
        self._output_size = _MUCH_OUTPUT + 1  # every `await` is one that waits

    @property
    def ignores_its_end(self) -> bool:
        """Whether the handler goes on although it was told again and again that the attempt is over."""
        return self.times_told_of_end >= _MOST_ENDS
