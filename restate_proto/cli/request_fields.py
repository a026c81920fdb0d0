"""Make command-line options from the fields of a request, and the request from them; no I/O.

`--ticket-id A1` sets the field `ticket_id`, and `--address.street Main` the field `street` of the
message `address`, which `--address '{"street": "Main"}'` sets as a whole.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import typer
from google.protobuf.descriptor import FieldDescriptor

from restate_proto.cli.human_readable import read_duration
from restate_proto.codec.payload import NO_OBJECTS
from restate_proto.protobuf import is_repeated, map_entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from google.protobuf.descriptor import Descriptor

__all__ = ["RequestField", "request_fields", "request_json"]

_INTEGERS = {
    FieldDescriptor.CPPTYPE_INT32,
    FieldDescriptor.CPPTYPE_INT64,
    FieldDescriptor.CPPTYPE_UINT32,
    FieldDescriptor.CPPTYPE_UINT64,
}
_FLOATS = {FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE}

_DURATION = "google.protobuf.Duration"
_TIMESTAMP = "google.protobuf.Timestamp"
_FIELD_MASK = "google.protobuf.FieldMask"
_ANY_JSON = (
    "google.protobuf.Any",
    "google.protobuf.Struct",
    "google.protobuf.Value",
    "google.protobuf.ListValue",
)
_DEEPEST = 4

WHOLE = "value"
"""The option for a request that is not an object in JSON, such as `google.protobuf.StringValue`."""


@dataclass(frozen=True, slots=True)
class RequestField:
    """A field that an option sets.

    Args:
        option: the option without its dashes: `address.street`.
        path: the JSON names that lead to it; empty for a request that is not an object.
        descriptor: the field; None for a request that is not an object.
        message: the message type of a value, if it is a message.
        is_list: whether the option may be repeated.
    """

    option: str
    path: tuple[str, ...]
    descriptor: Any
    message: Any
    is_list: bool

    @property
    def is_flag(self) -> bool:
        """Whether it is a single bool, which is set by naming it."""
        field = self._scalar()
        return (
            not self.is_list
            and field is not None
            and field.cpp_type == FieldDescriptor.CPPTYPE_BOOL
        )

    @property
    def title(self) -> str:
        """Its description in the help."""
        if self.descriptor is None:
            return f"The request, a {self.message.full_name}."
        return "May be repeated." if self.is_list else ""

    @property
    def metavar(self) -> str:
        """The placeholder of its value in the help."""
        if self._map_entry() is not None:
            return "KEY=VALUE"
        field = self._scalar()
        if field is None:
            return _MESSAGE_METAVARS.get(self.message.full_name, "JSON")
        if field.enum_type is not None:
            return "|".join(self.choices)
        return _METAVARS.get(field.cpp_type, "BASE64" if _is_bytes(field) else "TEXT")

    @property
    def choices(self) -> tuple[str, ...]:
        """The names of the values of an enum; empty for all else."""
        field = self._scalar()
        enum = None if field is None else field.enum_type
        return () if enum is None else tuple(value.name for value in enum.values)

    def read(self, text: str) -> Any:
        """Read a text on the command line as a JSON value.

        Raises:
            typer.BadParameter: the text is not a value of the field.
        """
        try:
            return self._read(text)
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint=f"--{self.option}") from None
        except typer.BadParameter as error:
            raise typer.BadParameter(error.message, param_hint=f"--{self.option}") from None

    def _read(self, text: str) -> Any:
        entry = self._map_entry()
        if entry is not None:
            key, equals, value = text.partition("=")
            if not equals:
                raise ValueError(f"{text!r} is not KEY=VALUE")
            field = entry.fields_by_name["value"]
            return key, _read_value(field, field.message_type, value)
        return _read_value(self.descriptor, self.message, text)

    def _map_entry(self) -> Descriptor | None:
        return None if self.descriptor is None else map_entry(self.descriptor)

    def _scalar(self) -> Any:
        """Return the field that determines the type, inside of a wrapper if it is one, or None."""
        if self.message is None:
            return self.descriptor
        return _wrapped_field(self.message)


_METAVARS = {
    **dict.fromkeys(_INTEGERS, "INTEGER"),
    **dict.fromkeys(_FLOATS, "NUMBER"),
}
_MESSAGE_METAVARS = {
    _DURATION: "DURATION",
    _TIMESTAMP: "TIME",
    _FIELD_MASK: "PATHS",
}


def request_fields(request: Descriptor) -> tuple[RequestField, ...]:
    """Return the fields of a request, each followed by the fields of its message."""
    if request.full_name in NO_OBJECTS or request.full_name in _ANY_JSON:
        return (RequestField(WHOLE, (), None, request, is_list=False),)
    return tuple(_fields(request, (), (), (request.full_name,)))


def request_json(base: Any, given: Iterable[tuple[RequestField, Sequence[Any]]]) -> Any:
    """Make the JSON of a request.

    Args:
        base: the request without the options, an object.
        given: the fields whose options are on the command line, with their JSON values.

    Raises:
        typer.BadParameter: the value around a field is not an object.
    """
    for field, values in given:
        if not field.path:
            return values[-1]
        into: dict[str, Any] = base
        for name in field.path[:-1]:
            inside: Any = into.setdefault(name, {})
            if not isinstance(inside, dict):
                raise typer.BadParameter(f"{name} is not an object", param_hint=f"--{field.option}")
            into = cast("dict[str, Any]", inside)
        last = field.path[-1]
        if field.descriptor is not None and map_entry(field.descriptor) is not None:
            into[last] = {**into.get(last, {}), **dict(values)}
        else:
            into[last] = list(values) if field.is_list else values[-1]
    return base


def _fields(
    message: Descriptor, options: tuple[str, ...], path: tuple[str, ...], around: tuple[str, ...]
) -> Iterator[RequestField]:
    for field in message.fields:
        names = (*options, field.name.replace("_", "-"))
        here = (*path, _json_name(field))
        type_ = field.message_type
        yield RequestField(".".join(names), here, field, type_, is_list=is_repeated(field))
        if type_ is None or is_repeated(field) or _has_own_json(type_):
            continue
        if type_.full_name not in around and len(around) < _DEEPEST:
            yield from _fields(type_, names, here, (*around, type_.full_name))


def _json_name(field: Any) -> str:
    return str(field.json_name)


def _has_own_json(message: Descriptor) -> bool:
    """Tell whether the JSON of a message is something other than its fields."""
    return message.full_name in NO_OBJECTS or message.full_name in _ANY_JSON


def _wrapped_field(message: Descriptor) -> Any:
    """Return the field inside of a wrapper; None for other messages."""
    is_wrapper = message.full_name in NO_OBJECTS and message.full_name.endswith("Value")
    if not is_wrapper or message.full_name in _ANY_JSON:
        return None
    return message.fields_by_name["value"]


def _is_bytes(field: Any) -> bool:
    return field.type == FieldDescriptor.TYPE_BYTES


def _read_value(field: Any, message: Descriptor | None, text: str) -> Any:
    if message is not None:
        inner = _wrapped_field(message)
        if inner is None:
            return _read_message(message, text)
        field = inner
    if field.cpp_type in _INTEGERS:
        return _number(int, text, "an integer")
    if field.cpp_type in _FLOATS:
        return _number(float, text, "a number")
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return _bool(text)
    if field.enum_type is not None:
        return _enum(field.enum_type, text)
    return text


def _read_message(message: Descriptor, text: str) -> Any:
    if message.full_name == _DURATION:
        seconds = read_duration(text).total_seconds()
        return f"{seconds:.6f}".rstrip("0").rstrip(".") + "s"
    if message.full_name in {_TIMESTAMP, _FIELD_MASK}:
        return text
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not JSON: {error}") from None


def _number(type_: type[int | float], text: str, what: str) -> int | float:
    try:
        return type_(text)
    except ValueError:
        raise ValueError(f"{text!r} is not {what}") from None


def _bool(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError(f"{text!r} is neither true nor false")
    return text == "true"


def _enum(enum: Any, text: str) -> str:
    names: Mapping[str, Any] = enum.values_by_name
    wanted = text.upper().replace("-", "_")
    if wanted in names:
        return wanted
    # Most contracts repeat the name of the enum in that of each value: SIZE_BIG.
    near = [name for name in names if name.endswith(f"_{wanted}")]
    if len(near) == 1:
        return near[0]
    raise ValueError(f"{text!r} is not one of {', '.join(names)}")
