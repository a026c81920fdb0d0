"""Find the users' payloads in journal entries, for code that looks at or replaces all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from restate_proto.protocol.messages import COMMANDS, FIRST_NOTIFICATION
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from google.protobuf.message import Message

__all__ = ["parse_entry", "payloads_of", "replace_payloads"]

_VALUES = ("value", "completion_value")


def parse_entry(type_: int, payload: bytes) -> Message | None:
    """Return the message of an entry; None if its type is not known.

    Raises:
        DecodeError: it is not a message of its type; also raised as ValueError.
    """
    if type_ >= FIRST_NOTIFICATION:
        return pb.NotificationTemplate.FromString(payload)
    command = COMMANDS.get(type_)
    return None if command is None else command[0].FromString(payload)


def payloads_of(message: Message) -> Iterator[bytes]:
    """Yield the payloads in an entry's message: values, parameters and details of errors."""
    found: list[bytes] = []

    def note(payload: bytes) -> bytes:
        found.append(payload)
        return payload

    replace_payloads(message, note)
    yield from found


def replace_payloads(message: Any, replace: Callable[[bytes], bytes]) -> None:
    """Replace the payloads in an entry's message.

    Args:
        message: the message, which is changed in place.
        replace: called with each payload; returns its replacement.
    """
    names = message.DESCRIPTOR.fields_by_name
    if "parameter" in names:
        message.parameter = replace(message.parameter)
    for name in _VALUES:
        field = names.get(name)
        if (
            field is not None
            and field.message_type is pb.Value.DESCRIPTOR
            and message.HasField(name)
        ):
            value = getattr(message, name)
            value.content = replace(value.content)
