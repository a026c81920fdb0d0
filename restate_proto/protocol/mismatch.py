"""Compare a command with the recorded one, and write the text of error 570 if they differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError

from restate_proto.model.payload_codec import MARK
from restate_proto.protocol.messages import (
    COMMANDS,
    MARKER_PREFIX,
    UNDECODABLE,
    MessageType,
    describe,
)
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from google.protobuf.message import Message

__all__ = ["HINT", "explain", "mismatch_text", "summary"]

# Fields that may differ between attempts without harm: points in time.
_IGNORED: dict[int, str] = {
    MessageType.SLEEP: "wake_up_time",
    MessageType.ONE_WAY_CALL: "invoke_time",
}

_LIMIT = 120

HINT = (
    "The code took another path than when the journal was written: something in the handler is not "
    "deterministic (time, randomness, I/O outside ctx.run, order of concurrent work), or the code "
    "was changed while invocations were in flight (register a changed service as a new deployment). "
    "`restate-proto replay` names the line."
)


def explain(index: int, found_type: int, found: bytes, type_: int, expected: Message) -> str | None:
    """Return why a journal entry is not the command that the code issues; None if it is.

    Args:
        index: the command's index in the journal.
        found_type: the type number of the journal's entry.
        found: the payload of the journal's entry.
        type_: the type number of the command that the code issues.
        expected: the command that the code issues.

    Returns:
        The text for error 570, or None if the two agree.

    Raises:
        DecodeError: the journal's entry is not a message of its type; also raised as ValueError.
    """
    if found_type != type_:
        found_message = _parse(found_type, found)
        return _other_command(index, f"'{_summary(type_, expected)}'", found_type, found_message)
    recorded = _parse(found_type, found)
    if recorded is None:  # unreachable for the commands that the machine issues
        raise DecodeError(describe(found_type))
    ignored = _IGNORED.get(type_)
    differences = [
        _difference(recorded, expected, field.name)
        for field in expected.DESCRIPTOR.fields
        if field.name != ignored and _differs(recorded, expected, field.name)
    ]
    if not differences:
        return None
    what = f"'{_summary(type_, expected)}' differs: {'; '.join(differences)}"
    return f"Journal mismatch at command {index}: {what}. {_hint(recorded)}"


def mismatch_text(index: int, expected: str, found_type: int, found: bytes) -> str:
    """Return the text of error 570 for code that does something other than issuing a command.

    Args:
        index: the place in the journal, counted in commands.
        expected: what the code does, in words.
        found_type: the type number of the journal's entry.
        found: the payload of the journal's entry.
    """
    try:
        message = _parse(found_type, found)
    except UNDECODABLE:
        message = None
    return _other_command(index, expected, found_type, message)


def _other_command(index: int, expected: str, found_type: int, found: Message | None) -> str:
    return (
        f"Journal mismatch at command {index}: {expected} in the code, "
        f"'{_summary(found_type, found)}' in the journal. {_hint(found)}"
    )


def _hint(found: Message | None) -> str:
    """Return the likely cause, and what to do about it."""
    if not isinstance(found, pb.RunCommandMessage) or not found.name.startswith(MARKER_PREFIX):
        return HINT
    patch = found.name.removeprefix(MARKER_PREFIX)
    return (
        f"That is the marker of a patch: the invocation passed this place with code that has the "
        f"patch. Ask ctx.patched({patch!r}) at this place, or call ctx.deprecate_patch({patch!r}) if "
        "the old code is gone, until no invocation has the marker. Both have to stand where the "
        "patch was first asked about."
    )


def _differs(one: Message, other: Message, name: str) -> bool:
    field = one.DESCRIPTOR.fields_by_name[name]
    if field.has_presence and one.HasField(name) != other.HasField(name):
        return True
    return bool(getattr(one, name) != getattr(other, name))


def summary(type_: int, payload: bytes) -> str:
    """Describe a command in a few words: what it does, and to what."""
    return _summary(type_, _parse(type_, payload))


def _parse(type_: int, payload: bytes) -> Message | None:
    command = COMMANDS.get(type_)
    return command[0].FromString(payload) if command else None


def _summary(type_: int, message: Message | None) -> str:
    words = describe(type_)
    if message is None:
        return words
    if type_ in (MessageType.CALL, MessageType.ONE_WAY_CALL):
        parts = [getattr(message, name) for name in ("service_name", "key", "handler_name")]
        return f"{words} {_clip('/'.join(part for part in parts if part))}"
    fields = message.DESCRIPTOR.fields_by_name
    for name in ("key", "name", "awakeable_id", "target_invocation_id"):
        if name in fields and getattr(message, name):
            value = getattr(message, name)
            text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
            return f"{words} {_clip(text)}"
    return words


def _difference(recorded: Message, expected: Message, name: str) -> str:
    now, then = _show(expected, name), _show(recorded, name)
    if len(now) > _LIMIT and len(then) > _LIMIT:  # long: show only where they begin to differ
        same = next((i for i, (a, b) in enumerate(zip(now, then, strict=False)) if a != b), 0)
        start = max(0, same - 20)
        if start:
            now, then = f"...{now[start:]}", f"...{then[start:]}"
    return f"{name}: {_clip(now)} in the code, {_clip(then)} in the journal"


def _show(message: Message, name: str) -> str:
    field = message.DESCRIPTOR.fields_by_name[name]
    if field.has_presence and not message.HasField(name):
        return "(none)"
    value = getattr(message, name)
    payload = value.content if isinstance(value, pb.Value) else value
    if isinstance(payload, bytes) and payload.startswith(MARK):
        return f"(an encoded payload of {len(payload)} bytes)"
    text = repr(value) if isinstance(value, (str, bytes, int)) else str(value).replace("\n", " ")
    return text.strip() or "(empty)"


def _clip(text: str) -> str:
    return text if len(text) <= _LIMIT else f"{text[:_LIMIT]}... ({len(text)} characters)"
