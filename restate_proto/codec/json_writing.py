"""Write canonical ProtoJSON: plain fields by prepared functions, the rest by `json_format`.

A writer makes the JSON text of a message directly, with sorted keys, without building a JSON value
first. It raises an exception for everything that it does not know. `json_format` then writes the
message, or says why it cannot.
"""

from __future__ import annotations

import struct
from binascii import b2a_base64
from json.encoder import encode_basestring
from math import copysign
from typing import TYPE_CHECKING, Any, NoReturn

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor

from restate_proto.codec import strict_json
from restate_proto.codec.contents import contents_of
from restate_proto.codec.json_forms import WRAPPERS
from restate_proto.codec.json_losses import find_lost
from restate_proto.codec.json_plain import TIMES, NotPlainError, is_plain
from restate_proto.protobuf import is_repeated, map_entry

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from google.protobuf.descriptor import Descriptor, EnumDescriptor

    Write: TypeAlias = Callable[[Any], str]
    # A field: its name; the beginning of its JSON; the function that writes its value; whether it
    # may be set to its default; whether its zero may have a sign. (Unpacking a named tuple is
    # slower.)
    _Field: TypeAlias = tuple[str, str, Write, bool, bool]

__all__ = ["writer_of"]

_F = FieldDescriptor
_BOOLS = {True: "true", False: "false"}
_FLOAT = struct.Struct("f")
_FLOAT_DIGITS = ("%.6g", "%.7g", "%.8g", "%.9g")  # nine tell each float from all others
_NOT_FINITE = {"nan": '"NaN"', "inf": '"Infinity"', "-inf": '"-Infinity"'}


def writer_of(descriptor: Descriptor) -> Write:
    """Return the function that writes a type's messages.

    Args:
        descriptor: the type.

    Returns:
        A function from a message to its JSON text. If it raises anything, use `json_format`
        instead.
    """
    if not is_plain(descriptor):
        return _refuse
    # Two threads may both get here; both get the same writer.
    return _writers.setdefault(descriptor, _MessageWriter(descriptor)).write


class _MessageWriter:
    """Writes the messages of one type; looks at the type's fields when it writes the first one."""

    __slots__ = ("_descriptor", "_fields")

    def __init__(self, descriptor: Descriptor) -> None:
        self._descriptor = descriptor
        self._fields: list[_Field] | None = None

    def write(self, message: Any) -> str:
        fields = self._fields
        if fields is None:
            fields = self._learn()
        parts: list[str] = []
        for name, start, write, has_presence, has_sign in fields:
            if has_presence:
                if message.HasField(name):
                    parts.append(start + write(getattr(message, name)))
                continue
            value = getattr(message, name)
            if value or (has_sign and copysign(1, value) < 0):
                parts.append(start + write(value))
        return f"{{{','.join(parts)}}}"

    def _learn(self) -> list[_Field]:
        fields = sorted(self._descriptor.fields, key=lambda field: field.json_name)
        self._fields = known = [_field(field) for field in fields]
        return known


_writers: dict[Descriptor, _MessageWriter] = {}


def _field(field: FieldDescriptor) -> _Field:
    entry = map_entry(field)
    is_many = is_repeated(field)
    if entry is not None:
        write = _map_writer(entry)
    else:
        write = _list_writer(_value_writer(field)) if is_many else _value_writer(field)
    start = f"{encode_basestring(field.json_name)}:"
    is_float = not is_many and field.cpp_type in {_F.CPPTYPE_DOUBLE, _F.CPPTYPE_FLOAT}
    return field.name, start, write, field.has_presence, is_float


def _list_writer(write: Write) -> Write:
    return lambda values: f"[{','.join(map(write, values))}]"


def _map_writer(entry: Descriptor) -> Write:
    key = entry.fields_by_name["key"]
    write_key = _BOOLS.__getitem__ if key.cpp_type == _F.CPPTYPE_BOOL else str
    write = _value_writer(entry.fields_by_name["value"])

    def write_map(values: Any) -> str:
        entries = sorted([(write_key(key), value) for key, value in values.items()])
        return f"{{{','.join([f'{encode_basestring(k)}:{write(v)}' for k, v in entries])}}}"

    return write_map


def _value_writer(field: FieldDescriptor) -> Write:
    if field.message_type is not None:
        return _message_writer(field.message_type)
    if field.enum_type is not None:
        return _enum_writer(field.enum_type)
    match field.cpp_type:
        case _F.CPPTYPE_STRING:
            return _bytes if field.type == _F.TYPE_BYTES else encode_basestring
        case _F.CPPTYPE_BOOL:
            return _BOOLS.__getitem__
        case _F.CPPTYPE_DOUBLE:
            return _double
        case _F.CPPTYPE_FLOAT:
            return _float
        case _F.CPPTYPE_INT64 | _F.CPPTYPE_UINT64:
            return _long
        case _:
            return repr


def _message_writer(descriptor: Descriptor) -> Write:
    name = descriptor.full_name
    if name in WRAPPERS:
        write = _value_writer(descriptor.fields_by_name["value"])
        return lambda message: write(message.value)
    if name in TIMES:
        return lambda message: encode_basestring(message.ToJsonString())
    if is_plain(descriptor):
        return writer_of(descriptor)
    pool = descriptor.file.pool
    can_lose = contents_of(descriptor).masks

    def write_otherwise(message: Any) -> str:
        if can_lose and find_lost(message, pool) is not None:
            raise NotPlainError
        value = json_format.MessageToDict(message, descriptor_pool=pool)
        return strict_json.dumps(value, proto=True).decode()

    return write_otherwise


def _enum_writer(enum: EnumDescriptor) -> Write:
    if enum.full_name == "google.protobuf.NullValue":
        return lambda _number: "null"
    by_number = enum.values_by_number  # has the canonical one of several names
    names = {each.number: f'"{by_number[each.number].name}"' for each in enum.values}
    if enum.is_closed:
        return names.__getitem__
    return lambda number: names.get(number) or str(number)


def _double(value: float) -> str:
    text = repr(value)
    if text.endswith(".0"):
        return text if text == "-0.0" else text[:-2]
    if "e+" in text:  # it may be a whole number
        return repr(strict_json.without_fraction(value))
    return _NOT_FINITE.get(text, text)


def _float(value: float) -> str:
    """Write the shortest numeral that reads as the same 32-bit float."""
    for digits in _FLOAT_DIGITS:
        shortest = float(digits % value)
        if _FLOAT.unpack(_FLOAT.pack(shortest))[0] == value:
            return _double(shortest)
    return _double(value)  # NaN


def _long(value: int) -> str:
    return f'"{value}"'


def _bytes(value: bytes) -> str:
    return f'"{b2a_base64(value, newline=False).decode()}"'


def _refuse(_message: Any) -> NoReturn:
    raise NotPlainError
