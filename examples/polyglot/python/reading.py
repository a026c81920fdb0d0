"""View.fields: what this program reads from the values, as canonical text by path."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from math import isnan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.protobuf.struct_pb2 import ListValue, Struct, Value
    from polyglot.values.v1.values_pb2 import Nested, Values

Fields = dict[str, str]


def read(v: Values) -> Fields:
    """What is in the values, as View.fields describes it."""
    fields: Fields = {}
    _scalars(fields, v)
    _repeated(fields, v)
    _maps(fields, v)
    _choice(fields, v)
    _optionals(fields, v)
    if v.HasField("nested"):
        _nested(fields, "nested", v.nested)
    if v.HasField("timestamp"):
        fields["timestamp"] = f"{v.timestamp.seconds}:{v.timestamp.nanos}"
    if v.HasField("duration"):
        fields["duration"] = f"{v.duration.seconds}:{v.duration.nanos}"
    if v.HasField("empty"):
        fields["empty"] = "{}"
    _wrappers(fields, v)
    if v.HasField("struct"):
        _struct(fields, "struct", v.struct)
    if v.HasField("value"):
        _value(fields, "value", v.value)
    if v.HasField("list"):
        _list(fields, "list", v.list)
    fields["x_1"] = _text(v.x_1)
    fields["fieldName"] = _text(v.fieldName)
    fields["URL"] = _text(v.URL)
    fields["class"] = _text(getattr(v, "class"))
    fields["from"] = _text(getattr(v, "from"))
    fields["renamed"] = _text(v.renamed)
    fields["last"] = _text(v.last)
    return fields


def _scalars(fields: Fields, v: Values) -> None:
    fields["double_value"] = _double(v.double_value)
    fields["float_value"] = _float(v.float_value)
    fields["int32_value"] = str(v.int32_value)
    fields["int64_value"] = str(v.int64_value)
    fields["uint32_value"] = str(v.uint32_value)
    fields["uint64_value"] = str(v.uint64_value)
    fields["sint32_value"] = str(v.sint32_value)
    fields["sint64_value"] = str(v.sint64_value)
    fields["fixed32_value"] = str(v.fixed32_value)
    fields["fixed64_value"] = str(v.fixed64_value)
    fields["sfixed32_value"] = str(v.sfixed32_value)
    fields["sfixed64_value"] = str(v.sfixed64_value)
    fields["bool_value"] = _bool(v.bool_value)
    fields["string_value"] = _text(v.string_value)
    fields["bytes_value"] = v.bytes_value.hex()
    fields["color"] = str(v.color)


def _repeated(fields: Fields, v: Values) -> None:
    _items(fields, "numbers", map(str, v.numbers))
    _items(fields, "doubles", map(_double, v.doubles))
    _items(fields, "words", map(_text, v.words))
    _items(fields, "blobs", map(bytes.hex, v.blobs))
    _items(fields, "colors", map(str, v.colors))
    _size(fields, "nested_list", v.nested_list)
    for i, nested in enumerate(v.nested_list):
        _nested(fields, f"nested_list.{i}", nested)
    _items(fields, "timestamps", (f"{time.seconds}:{time.nanos}" for time in v.timestamps))


def _maps(fields: Fields, v: Values) -> None:
    _size(fields, "nested_by_name", list(v.nested_by_name))
    for name, nested in v.nested_by_name.items():
        _nested(fields, f"nested_by_name[{_text(name)}]", nested)
    _size(fields, "text_by_number", list(v.text_by_number))
    for number, text in v.text_by_number.items():
        fields[f"text_by_number[{number}]"] = _text(text)
    _size(fields, "bytes_by_flag", list(v.bytes_by_flag))
    for flag, data in v.bytes_by_flag.items():
        fields[f"bytes_by_flag[{_bool(flag)}]"] = data.hex()
    _size(fields, "color_by_id", list(v.color_by_id))
    for id_, color in v.color_by_id.items():
        fields[f"color_by_id[{id_}]"] = str(color)


def _choice(fields: Fields, v: Values) -> None:
    case = v.WhichOneof("choice")
    if case is None:
        return
    fields["choice"] = case
    match case:
        case "text_choice":
            fields[case] = _text(v.text_choice)
        case "number_choice":
            fields[case] = str(v.number_choice)
        case "flag_choice":
            fields[case] = _bool(v.flag_choice)
        case "nested_choice":
            _nested(fields, case, v.nested_choice)
        case _:  # empty_choice
            fields[case] = "{}"


def _optionals(fields: Fields, v: Values) -> None:
    if v.HasField("maybe_int32"):
        fields["maybe_int32"] = str(v.maybe_int32)
    if v.HasField("maybe_uint64"):
        fields["maybe_uint64"] = str(v.maybe_uint64)
    if v.HasField("maybe_double"):
        fields["maybe_double"] = _double(v.maybe_double)
    if v.HasField("maybe_bool"):
        fields["maybe_bool"] = _bool(v.maybe_bool)
    if v.HasField("maybe_string"):
        fields["maybe_string"] = _text(v.maybe_string)
    if v.HasField("maybe_bytes"):
        fields["maybe_bytes"] = v.maybe_bytes.hex()
    if v.HasField("maybe_color"):
        fields["maybe_color"] = str(v.maybe_color)


def _wrappers(fields: Fields, v: Values) -> None:
    if v.HasField("wrapped_double"):
        fields["wrapped_double.value"] = _double(v.wrapped_double.value)
    if v.HasField("wrapped_float"):
        fields["wrapped_float.value"] = _float(v.wrapped_float.value)
    if v.HasField("wrapped_int64"):
        fields["wrapped_int64.value"] = str(v.wrapped_int64.value)
    if v.HasField("wrapped_uint64"):
        fields["wrapped_uint64.value"] = str(v.wrapped_uint64.value)
    if v.HasField("wrapped_int32"):
        fields["wrapped_int32.value"] = str(v.wrapped_int32.value)
    if v.HasField("wrapped_uint32"):
        fields["wrapped_uint32.value"] = str(v.wrapped_uint32.value)
    if v.HasField("wrapped_bool"):
        fields["wrapped_bool.value"] = _bool(v.wrapped_bool.value)
    if v.HasField("wrapped_string"):
        fields["wrapped_string.value"] = _text(v.wrapped_string.value)
    if v.HasField("wrapped_bytes"):
        fields["wrapped_bytes.value"] = v.wrapped_bytes.value.hex()


def _nested(fields: Fields, path: str, nested: Nested) -> None:
    fields[f"{path}.name"] = _text(nested.name)
    fields[f"{path}.number"] = str(nested.number)
    if nested.HasField("child"):
        _nested(fields, f"{path}.child", nested.child)


def _struct(fields: Fields, path: str, struct_: Struct) -> None:
    if not struct_.fields:
        fields[path] = "{}"
    _size(fields, f"{path}.fields", list(struct_.fields))
    for name, value in struct_.fields.items():
        _value(fields, f"{path}.fields[{_text(name)}]", value)


def _list(fields: Fields, path: str, list_: ListValue) -> None:
    if not list_.values:
        fields[path] = "{}"
    _size(fields, f"{path}.values", list_.values)
    for i, value in enumerate(list_.values):
        _value(fields, f"{path}.values.{i}", value)


def _value(fields: Fields, path: str, value: Value) -> None:
    kind = value.WhichOneof("kind")
    if kind is None:
        fields[path] = "{}"
        return
    fields[f"{path}.kind"] = kind
    path = f"{path}.{kind}"
    match kind:
        case "null_value":
            fields[path] = str(value.null_value)
        case "number_value":
            fields[path] = _double(value.number_value)
        case "string_value":
            fields[path] = _text(value.string_value)
        case "bool_value":
            fields[path] = _bool(value.bool_value)
        case "struct_value":
            _struct(fields, path, value.struct_value)
        case "list_value":
            _list(fields, path, value.list_value)


def _items(fields: Fields, path: str, items: Iterable[str]) -> None:
    texts = list(items)
    _size(fields, path, texts)
    for i, text in enumerate(texts):
        fields[f"{path}.{i}"] = text


def _size(fields: Fields, path: str, items: Sequence[object]) -> None:
    if items:
        fields[f"{path}.size"] = str(len(items))


def _bool(value: bool) -> str:
    return "true" if value else "false"


def _text(value: str) -> str:
    return value.encode().hex()


def _double(value: float) -> str:
    return "7ff8000000000000" if isnan(value) else struct.pack(">d", value).hex()


def _float(value: float) -> str:
    return "7fc00000" if isnan(value) else struct.pack(">f", value).hex()
