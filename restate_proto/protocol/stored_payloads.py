"""Encode payloads on their way into the journal, and decode them on their way out.

This applies to endpoints with payload codecs. The handler's side deals with plain payloads only,
and the journal has encoded ones. Two encodings of one payload may differ, because a key was rotated
or the encoding contains random bytes; so a replay compares the decoded payloads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol, TypeVar

from restate_proto.errors import TerminalError
from restate_proto.model.payload_codec import PayloadCodecError
from restate_proto.protocol.errors import AttemptError, Code, Failure
from restate_proto.protocol.messages import MessageType, describe
from restate_proto.protocol.notifications import Result, ResultKind
from restate_proto.protocol.phases import Rule
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from restate_proto.model.payload_codec import PayloadCodecs
    from restate_proto.protocol.frames import Frame
    from restate_proto.protocol.phases import Phase

__all__ = ["StoredPayloads"]

M = TypeVar("M", bound="Message")

_MATCH = Rule.MATCH
_PARAMETER: Final = "parameter"
_PAYLOADS: Final = {
    MessageType.CALL: _PARAMETER,
    MessageType.ONE_WAY_CALL: _PARAMETER,
    MessageType.SET_STATE: "value",
    MessageType.OUTPUT: "value",
    MessageType.SEND_SIGNAL: "value",
    MessageType.COMPLETE_AWAKEABLE: "value",
    MessageType.COMPLETE_PROMISE: "completion_value",
}
"""For each command that writes a payload, the field that the payload is in."""


class _Journal(Protocol):
    """What this module needs of the journal, which is above it."""

    phase: Phase
    recorded: list[Frame]
    command_index: int

    def decode(self, class_: type[M], type_: int, payload: bytes) -> M: ...

    def fail(self, error: AttemptError) -> NoReturn: ...


class StoredPayloads:
    """Encodes what a handler writes, and decodes what it reads.

    A payload that cannot be decoded now ends the attempt, because another attempt may be able to.

    Args:
        codecs: the codecs.
    """

    __slots__ = ("_codecs", "decode", "encode")

    def __init__(self, codecs: PayloadCodecs) -> None:
        self._codecs = codecs
        self.encode = codecs.encode
        self.decode = codecs.decode

    def encode_command(self, journal: _Journal, type_: int, command: Message) -> None:
        """Encode the payload of a command that is about to be issued.

        If the journal has a payload in this place that decodes to the same, the command gets that
        one.

        Args:
            journal: the journal.
            type_: the type number of the command.
            command: the command, which is changed in place.

        Raises:
            ValueError: a codec refuses to encode the payload.
            AttemptEnded: the journal's payload cannot be decoded.
        """
        field = _PAYLOADS.get(type_)
        if field is None:
            return
        recorded = None
        if journal.phase.on_command is _MATCH and journal.recorded[-1][0] == type_:
            recorded = journal.decode(type(command), *journal.recorded[-1])
        try:
            self._encode(field, command, recorded)
        except PayloadCodecError as error:
            text = f"command {journal.command_index + 1}, '{describe(type_)}': {error}"
            journal.fail(AttemptError(Code.INTERNAL, text))

    def adopt(self, type_: int, command: Any, recorded: Any) -> None:
        """Give a written command the payload of another if both decode to the same.

        Args:
            type_: the type number of both.
            command: the command, which is changed in place.
            recorded: the other command.
        """
        field = _PAYLOADS.get(type_)
        if field is None:
            return
        if field == _PARAMETER:
            command.parameter = self.decode(command.parameter)
        elif command.HasField(field):
            value = getattr(command, field)
            value.content = self.decode(value.content)
        elif isinstance(command, pb.OutputCommandMessage):
            plain = self._plain(Failure.from_message(command.failure))
            command.failure.CopyFrom(plain.to_message())
        self._encode(field, command, recorded)

    def _encode(self, field: str, command: Any, recorded: Any) -> None:
        if field == _PARAMETER:
            before = None if recorded is None else recorded.parameter
            command.parameter = self._encoded(command.parameter, before)
        elif command.HasField(field):
            before = None if recorded is None else getattr(recorded, field).content
            value = getattr(command, field)
            value.content = self._encoded(value.content, before)
        elif isinstance(command, pb.OutputCommandMessage):
            failure = Failure.from_message(command.failure)
            before = None if recorded is None else Failure.from_message(recorded.failure)
            if before is None or self._plain(before) != failure:
                before = self.encode_failure(failure)
            command.failure.CopyFrom(before.to_message())

    def _encoded(self, payload: bytes, before: bytes | None) -> bytes:
        if before is not None:
            try:
                if self.decode(before) == payload:
                    return before
            except TerminalError:
                pass  # what can never be decoded is not the same
        return self.encode(payload)

    def encode_failure(self, failure: Failure) -> Failure:
        """Return a failure with its details encoded."""
        return failure._replace(metadata=self._codecs.encode_details(failure.metadata))

    def decode_result(self, journal: _Journal, result: Result, what: str) -> Result:
        """Return the result of an operation for the handler; a failure if it can never be decoded.

        Args:
            journal: the journal.
            result: the result as it is stored.
            what: the operation, for error texts.

        Raises:
            AttemptEnded: it cannot be decoded in this attempt.
        """
        try:
            return self._decoded(result, what)
        except PayloadCodecError as error:
            journal.fail(AttemptError(Code.INTERNAL, f"{what}: {error}"))

    def _decoded(self, result: Result, what: str) -> Result:
        if result.kind is ResultKind.VALUE:
            try:
                return Result(ResultKind.VALUE, self.decode(result.value))
            except TerminalError as error:
                return Result(ResultKind.FAILURE, Failure(error.code, f"{what}: {error.message}"))
        if result.kind is ResultKind.FAILURE and result.value.metadata:
            return Result(ResultKind.FAILURE, self._plain(result.value))
        return result

    def _plain(self, failure: Failure) -> Failure:
        """Return a failure with its details decoded, except those that never can be."""
        try:
            return failure._replace(metadata=self._codecs.decode_details(failure.metadata))
        except TerminalError:
            return failure
