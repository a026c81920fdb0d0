"""JSON Schema (draft 2020-12) of the canonical ProtoJSON mapping.

A schema says what a message's ProtoJSON looks like, for people and for tools that build requests:
names as `json_name` has them, 64-bit integers as strings (numbers are taken too), enums by name
(numbers are taken too). Reading is more generous than the schema: it also takes a field's name as
the contract writes it and `null` for an unset field, and ignores unknown fields; so properties
that the schema does not list are not refused.

References are local, `#` and `#/$defs/<full name>`: the Restate server takes no others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import FieldDescriptor

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, EnumDescriptor

    from restate_proto.model.codec import JsonSchema

__all__ = ["message_schema"]

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_INT32 = {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1}
_UINT32 = {"type": "integer", "minimum": 0, "maximum": 2**32 - 1}
_INT64 = {"type": ["string", "integer"], "pattern": "^-?[0-9]+$"}
_UINT64 = {"type": ["string", "integer"], "pattern": "^[0-9]+$", "minimum": 0}
_FLOAT = {"anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]}
_STRING = {"type": "string"}
_BYTES = {
    "type": "string",
    "contentEncoding": "base64",
    "pattern": "^[A-Za-z0-9+/_-]*={0,2}$",  # the URL-safe alphabet and no padding are read too
}

_SCALARS: dict[int, JsonSchema] = {
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_INT32: _INT32,
    FieldDescriptor.TYPE_SINT32: _INT32,
    FieldDescriptor.TYPE_SFIXED32: _INT32,
    FieldDescriptor.TYPE_UINT32: _UINT32,
    FieldDescriptor.TYPE_FIXED32: _UINT32,
    FieldDescriptor.TYPE_INT64: _INT64,
    FieldDescriptor.TYPE_SINT64: _INT64,
    FieldDescriptor.TYPE_SFIXED64: _INT64,
    FieldDescriptor.TYPE_UINT64: _UINT64,
    FieldDescriptor.TYPE_FIXED64: _UINT64,
    FieldDescriptor.TYPE_FLOAT: _FLOAT,
    FieldDescriptor.TYPE_DOUBLE: _FLOAT,
    FieldDescriptor.TYPE_STRING: _STRING,
    FieldDescriptor.TYPE_BYTES: _BYTES,
}

_WELL_KNOWN: dict[str, JsonSchema] = {
    "google.protobuf.Any": {"type": "object", "properties": {"@type": _STRING}},
    "google.protobuf.BoolValue": _SCALARS[FieldDescriptor.TYPE_BOOL],
    "google.protobuf.BytesValue": _BYTES,
    "google.protobuf.DoubleValue": _FLOAT,
    "google.protobuf.Duration": {
        "type": "string",
        "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$",
    },
    "google.protobuf.Empty": {"type": "object"},
    "google.protobuf.FieldMask": _STRING,
    "google.protobuf.FloatValue": _FLOAT,
    "google.protobuf.Int32Value": _INT32,
    "google.protobuf.Int64Value": _INT64,
    "google.protobuf.ListValue": {"type": "array"},
    "google.protobuf.NullValue": {"type": "null"},
    "google.protobuf.StringValue": _STRING,
    "google.protobuf.Struct": {"type": "object"},
    "google.protobuf.Timestamp": {
        "type": "string",
        "format": "date-time",
        "pattern": (
            "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
            r"(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$"
        ),
    },
    "google.protobuf.UInt32Value": _UINT32,
    "google.protobuf.UInt64Value": _UINT64,
    "google.protobuf.Value": {},
}

_BOOL_KEYS = {"enum": ["true", "false"]}


def message_schema(descriptor: Descriptor) -> JsonSchema:
    """The JSON Schema of a message's ProtoJSON form.

    Args:
        descriptor: the message's descriptor.

    Returns:
        A schema that stands alone; a new object each time.
    """
    builder = _Builder(descriptor)
    schema = {"$schema": _DRAFT, "title": descriptor.name, **builder.message(descriptor)}
    if builder.definitions:
        schema["$defs"] = dict(sorted(builder.definitions.items()))
    return schema


class _Builder:
    """One schema in the making, with the messages and enums that it refers to."""

    def __init__(self, root: Descriptor) -> None:
        self._root = root.full_name
        self.definitions: dict[str, JsonSchema] = {}

    def message(self, descriptor: Descriptor) -> JsonSchema:
        well_known = _WELL_KNOWN.get(descriptor.full_name)
        if well_known is not None:
            return dict(well_known)
        fields = descriptor.fields
        schema: JsonSchema = {"type": "object"}
        if fields:
            schema["properties"] = {field.json_name: self._field(field) for field in fields}
        required = [field.json_name for field in fields if _is_required(field)]
        if required:
            schema["required"] = required
        # A oneof of one field says nothing; among them are those that `optional` stands for.
        choices = [
            _at_most_one([field.json_name for field in oneof.fields])
            for oneof in descriptor.oneofs
            if len(oneof.fields) > 1
        ]
        if len(choices) == 1:
            schema.update(choices[0])
        elif choices:
            schema["allOf"] = choices
        return schema

    def _field(self, field: FieldDescriptor) -> JsonSchema:
        if not _is_repeated(field):
            return self._value(field)
        entry = field.message_type
        if entry is not None and entry.GetOptions().map_entry:
            schema: JsonSchema = {
                "type": "object",
                "additionalProperties": self._value(entry.fields_by_name["value"]),
            }
            names = _key_names(entry.fields_by_name["key"])
            if names is not None:
                schema["propertyNames"] = names
            return schema
        return {"type": "array", "items": self._value(field)}

    def _value(self, field: FieldDescriptor) -> JsonSchema:
        if field.enum_type is not None:
            return self._reference(field.enum_type.full_name, field.enum_type, _enum)
        if field.message_type is not None:
            return self._reference(field.message_type.full_name, field.message_type, self.message)
        return dict(_SCALARS[field.type])

    def _reference(self, name: str, descriptor: Any, describe: Any) -> JsonSchema:
        well_known = _WELL_KNOWN.get(name)
        if well_known is not None:
            return dict(well_known)
        if name == self._root:
            return {"$ref": "#"}
        if name not in self.definitions:
            self.definitions[name] = {}  # where it refers to itself, it is known already
            self.definitions[name] = {"title": descriptor.name, **describe(descriptor)}
        return {"$ref": f"#/$defs/{name}"}


def _enum(descriptor: EnumDescriptor) -> JsonSchema:
    numbers: JsonSchema = dict(_INT32)
    if descriptor.is_closed:
        numbers = {"enum": sorted({value.number for value in descriptor.values})}
    return {"anyOf": [{"enum": [value.name for value in descriptor.values]}, numbers]}


def _at_most_one(names: list[str]) -> JsonSchema:
    each = [{"required": [name]} for name in names]
    return {"oneOf": [*each, {"not": {"anyOf": each}}]}


def _key_names(key: FieldDescriptor) -> JsonSchema | None:
    if key.type == FieldDescriptor.TYPE_STRING:
        return None
    if key.type == FieldDescriptor.TYPE_BOOL:
        return dict(_BOOL_KEYS)
    signed = _SCALARS[key.type] in (_INT32, _INT64)
    return {"pattern": (_INT64 if signed else _UINT64)["pattern"]}


# Any: the stubs know the newest protobuf, where `label` (the only way up to 5) is gone.
def _is_repeated(field: Any) -> bool:
    repeated = getattr(field, "is_repeated", None)
    return field.label == field.LABEL_REPEATED if repeated is None else repeated


def _is_required(field: Any) -> bool:
    required = getattr(field, "is_required", None)
    return field.label == field.LABEL_REQUIRED if required is None else required
