"""Questions about fields and types, answered alike on every supported release of protobuf."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf import empty_pb2
from google.protobuf.descriptor import Descriptor
from google.protobuf.unknown_fields import UnknownFieldSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from google.protobuf.descriptor import EnumDescriptor, FileDescriptor

__all__ = [
    "is_repeated",
    "is_required",
    "map_entry",
    "messages_in_file",
    "messages_within",
    "names_in_file",
    "types_in_file",
    "unknown_fields",
]


# Any, because protobuf's stubs no longer have `label`, which is the only way up to protobuf 5.
def is_repeated(field: Any) -> bool:
    """Tell whether a field is repeated or a map."""
    repeated = getattr(field, "is_repeated", None)
    return field.label == field.LABEL_REPEATED if repeated is None else repeated


def is_required(field: Any) -> bool:
    """Tell whether a field is `required`, which proto2 and editions have."""
    required = getattr(field, "is_required", None)
    return field.label == field.LABEL_REQUIRED if required is None else required


def map_entry(field: Any) -> Descriptor | None:
    """Return the message type of a map's entries, which have `key` and `value`; else None."""
    entry = field.message_type
    return entry if entry is not None and entry.GetOptions().map_entry else None


def types_in_file(file: FileDescriptor) -> Iterator[Descriptor | EnumDescriptor]:
    """Yield the messages and enums of a file, each before those nested in it.

    They come in the order of the file, messages before enums. A map's entry counts as a message.
    """

    def inside(message: Descriptor) -> Iterator[Descriptor | EnumDescriptor]:
        yield message
        for nested in message.nested_types:
            yield from inside(nested)
        yield from message.enum_types

    for message in file.message_types_by_name.values():
        yield from inside(message)
    yield from file.enum_types_by_name.values()


def messages_in_file(file: FileDescriptor) -> Iterator[Descriptor]:
    """Yield the messages of a file, in the order of `types_in_file`."""
    return (found for found in types_in_file(file) if isinstance(found, Descriptor))


def messages_within(messages: Iterable[Descriptor]) -> Iterator[Descriptor]:
    """Yield messages and everything that their fields hold, each once, including map entries."""
    waiting, seen = list(messages), set[str]()
    while waiting:
        message = waiting.pop(0)
        if message.full_name not in seen:
            seen.add(message.full_name)
            yield message
            waiting += [field.message_type for field in message.fields if field.message_type]


def names_in_file(type_: Descriptor | EnumDescriptor) -> tuple[str, ...]:
    """Return the names that lead to a type inside its file: `("Outer", "Inner")`."""
    return tuple(type_.full_name.removeprefix(f"{type_.file.package}.").split("."))


def unknown_fields(message: bytes) -> UnknownFieldSet:
    """Parse a serialized message without knowing its type, and return its fields.

    The message is parsed as `Empty`, for which all fields are unknown: extensions, too, even if the
    program has loaded the module that declares them.

    Raises:
        DecodeError: the bytes are not a message.
    """
    return UnknownFieldSet(empty_pb2.Empty.FromString(message))
