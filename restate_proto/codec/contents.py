"""Find out what messages of a type can contain, so that codecs can skip checks they do not need."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from google.protobuf.descriptor import FieldDescriptor

from restate_proto.protobuf import is_required

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor import Descriptor

__all__ = ["ANY", "FIELD_MASK", "Contents", "contents_of"]

ANY = "google.protobuf.Any"
FIELD_MASK = "google.protobuf.FieldMask"

_BYTES = FieldDescriptor.TYPE_BYTES
_FLOATS = (FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT)


class Contents(NamedTuple):
    """What messages of a type can contain.

    Args:
        anything: messages of any type, in an `Any` or in extensions.
        itself: a message of their own type, so that the depth is not bounded.
        required: required fields.
        floats: numbers with a fraction.
        bytes: fields of bytes.
        masks: a `FieldMask`.
        maps: maps, whose entries have no order of their own.
    """

    anything: bool
    itself: bool
    required: bool
    floats: bool
    bytes: bool
    masks: bool
    maps: bool


def contents_of(descriptor: Descriptor) -> Contents:
    """Find out what messages of a type can contain.

    Args:
        descriptor: the type.
    """
    types = {descriptor.full_name: descriptor}
    waiting = [descriptor]
    while waiting:
        for inner in _message_types(waiting.pop()):
            if inner.full_name not in types:
                types[inner.full_name] = inner
                waiting.append(inner)
    fields = [field for type_ in types.values() for field in type_.fields]
    kinds = {field.type for field in fields}
    anything = ANY in types or any(type_.is_extendable for type_ in types.values())
    return Contents(
        anything=anything,
        itself=_has_circle(types),
        required=any(map(is_required, fields)),
        floats=anything or not kinds.isdisjoint(_FLOATS),
        bytes=anything or _BYTES in kinds,
        masks=anything or FIELD_MASK in types,
        maps=anything or any(type_.GetOptions().map_entry for type_ in types.values()),
    )


def _message_types(descriptor: Descriptor) -> Iterator[Descriptor]:
    return (field.message_type for field in descriptor.fields if field.message_type is not None)


def _has_circle(types: dict[str, Descriptor]) -> bool:
    """Tell whether one of these types contains itself; all types that they contain are given."""
    left = {
        name: {inner.full_name for inner in _message_types(type_)} for name, type_ in types.items()
    }
    while ends := [name for name, inside in left.items() if not inside & left.keys()]:
        for name in ends:
            del left[name]
    return bool(left)
