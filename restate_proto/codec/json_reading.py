"""Read ProtoJSON: plain fields by tables made from the descriptors, the rest by `json_format`.

A reader converts a JSON value to arguments of a message's constructor. It knows the forms that
programs usually write, and raises an exception for every other one, rare or wrong. `json_format`
then reads the whole payload again, or says what is wrong with it. So a reader never accepts more
than `json_format` does, and needs no error texts.
"""

from __future__ import annotations

import math
from binascii import a2b_base64
from typing import TYPE_CHECKING, Any, NoReturn

from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import FieldDescriptor

from restate_proto.codec.base64_fields import Base64Fields
from restate_proto.codec.contents import contents_of
from restate_proto.codec.json_forms import WRAPPERS
from restate_proto.codec.json_plain import TIMES, NotPlainError, is_plain
from restate_proto.codec.submessages import put_anys_in_order
from restate_proto.protobuf import is_repeated, map_entry

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from google.protobuf.descriptor import Descriptor, EnumDescriptor

    Read: TypeAlias = Callable[[Any], Any]
    # The JSON types that are used as they are, and the function that reads all others.
    _Form: TypeAlias = tuple[type | None, Read]
    # The same, with the field's name before it.
    _Field: TypeAlias = tuple[str, type | None, Read]

__all__ = ["reader_of"]

_F = FieldDescriptor
_LARGEST = {_F.TYPE_DOUBLE: 2.0**1023 * (2 - 2.0**-52), _F.TYPE_FLOAT: 2.0**128 - 2.0**104}
_NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_NO_VALUE = object()  # refused by every constructor


def reader_of(descriptor: Descriptor) -> Read:
    """Return the function that reads a type's JSON objects.

    Args:
        descriptor: the type.

    Returns:
        A function from a JSON value to the arguments of the message's constructor. If it or the
        constructor raises anything, use `json_format` instead.
    """
    if not is_plain(descriptor):
        return _refuse
    # Two threads may both get here; both get the same reader.
    return _readers.setdefault(descriptor, _MessageReader(descriptor)).read


class _MessageReader:
    """Reads the objects of one type; looks at the type's fields when it reads the first one."""

    __slots__ = ("_choices", "_descriptor", "_fields", "_nulls")

    def __init__(self, descriptor: Descriptor) -> None:
        self._descriptor = descriptor
        self._fields: dict[str, _Field] | None = None  # by both JSON names
        self._nulls: dict[str, Any] = {}  # the value of null in fields where it does not mean unset
        self._choices: list[set[str]] = []  # fields of which only one may be there

    def read(self, value: dict[str, Any]) -> dict[str, Any]:
        fields = self._fields
        if fields is None:
            fields = self._learn()
        found: dict[str, Any] = {}
        unknown = 0
        for key, part in value.items():
            field = fields.get(key)
            if field is None:
                if key.startswith("["):  # an extension, which readers do not know
                    raise NotPlainError
                unknown += 1
                continue
            name, plain, read = field
            if type(part) is plain:
                found[name] = part
            elif part is None:
                found[name] = self._nulls.get(name)
            else:
                found[name] = read(part)
        if len(found) + unknown != len(value):  # a field is there under both of its names
            raise NotPlainError
        for choice in self._choices:
            if len(choice & found.keys()) > 1:
                raise NotPlainError
        return found

    def _learn(self) -> dict[str, _Field]:
        fields = self._descriptor.fields
        self._choices = [
            {field.name for field in oneof.fields}
            for oneof in self._descriptor.oneofs
            if len(oneof.fields) > 1
        ]
        self._nulls = {
            field.name: null for field in fields if (null := _null_in(field)) is not None
        }
        known: dict[str, _Field] = {}
        for field in fields:
            plain, read = _field_form(field)
            known[field.name] = field.name, plain, read
        known |= {field.json_name: known[field.name] for field in fields}
        self._fields = known
        return known


_readers: dict[Descriptor, _MessageReader] = {}


def _field_form(field: FieldDescriptor) -> _Form:
    entry = map_entry(field)
    if entry is None:
        form = _value_form(field)
        return (None, _list(*form)) if is_repeated(field) else form
    value = entry.fields_by_name["value"]
    plain, read = _value_form(value)
    if value.message_type is not None and is_plain(value.message_type):
        read = _reader_of_messages(value.message_type, read)
    return None, _map(_key_reader(entry.fields_by_name["key"]), plain, read)


def _value_form(field: FieldDescriptor) -> _Form:
    if field.message_type is not None:
        return (None, _message_reader(field.message_type))
    if field.enum_type is not None:
        return (None, _enum_reader(field.enum_type))
    match field.cpp_type:
        case _F.CPPTYPE_STRING:
            return (None, _bytes) if field.type == _F.TYPE_BYTES else (str, _refuse)
        case _F.CPPTYPE_BOOL:
            return (bool, _refuse)
        case _F.CPPTYPE_DOUBLE | _F.CPPTYPE_FLOAT:
            return (None, _number_reader(_LARGEST[field.type]))
        case _:
            return (int, _integer)


def _message_reader(descriptor: Descriptor) -> Read:
    if descriptor.full_name in WRAPPERS:
        plain, read = _value_form(descriptor.fields_by_name["value"])
        return lambda value: {"value": value if type(value) is plain else read(value)}
    if is_plain(descriptor):
        return reader_of(descriptor)
    if descriptor.full_name in TIMES:
        return _time_reader(descriptor)
    return _json_format_reader(descriptor)


def _time_reader(descriptor: Descriptor) -> Read:
    new: Any = message_factory.GetMessageClass(descriptor)

    def read(value: Any) -> Any:
        message = new()
        message.FromJsonString(value)
        return message

    return read


def _json_format_reader(descriptor: Descriptor) -> Read:
    new = message_factory.GetMessageClass(descriptor)
    pool = descriptor.file.pool
    contents = contents_of(descriptor)
    base64 = Base64Fields(descriptor, pool) if contents.bytes else None

    def read(value: Any) -> Any:
        message: Any = json_format.ParseDict(
            value, new(), ignore_unknown_fields=True, descriptor_pool=pool
        )
        if base64 is not None:
            base64.check(value)
        if contents.anything:
            put_anys_in_order(message, pool)
        return message

    return read


def _reader_of_messages(descriptor: Descriptor, read: Read) -> Read:
    """Read the messages of a map as messages: older protobuf does not accept their arguments."""
    new = message_factory.GetMessageClass(descriptor)
    return lambda value: new(**read(value))


def _list(plain: type | None, read: Read) -> Read:
    def read_list(values: list[Any]) -> list[Any]:
        if type(values) is not list:
            raise NotPlainError
        return [each if type(each) is plain else read(each) for each in values]

    return read_list


def _map(read_key: Read, plain: type | None, read: Read) -> Read:
    def read_map(value: dict[str, Any]) -> dict[Any, Any]:
        found = {
            read_key(key): each if type(each) is plain else read(each)
            for key, each in value.items()
        }
        if len(found) != len(value):  # such as `1` and `01`
            raise NotPlainError
        return found

    return read_map


def _key_reader(key: FieldDescriptor) -> Read:
    match key.cpp_type:
        case _F.CPPTYPE_STRING:
            return str
        case _F.CPPTYPE_BOOL:
            return {"true": True, "false": False}.__getitem__
        case _:
            return _integer


def _enum_reader(enum: EnumDescriptor) -> Read:
    numbers = {value.name: value.number for value in enum.values}
    known: dict[Any, int] = {number: number for number in numbers.values()} | numbers
    if enum.is_closed:
        return known.__getitem__

    def read(value: Any) -> int:
        number = known.get(value)
        if number is None:
            if type(value) is int:
                return value
            raise NotPlainError
        return number

    return read


def _number_reader(largest: float) -> Read:
    def read(value: Any) -> float:
        if type(value) not in (float, int):
            return _NOT_FINITE[value]
        if -largest <= value <= largest:
            return value
        raise NotPlainError

    return read


def _integer(value: Any) -> int:
    if type(value) is str and " " not in value:
        return int(value)
    raise NotPlainError


def _bytes(value: str) -> bytes:
    data = a2b_base64(value, strict_mode=True)
    if -(len(data) // -3) * 4 != len(value):  # too many `=`
        raise NotPlainError
    return data


def _refuse(_value: Any) -> NoReturn:
    raise NotPlainError


def _null_in(field: FieldDescriptor) -> Any:
    """Return the value that null stands for in a field; None if null means that it is unset."""
    if field.message_type is not None and field.message_type.full_name == "google.protobuf.Value":
        null: Any = message_factory.GetMessageClass(field.message_type)(null_value=0)
    elif field.enum_type is not None and field.enum_type.full_name == "google.protobuf.NullValue":
        null = 0
    else:
        return None
    return _NO_VALUE if is_repeated(field) else null
