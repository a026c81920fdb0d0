"""Changes contracts at random: fields of their descriptors get other values, or none."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from google.protobuf.message import Message

if TYPE_CHECKING:
    from random import Random

    from google.protobuf.descriptor_pb2 import FileDescriptorProto

__all__ = ["changed_file"]


def parts(message: Message) -> list[Message]:
    """A message and all in it, but for where things are written in the source."""
    found = [message]
    for field, value in message.ListFields():
        if field.name == "source_code_info" or field.message_type is None:
            continue
        for each in [value] if isinstance(value, Message) else list(_values(value)):
            found += parts(each)
    return found


def _values(container: Any) -> list[Message]:
    is_map = hasattr(container, "values")
    values = [container[key] for key in sorted(container)] if is_map else container
    return [each for each in values if isinstance(each, Message)]


WORDS = (
    *("", "x", "class", "def", "None", "fun", "val", "self", "send", "key", "a.b", ".", "_"),
    *("Object", "String", "conformance.v1.Parcel", ".conformance.v1.Parcel", "x" * 300),
    *("\n", "\u00e9", "\U0001f600", "a/../../b", "{a}:{b}", "{", "google.protobuf.Empty"),
)
NUMBERS = (0, 1, 2, -1, 15, 99, 51_820, 536_870_911, 2**31 - 1, -(2**31))


def changed_file(drawn: Random, file: FileDescriptorProto) -> None:
    """Change something somewhere in a file."""
    part = drawn.choice(parts(file))
    extended = [field for field, _ in part.ListFields() if field.is_extension]
    fields = [each for each in part.DESCRIPTOR.fields if each.name != "source_code_info"]
    if not fields and not extended:
        return
    field = drawn.choice([*fields, *extended])
    if field.is_extension:
        part.ClearExtension(field)  # pyright: ignore[reportArgumentType]
    elif drawn.randrange(6) == 0:
        part.ClearField(field.name)
    else:
        _change(drawn, part, field)


def _change(drawn: Random, part: Message, field: Any) -> None:
    """Give a field another value, or one value more or less."""
    held: Any = getattr(part, field.name)
    is_message = field.cpp_type == field.CPPTYPE_MESSAGE
    with suppress(ValueError):  # a number that the field cannot have
        if hasattr(held, "items"):  # a map
            held.clear()
        elif hasattr(held, "append"):
            if held and drawn.random() < 0.5:
                del held[drawn.randrange(len(held))]
            elif is_message:
                held.append(drawn.choice(held) if held else type(held.add())())
            else:
                held.append(_value_of(drawn, field))
        elif is_message:
            held.SetInParent()
        else:
            setattr(part, field.name, _value_of(drawn, field))


def _value_of(drawn: Random, field: Any) -> Any:
    if field.type == field.TYPE_BYTES:
        return drawn.randbytes(drawn.randrange(5))
    if field.cpp_type == field.CPPTYPE_STRING:
        letters = "".join(chr(drawn.randrange(1, 0x300)) for _ in range(drawn.randrange(6)))
        return drawn.choice([*WORDS, letters])
    if field.cpp_type == field.CPPTYPE_BOOL:
        return drawn.random() < 0.5
    if field.cpp_type == field.CPPTYPE_ENUM:
        return drawn.choice([each.number for each in field.enum_type.values])
    return drawn.choice(NUMBERS)
