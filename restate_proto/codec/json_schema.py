"""JSON Schema (draft 2020-12) of the canonical ProtoJSON mapping.

A schema says what a message's ProtoJSON looks like, for people and for tools that build requests:
fields by `json_name`, 64-bit integers as strings or numbers, enums by name or number, `null` for
wrappers. Our codecs read everything that a schema accepts. They also read a field's name as the
contract writes it and `null` for any unset field, and ignore unknown fields. So a schema does not
refuse properties that it does not list.

A schema has an example of the message, which tools that build a request fill in, such as the
playground of the Restate UI. Constraints for validators only (a oneof has one case) are written
with `not`, which such tools ignore.

References are local, `#` and `#/$defs/<full name>`: restate-server accepts no others.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import FieldDescriptor

from restate_proto.codec.json_example import message_example
from restate_proto.codec.json_forms import KEYS, SCALARS, WELL_KNOWN, WRAPPERS
from restate_proto.codec.json_rules import (
    constrain,
    constrain_message,
    inner_rules,
    must_be_there,
)
from restate_proto.protobuf import is_repeated, is_required, map_entry
from restate_proto.rules import field_rules, message_rules, oneof_is_required

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, EnumDescriptor

    from restate_proto.codec.json_forms import Form
    from restate_proto.model.codec import JsonSchema

__all__ = ["message_schema"]

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_INT32 = SCALARS[FieldDescriptor.TYPE_INT32].schema


def message_schema(descriptor: Descriptor) -> JsonSchema:
    """Return the JSON Schema of a message's ProtoJSON form.

    Args:
        descriptor: the message's descriptor.

    Returns:
        A self-contained schema with an example; a new object each time.
    """
    builder = _Builder(descriptor)
    schema = {"$schema": _DRAFT, "title": "", **builder.message(descriptor)}
    schema["title"] = descriptor.name
    schema["examples"] = [message_example(descriptor)]
    if builder.definitions:
        schema["$defs"] = dict(sorted(builder.definitions.items()))
    return schema


class _Builder:
    """Builds one schema, with the messages and enums that it refers to."""

    def __init__(self, root: Descriptor) -> None:
        self._root = root.full_name
        self.definitions: dict[str, JsonSchema] = {}

    def message(self, descriptor: Descriptor) -> JsonSchema:
        well_known = WELL_KNOWN.get(descriptor.full_name)
        if well_known is not None:
            return deepcopy(well_known.schema)
        schema: JsonSchema = {"type": "object"}
        if descriptor.fields:
            schema["properties"] = {
                field.json_name: self._field(field) for field in descriptor.fields
            }
        required = [
            field.json_name
            for field in descriptor.fields
            if is_required(field) or must_be_there(field, field_rules(field))
        ]
        if required:
            schema["required"] = required
        # A oneof of one field is no constraint; those that `optional` makes are among them.
        choices = [
            [field.json_name for field in oneof.fields]
            for oneof in descriptor.oneofs
            if len(oneof.fields) > 1
        ]
        if choices:
            schema["description"] = "\n".join(
                f"At most one of {', '.join(names)}." for names in choices
            )
            schema["not"] = {"anyOf": [_more_than_one(names) for names in choices]}
        needed = [oneof for oneof in descriptor.oneofs if oneof_is_required(oneof)]
        if needed:
            schema["allOf"] = [
                {"anyOf": [{"required": [field.json_name]} for field in oneof.fields]}
                for oneof in needed
            ]
        constrain_message(schema, message_rules(descriptor))
        return schema

    def _field(self, field: FieldDescriptor) -> JsonSchema:
        rules = field_rules(field)
        entry = map_entry(field)
        if entry is not None:
            value = entry.fields_by_name["value"]
            values = constrain(self._value(value), value, inner_rules(rules, "map.values."))
            schema: JsonSchema = {"type": "object", "additionalProperties": values}
            key = entry.fields_by_name["key"]
            if key.type != key.TYPE_STRING:
                schema["propertyNames"] = self._form(KEYS[key.type])
            elif keys := constrain({}, key, inner_rules(rules, "map.keys.")):
                schema["propertyNames"] = keys
            schema = constrain(schema, field, rules)
        elif is_repeated(field):
            item = inner_rules(rules, "repeated.items.")
            items = constrain(self._value(field), field, item, is_item=True)
            schema = constrain({"type": "array", "items": items}, field, rules)
        else:
            schema = constrain(self._value(field), field, rules)
            if field.message_type is not None and field.message_type.full_name in WRAPPERS:
                schema = _nullable(schema)
        if field.GetOptions().deprecated:
            schema["deprecated"] = True
        return schema

    def _value(self, field: FieldDescriptor) -> JsonSchema:
        if field.enum_type is not None:
            return self._reference(field.enum_type, _enum)
        if field.message_type is not None:
            return self._reference(field.message_type, self.message)
        return self._form(SCALARS[field.type])

    def _reference(self, descriptor: Any, describe: Any) -> JsonSchema:
        name = descriptor.full_name
        well_known = WELL_KNOWN.get(name)
        if well_known is not None:
            return self._form(well_known)
        if name == self._root:
            return {"$ref": "#"}
        if name not in self.definitions:
            self.definitions[name] = {}  # known before it is built, because it may refer to itself
            self.definitions[name] = {"title": descriptor.name, **describe(descriptor)}
        return {"$ref": f"#/$defs/{name}"}

    def _form(self, form: Form) -> JsonSchema:
        if not form.name:
            return deepcopy(form.schema)
        if form.name not in self.definitions:
            self.definitions[form.name] = deepcopy(form.schema)
        return {"$ref": f"#/$defs/{form.name}"}


def _enum(descriptor: EnumDescriptor) -> JsonSchema:
    numbers: JsonSchema = dict(_INT32)
    if descriptor.is_closed:
        numbers = {"enum": sorted({value.number for value in descriptor.values})}
    names = [value.name for value in descriptor.values]
    return {"anyOf": [{"type": "string", "enum": names}, numbers]}


def _more_than_one(names: list[str]) -> JsonSchema:
    """Make the schema of objects that have at least two of some properties: some, but not one."""
    each = [{"required": [name]} for name in names]
    return {"anyOf": each, "not": {"oneOf": each}}


def _nullable(schema: JsonSchema) -> JsonSchema:
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}
