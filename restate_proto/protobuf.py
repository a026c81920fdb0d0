"""What descriptors say of fields and types, for every protobuf release that is supported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import Descriptor

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
]


# Any: the stubs know the newest protobuf, where `label` (the only way up to 5) is gone.
def is_repeated(field: Any) -> bool:
    """Whether a field is repeated, or a map."""
    repeated = getattr(field, "is_repeated", None)
    return field.label == field.LABEL_REPEATED if repeated is None else repeated


def is_required(field: Any) -> bool:
    """Whether a field has to be there, as proto2 has it."""
    required = getattr(field, "is_required", None)
    return field.label == field.LABEL_REQUIRED if required is None else required


def map_entry(field: Any) -> Descriptor | None:
    """The message that an entry of a map is, with its fields `key` and `value`; else None."""
    entry = field.message_type
    return entry if entry is not None and entry.GetOptions().map_entry else None


def types_in_file(file: FileDescriptor) -> Iterator[Descriptor | EnumDescriptor]:
    """Yields the messages and enums of a file, each before those inside of it.

    The order is that of the file, messages before enums; a map's entry is a message, too.
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
    """Yields the messages of a file, as `types_in_file` does."""
    return (found for found in types_in_file(file) if isinstance(found, Descriptor))


def messages_within(messages: Iterable[Descriptor]) -> Iterator[Descriptor]:
    """Yields messages and all that their fields hold, each once; a map's entry is one, too."""
    waiting, seen = list(messages), set[str]()
    while waiting:
        message = waiting.pop(0)
        if message.full_name not in seen:
            seen.add(message.full_name)
            yield message
            waiting += [field.message_type for field in message.fields if field.message_type]


def names_in_file(type_: Descriptor | EnumDescriptor) -> tuple[str, ...]:
    """Returns the names that lead to a type inside of its file: `("Outer", "Inner")`."""
    return tuple(type_.full_name.removeprefix(f"{type_.file.package}.").split("."))
