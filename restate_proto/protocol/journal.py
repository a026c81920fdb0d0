"""The journal of one attempt: the commands in it, what is written, and how the attempt ends.

Everything that moves an attempt from one phase to the next is in this file. Besides the table of
`phases.py`, it follows three rules:

1. An operation of the handler happens as a whole or not at all, whatever is raised in the middle of
   it: a handler may catch a RecursionError and go on. So an operation first makes everything that
   can fail. Only then does it take its ids and write its command, or take the command from the
   journal, in statements that call nothing, because any call may be the one for which no stack is
   left.
2. If an operation has happened and the handler has nothing to show for it, the attempt ends: the
   code that makes the future of an operation calls `cut_short` if that fails after the command was
   issued.
3. Once an attempt has ended, nothing more is read or written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, TypeVar

from restate_proto.protocol.errors import (
    AttemptEnded,
    AttemptError,
    Code,
    ErrorBehavior,
    RelatedCommand,
    ViolationError,
    cut_short_error,
)
from restate_proto.protocol.frames import Frame, pack_header
from restate_proto.protocol.message_size import RESTATES_SHARE, check_size
from restate_proto.protocol.messages import COMMANDS, UNDECODABLE, MessageType, describe
from restate_proto.protocol.mismatch import explain, mismatch_text
from restate_proto.protocol.output import MUCH_OUTPUT, Output
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

_MOST_ENDS = 100
"""How often a handler is told that its attempt has ended before it is considered deaf."""


class Journal(Output):
    """The commands of one attempt: it replays or writes them, and it ends the attempt.

    Args:
        version: the service protocol version of the stream.
        max_outbound: the `message-size-limit` of the server, in bytes; nothing that is longer is
            written.
        on_mismatch: what Restate should do if the code does something else than the journal says.
        payloads: see the attribute.

    Attributes:
        phase: the phase of the attempt.
        start: the start message; empty before it has arrived.
        missing_entries: how many of the announced entries have not arrived yet.
        recorded: the recorded commands that the handler has not issued again yet; in a replay, the
            last of the list is the next one.
        command_index: the index of the last command that was issued or replayed; -1 before that.
        last_completion_id: the completion id that was used last.
        last_signal_index: the signal index that was used last; the first 16 are Restate's own.
        has_ended: whether the invocation has ended, because its output was written.
        has_written_command: whether the attempt has added a command to the journal.
        max_payload: the length in bytes from which on Restate does not take a payload.
        error: the error that the attempt failed with.
        payloads: encodes and decodes payloads; None if they are stored as they are.
        times_told_of_end: how often `AttemptEnded` was raised in the handler.
    """

    __slots__ = (
        "_last_name",
        "_last_type",
        "_on_mismatch",
        "command_index",
        "error",
        "has_ended",
        "has_written_command",
        "last_completion_id",
        "last_signal_index",
        "max_outbound",
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
        self._output = []
        self.output_size = 0
        self._cut_by = None
        self.payloads = payloads
        self.version = version
        self.max_outbound = max_outbound
        self._on_mismatch = on_mismatch
        self.max_payload = max_outbound - RESTATES_SHARE
        self.phase = _WAITING_START
        self.start = _NO_START
        self.missing_entries = 0
        self.recorded: list[Frame] = []
        self.command_index = -1
        self._last_type = 0
        self._last_name = ""
        self.last_completion_id = 0
        self.last_signal_index = 16
        self.has_ended = False
        self.has_written_command = False
        self.error: AttemptError | None = None
        self.times_told_of_end = 0

    # ---- The entries to replay ----

    def begin(self, start: pb.StartMessage) -> None:
        """Take the start message.

        Raises:
            ViolationError: it announces no entries.
        """
        self.missing_entries = start.known_entries
        if self.missing_entries == 0:
            raise ViolationError("a start message with no known entries")
        self.start = start
        self.phase = _WAITING_REPLAY

    def count_entry(self) -> None:
        """Count one more of the announced entries, because it has arrived.

        Raises:
            ViolationError: it is the last one, and the first is not the handler's input.
        """
        self.missing_entries -= 1
        if self.missing_entries == 0:
            if not self.recorded or self.recorded[0][0] != _INPUT:
                raise ViolationError("a journal that does not begin with the handler's input")
            self.recorded.reverse()
            self.phase = _REPLAYING

    def decode(self, class_: type[M], type_: int, payload: bytes) -> M:
        """Parse the next recorded command; end the attempt if that is impossible."""
        try:
            return class_.FromString(payload)
        except RecursionError:  # the handler is deep in calls; it may try again
            raise
        except UNDECODABLE as error:
            self.bad_record(type_, f"is undecodable: {error}")

    def check(
        self, found_type: int, found: bytes, type_: int, message: Message, name: str = ""
    ) -> None:
        """Compare the next recorded command with the handler's; a difference ends the attempt."""
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
        """Move on to the next recorded command, because the handler has issued this one again."""
        del self.recorded[-1]
        self.command_index += 1
        self._last_type = type_
        self._last_name = name
        self.last_completion_id += ids
        if not self.recorded:
            self.phase = _PROCESSING

    def bad_record(self, type_: int, what: str, name: str = "") -> NoReturn:
        """End the attempt because the next recorded command is not a valid one."""
        index = self.command_index + 1
        text = f"Protocol violation: the journal's command {index} {what}"
        related = RelatedCommand(index, name, type_)
        self.fail(AttemptError(Code.PROTOCOL_VIOLATION, text, related=related))

    def mismatch(self, expected: str, related: RelatedCommand | None = None) -> NoReturn:
        """End the attempt because the journal has a command here, and the handler issues none."""
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
        """Write a command, or compare it with the recorded one in the journal.

        Args:
            type_: its type number.
            message: the command.
            name: its name.
            ids: how many completion ids it uses; they follow the last used ones.

        Raises:
            MessageTooLargeError: the command is too large for Restate.
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
            self.output_size += length
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

    def issue_payload(
        self, type_: int, before: bytes, payload: bytes, after: bytes = b"", name: str = ""
    ) -> None:
        """Issue a command whose payload is not copied; the rest of it is already serialized.

        Payload codecs do not see the payload: with codecs, call `issue` with a message.

        Args:
            type_: its type number.
            before: the bytes of the command before the payload.
            payload: the payload.
            after: the bytes after the payload.
            name: the command's name.
        """
        length = len(before) + len(payload) + len(after)
        if length >= self.max_payload:
            self._refuse_large(type_, before + payload + after)
        rule = self.phase.on_command
        if rule is _WRITE:
            pieces = (pack_header(type_, 0, length), before, payload, after)
            self._output += pieces
            self.output_size += length
            self.command_index += 1
            self._last_type = type_
            self._last_name = name
            self.has_written_command = True
        elif rule is _MATCH:
            found_type, found = self.recorded[-1]
            is_same = (
                found_type == type_
                and len(found) == length
                and found.startswith(before)
                and found.startswith(payload, len(before))
                and found.endswith(after)
            )
            if not is_same:
                message = COMMANDS[type_][0].FromString(before + payload + after)
                self.check(found_type, found, type_, message, name)
            self.take_recorded(type_, name)
        else:
            self.refuse()

    def _refuse_large(self, type_: int, payload: bytes) -> None:
        """Refuse a command that is too large for Restate."""
        if self.phase is _CLOSED or (type_ in _STATE and len(payload) < self.max_outbound):
            return  # Restate keeps state with the invocation
        if self.phase is _REPLAYING and self.recorded[-1] == (type_, payload):
            return  # Restate has taken it before
        check_size(describe(type_), len(payload), self.max_outbound)

    # ---- The end ----

    def end(self) -> None:
        """End the attempt because the invocation is done, and its output was written."""
        rule = self.phase.on_end
        if rule is _WRITE:
            self._output.append(_END)
            self.phase = _CLOSED
            self.has_ended = True
        elif rule is _MISMATCH:
            self.mismatch("the handler's end")

    def suspend(self, message: pb.SuspensionMessage) -> NoReturn:
        """End the attempt until something that it waits for has arrived.

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
        """Fail as `fail` does, but return; do nothing if the attempt is over already."""
        if self.phase is not _CLOSED:
            self._write_error(error)

    def abandon(self) -> None:
        """End the attempt without writing anything: everything is written, or nothing can be."""
        self.phase = _CLOSED
        self.recorded.clear()

    def cut_short(self, error: BaseException) -> None:
        """End the attempt because something was raised after an operation was issued.

        The operation's place in the journal is taken, but the handler has nothing to show for it,
        and may have caught the exception. This method calls nothing and does little, because there
        may be no stack left.
        """
        if self.phase is not _CLOSED:
            self.phase = _CLOSED
            self._cut_by = error

    def _write_cut_short_error(self) -> None:
        error, self._cut_by = self._cut_by, None
        self._write_error(cut_short_error(describe(self._last_type), error))

    def _write_error(self, error: AttemptError) -> None:
        last = None
        if self.command_index >= 0:
            last = RelatedCommand(self.command_index, self._last_name, self._last_type)
        payload = error.to_message(last, self.version).SerializeToString()
        header = pack_header(MessageType.ERROR, 0, len(payload))
        self._output += (header, payload)  # everything that can fail is done, as in a command
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
        """Refuse an operation of a handler whose attempt is over.

        The handler is told so until it is clear that it does not listen, as with a bare `except:`
        in a loop. From then on an operation does nothing and raises nothing, so that the handler
        comes to its next `await`, where it can be abandoned.

        Raises:
            AttemptEnded: the attempt is over.
        """
        if not self.ignores_its_end:
            self.raise_ended()
        self.output_size = MUCH_OUTPUT + 1  # so that every `await` waits

    @property
    def ignores_its_end(self) -> bool:
        """Whether the handler goes on although it was told many times that the attempt is over."""
        return self.times_told_of_end >= _MOST_ENDS
