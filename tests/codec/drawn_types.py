"""Message types drawn by hypothesis: all kinds of fields, odd names, proto2, proto3, an edition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FeatureSet
from hypothesis import reject
from hypothesis import strategies as st

from tests.codec.messages import FILES

if TYPE_CHECKING:
    from collections.abc import Callable

F = descriptor_pb2.FieldDescriptorProto
PACKAGE = "drawn.v1"

_SCALARS = [
    *(F.TYPE_DOUBLE, F.TYPE_FLOAT, F.TYPE_INT32, F.TYPE_INT64, F.TYPE_UINT32, F.TYPE_UINT64),
    *(F.TYPE_SINT32, F.TYPE_SINT64, F.TYPE_FIXED32, F.TYPE_FIXED64, F.TYPE_SFIXED32),
    *(F.TYPE_SFIXED64, F.TYPE_BOOL, F.TYPE_STRING, F.TYPE_BYTES),
]
_KEYS = [each for each in _SCALARS if each not in {F.TYPE_DOUBLE, F.TYPE_FLOAT, F.TYPE_BYTES}]
_WELL_KNOWN = [
    *("Any", "BoolValue", "BytesValue", "DoubleValue", "Duration", "Empty", "FieldMask"),
    *("FloatValue", "Int64Value", "ListValue", "StringValue", "Struct", "Timestamp", "Value"),
]
_NAMES = [
    *("a", "b", "a_b", "aB", "a__b", "_a", "A", "a1_2", "self", "from", "class", "None"),
    *("HasField", "Clear", "__init__", "value", "type_url", "choice"),
]
_JSON_NAMES = ["", "a", "aB", "a b", "a!", "[a]", "@type", "ä", '"', "\\", "choice", "from", "{"]
_DEFAULTS = {
    F.TYPE_DOUBLE: ["nan", "inf", "-0.0", "1.5"],
    F.TYPE_FLOAT: ["nan", "-inf", "-0", "0.1"],
    F.TYPE_BOOL: ["true"],
    F.TYPE_STRING: ["a", "ä"],
    F.TYPE_BYTES: ["a"],
}


@st.composite
def message_classes(draw: Callable[[Any], Any]) -> Any:
    """Arbitrary message classes, each in a pool of its own."""
    syntax = draw(st.sampled_from(["proto2", "proto3", "editions"]))
    file = descriptor_pb2.FileDescriptorProto(name="drawn.proto", package=PACKAGE, syntax=syntax)
    if syntax == "editions":
        file.edition = descriptor_pb2.EDITION_2023
        if draw(st.booleans()):
            file.options.features.field_presence = FeatureSet.IMPLICIT
    file.dependency.extend(each.name for each in FILES.file if each.name.startswith("google/"))
    for name in ("Open", "Shut"):
        enum = file.enum_type.add(name=name)
        numbers = [0, 1, 1, -5] if name == "Open" or syntax != "proto2" else [3, 1, 1, -5]
        for index, number in enumerate(numbers):
            enum.value.add(name=f"{name.upper()}_{index}", number=number)
        enum.options.allow_alias = True
    if syntax == "editions":
        file.enum_type[1].options.features.enum_type = FeatureSet.CLOSED
    count = draw(st.integers(1, 3))
    for index in range(count):
        _draw_message(draw, file, file.message_type.add(name=f"M{index}"), count)
    pool = descriptor_pool.DescriptorPool()
    for known in FILES.file:
        if known.name.startswith("google/"):
            pool.AddSerializedFile(known.SerializeToString())
    try:
        pool.AddSerializedFile(file.SerializeToString())
        descriptor = pool.FindMessageTypeByName(f"{PACKAGE}.M0")
    except (TypeError, KeyError):  # names that clash, a default that its field cannot have
        reject()
    return message_factory.GetMessageClass(descriptor)


def _draw_message(draw: Any, file: Any, message: Any, count: int) -> None:
    is_proto2, is_proto3 = file.syntax == "proto2", file.syntax == "proto3"
    names = draw(st.lists(st.sampled_from(_NAMES), max_size=6, unique=True))
    has_choice = draw(st.booleans())
    if has_choice:
        message.oneof_decl.add(name=draw(st.sampled_from(["choice", "first"])))
        message.field.add(
            name="lead", number=100, type=F.TYPE_INT32, label=F.LABEL_OPTIONAL, oneof_index=0
        )
    if not is_proto3 and draw(st.integers(0, 5)) == 0:
        message.extension_range.add(start=1000, end=2000)
        file.extension.add(
            name=f"ext_{message.name}",
            number=1000,
            type=F.TYPE_BYTES,
            label=F.LABEL_OPTIONAL,
            extendee=f".{PACKAGE}.{message.name}",
        )
    for number, name in enumerate(names, 1):
        shapes = ["one", "one", "many", "map"]
        shapes += (
            ["choice"] * has_choice + ["maybe"] * is_proto3 + ["required", "group"] * is_proto2
        )
        shape = draw(st.sampled_from(shapes))
        field = message.field.add(name=name, number=number, label=F.LABEL_OPTIONAL)
        if draw(st.integers(0, 3)) == 0:
            field.json_name = draw(st.sampled_from(_JSON_NAMES))
        if shape == "map":
            _draw_map(draw, message, field, count)
            continue
        _draw_type(draw, field, count)
        if shape == "many":
            field.label = F.LABEL_REPEATED
        elif shape == "choice":
            field.oneof_index = 0
        elif shape == "maybe":
            field.proto3_optional = True
            field.oneof_index = len(message.oneof_decl)
            message.oneof_decl.add(name=f"_{name}")
        elif shape == "required" and field.type not in {F.TYPE_MESSAGE, F.TYPE_GROUP}:
            field.label = F.LABEL_REQUIRED
        elif shape == "group" and field.type == F.TYPE_MESSAGE:
            field.type = F.TYPE_GROUP
        elif shape == "one" and is_proto2 and field.type in _DEFAULTS and draw(st.booleans()):
            field.default_value = draw(st.sampled_from(_DEFAULTS[field.type]))


def _draw_type(draw: Any, field: Any, count: int) -> None:
    kind = draw(st.sampled_from(["scalar"] * 5 + ["enum", "message", "known", "null"]))
    if kind == "scalar":
        field.type = draw(st.sampled_from(_SCALARS))
    elif kind == "enum":
        field.type = F.TYPE_ENUM
        field.type_name = f".{PACKAGE}.{draw(st.sampled_from(['Open', 'Shut']))}"
    elif kind == "null":
        field.type, field.type_name = F.TYPE_ENUM, ".google.protobuf.NullValue"
    else:
        field.type = F.TYPE_MESSAGE
        mine = [f".{PACKAGE}.M{index}" for index in range(count)]
        known = [f".google.protobuf.{name}" for name in _WELL_KNOWN]
        field.type_name = draw(st.sampled_from(mine if kind == "message" else known))


def _draw_map(draw: Any, message: Any, field: Any, count: int) -> None:
    entry = message.nested_type.add(name=f"E{field.number}Entry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, label=F.LABEL_OPTIONAL, type=draw(st.sampled_from(_KEYS)))
    value = entry.field.add(name="value", number=2, label=F.LABEL_OPTIONAL)
    _draw_type(draw, value, count)
    field.label, field.type = F.LABEL_REPEATED, F.TYPE_MESSAGE
    field.type_name = f".{PACKAGE}.{message.name}.{entry.name}"
