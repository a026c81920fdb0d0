"""The expected reading of a message: View.fields, computed from its descriptor alone."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import FieldDescriptor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor import OneofDescriptor
    from google.protobuf.message import Message

_INSTANTS = {"google.protobuf.Timestamp", "google.protobuf.Duration"}


@dataclass(frozen=True)
class Difference:
    """A field that differs between two readings.

    Attributes:
        path: the field's path, such as `nested_by_name[6b].number`.
        expected: its expected canonical text; None if it should be absent.
        actual: its actual canonical text; None if it is absent.
    """

    path: str
    expected: str | None
    actual: str | None

    def __str__(self) -> str:
        expected = "nothing" if self.expected is None else self.expected
        actual = "nothing" if self.actual is None else self.actual
        return f"{self.path}: {actual} instead of {expected}"


def differences(expected: Mapping[str, str], actual: Mapping[str, str]) -> list[Difference]:
    """Return every path at which two readings differ, in order."""
    return [
        Difference(path, expected.get(path), actual.get(path))
        for path in sorted({*expected, *actual})
        if expected.get(path) != actual.get(path)
    ]


def read(message: Message) -> dict[str, str]:
    """Read a message as `polyglot.values.v1.View.fields` describes it."""
    return dict(_fields("", message))


def _fields(path: str, message: Message) -> Iterator[tuple[str, str]]:
    prefix = f"{path}." if path else ""
    descriptor: Any = message.DESCRIPTOR  # Any: its type is a union of two alike classes
    for oneof in descriptor.oneofs:
        case = message.WhichOneof(oneof.name)
        if case is not None and not _is_optional(oneof):
            yield f"{prefix}{oneof.name}", case
    for field in descriptor.fields:
        value: Any = getattr(message, field.name)
        name = prefix + field.name
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            yield from _map(name, field.message_type, value)
        elif _is_repeated(field):
            yield from _repeated(name, field, value)
        elif not field.has_presence or message.HasField(field.name):
            yield from _value(name, field, value)


def _map(path: str, entry: Any, value: Any) -> Iterator[tuple[str, str]]:
    key_field, value_field = entry.fields_by_name["key"], entry.fields_by_name["value"]
    if value:
        yield f"{path}.size", str(len(value))
    for key in value:
        yield from _value(f"{path}[{_scalar(key_field, key)}]", value_field, value[key])


def _repeated(path: str, field: FieldDescriptor, values: Any) -> Iterator[tuple[str, str]]:
    if values:
        yield f"{path}.size", str(len(values))
    for index, value in enumerate(values):
        yield from _value(f"{path}.{index}", field, value)


def _value(path: str, field: FieldDescriptor, value: Any) -> Iterator[tuple[str, str]]:
    if field.message_type is None:
        yield path, _scalar(field, value)
    elif field.message_type.full_name in _INSTANTS:
        yield path, f"{value.seconds}:{value.nanos}"
    else:
        entries = list(_fields(path, value))
        yield from entries or [(path, "{}")]


def _scalar(field: FieldDescriptor, value: Any) -> str:
    match field.type:
        case FieldDescriptor.TYPE_DOUBLE:
            return "7ff8000000000000" if isnan(value) else struct.pack(">d", value).hex()
        case FieldDescriptor.TYPE_FLOAT:
            return "7fc00000" if isnan(value) else struct.pack(">f", value).hex()
        case FieldDescriptor.TYPE_STRING:
            return value.encode().hex()
        case FieldDescriptor.TYPE_BYTES:
            return value.hex()
        case FieldDescriptor.TYPE_BOOL:
            return "true" if value else "false"
        case _:
            return str(value)


def _is_optional(oneof: OneofDescriptor) -> bool:
    """Return whether a oneof is the synthetic one of an `optional` field."""
    return len(oneof.fields) == 1 and oneof.name == f"_{oneof.fields[0].name}"


# Any: the stubs describe the newest protobuf, which lacks `label`, the only way up to protobuf 5.
def _is_repeated(field: Any) -> bool:
    repeated = getattr(field, "is_repeated", None)
    return field.label == field.LABEL_REPEATED if repeated is None else repeated
