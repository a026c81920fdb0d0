"""Holds what the code does against what the journal has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError

from restate_proto.protocol.messages import COMMANDS, MessageType, describe

if TYPE_CHECKING:
    from google.protobuf.message import Message

__all__ = ["explain"]

# What differs between attempts without harm: points in time.
_IGNORED: dict[int, str] = {
    MessageType.SLEEP: "wake_up_time",
    MessageType.ONE_WAY_CALL: "invoke_time",
}

_HINT = (
    "The code took another path than when the journal was written: something in the handler is not "
    "deterministic (time, randomness, I/O outside ctx.run, order of concurrent work), or the code "
    "was changed while invocations were in flight (register a changed service as a new deployment)."
)


def explain(index: int, found_type: int, found: bytes, type_: int, expected: Message) -> str | None:
    """Why a journal entry is not the command that the code issues.

    Args:
        index: the command's index in the journal.
        found_type: the type number of the journal's entry.
        found: its payload.
        type_: the type number of the command that the code issues.
        expected: that command.

    Returns:
        The text for error 570, or None where the two agree.

    Raises:
        DecodeError: the journal's entry is no message of its type.
    """
    if found_type != type_:
        return _text(
            index,
            f"expected '{_summary(type_, expected)}', which the code does now, "
            f"found '{_summary(found_type, _parse(found_type, found))}'",
        )
    recorded = _parse(found_type, found)
    if recorded is None:  # unreachable for the commands that the machine issues
        raise DecodeError(describe(found_type))
    ignored = _IGNORED.get(type_)
    differences = [
        f"{field.name}: expected {_show(getattr(expected, field.name))}, "
        f"found {_show(getattr(recorded, field.name))}"
        for field in expected.DESCRIPTOR.fields
        if field.name != ignored and _differs(recorded, expected, field.name)
    ]
    if not differences:
        return None
    return _text(index, f"'{_summary(type_, expected)}' differs: " + "; ".join(differences))


def _differs(one: Message, other: Message, name: str) -> bool:
    field = one.DESCRIPTOR.fields_by_name[name]
    if field.has_presence and one.HasField(name) != other.HasField(name):
        return True
    return bool(getattr(one, name) != getattr(other, name))


def _text(index: int, what: str) -> str:
    return f"Journal mismatch at command {index}: {what}. {_HINT}"


def _parse(type_: int, payload: bytes) -> Message | None:
    command = COMMANDS.get(type_)
    return command[0].FromString(payload) if command else None


def _summary(type_: int, message: Message | None) -> str:
    words = describe(type_)
    if message is None:
        return words
    if type_ in (MessageType.CALL, MessageType.ONE_WAY_CALL):
        parts = [getattr(message, name) for name in ("service_name", "key", "handler_name")]
        return f"{words} {'/'.join(part for part in parts if part)}"
    fields = message.DESCRIPTOR.fields_by_name
    for name in ("key", "name", "awakeable_id", "target_invocation_id"):
        if name in fields and getattr(message, name):
            value = getattr(message, name)
            return (
                f"{words} {value.decode(errors='replace') if isinstance(value, bytes) else value}"
            )
    return words


def _show(value: object, limit: int = 120) -> str:
    text = repr(value) if isinstance(value, (str, bytes, int)) else str(value).replace("\n", " ")
    text = text.strip() or "(empty)"
    return text if len(text) <= limit else f"{text[:limit]}... ({len(text)} characters)"
