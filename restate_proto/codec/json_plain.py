"""Decide which messages our own ProtoJSON readers and writers handle without `json_format`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.codec.contents import ANY
from restate_proto.codec.payload import NO_OBJECTS

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, EnumDescriptor

__all__ = ["TIMES", "NotPlainError", "is_plain"]

TIMES = {"google.protobuf.Duration", "google.protobuf.Timestamp"}
"""The messages whose JSON is a string, and whose Python classes can read and write it."""

_OWN_FORM = {*NO_OBJECTS, ANY, "google.protobuf.Struct"}
_NAME_IN_JSON = "pb.enumvalue.json"  # the option; `json_format` knows it from protobuf 7 on


class NotPlainError(Exception):
    """A value is left to `json_format`, because it is wrong or has a rare form."""


def is_plain(descriptor: Descriptor) -> bool:
    """Tell whether the JSON of a message is an object of its fields.

    Args:
        descriptor: the message's type.
    """
    if descriptor.full_name in _OWN_FORM or descriptor.is_extendable:
        return False
    fields = descriptor.fields
    names = {field.json_name for field in fields}
    if len(names) != len(fields):
        return False
    names.update(field.name for field in fields)
    # `json_format` confuses a oneof with a field of the same name.
    if not names.isdisjoint(descriptor.oneofs_by_name):
        return False
    return not any(field.enum_type is not None and _is_renamed(field.enum_type) for field in fields)


def _is_renamed(enum: EnumDescriptor) -> bool:
    return any(
        option.full_name == _NAME_IN_JSON
        for value in enum.values
        if value.has_options
        for option, _ in value.GetOptions().ListFields()
    )
