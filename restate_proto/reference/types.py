"""Document messages and enums: the blocks of pages, with a table of fields or values."""

from __future__ import annotations

import base64
import json
import math
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import FieldDescriptor

from restate_proto.codec.json_forms import KEYS, SCALARS, WELL_KNOWN
from restate_proto.codec.json_rules import example_of, inner_rules, must_be_there
from restate_proto.protobuf import is_repeated, is_required, map_entry
from restate_proto.reference.document import (
    Anchor,
    Badge,
    Code,
    Comment,
    Heading,
    Link,
    Paragraph,
    Table,
    Text,
    Tone,
)
from restate_proto.reference.google_api import field_behaviors
from restate_proto.reference.used_types import Message
from restate_proto.rules import field_rules, message_rules, oneof_is_required, rule_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from restate_proto.reference.document import Block, Cell, Inline
    from restate_proto.reference.used_types import EnumType, Library
    from restate_proto.rules import Rules

__all__ = ["DEPRECATED", "type_blocks", "type_reference"]

DEPRECATED = Badge("deprecated", Tone.WARNING)
_KEY = Badge("key", Tone.OBJECT)
_REQUIRED = Badge("required", Tone.WARNING)

_F = FieldDescriptor
_SCALAR_NAMES = {
    getattr(_F, f"TYPE_{name.upper()}"): name
    for name in (
        *("bool", "bytes", "double", "fixed32", "fixed64", "float", "int32", "int64"),
        *("sfixed32", "sfixed64", "sint32", "sint64", "string", "uint32", "uint64"),
    )
}


def type_reference(full_name: str, library: Library) -> Inline:
    """Return the short name of a type, linked to the place where it is documented."""
    place = library.place(full_name)
    if place is None:  # a well-known type, which has no page here
        return Code(full_name)
    return Link(Code(short_name(full_name, library)), Anchor(place, full_name))


def short_name(full_name: str, library: Library) -> str:
    """Return the name of a documented type without its package."""
    package = library.file(library.place(full_name) or "").package
    return full_name.removeprefix(f"{package}.") if package else full_name


def type_blocks(
    found: Message | EnumType, users: Sequence[tuple[str, Anchor]], library: Library
) -> Iterator[Block]:
    """Yield the blocks that document a type.

    Args:
        found: the type.
        users: what uses the type directly: a phrase, and the place to link it to.
        library: the types of the contract.
    """
    name = found.descriptor.full_name
    badges = (Text(" "), DEPRECATED) if found.descriptor.GetOptions().deprecated else ()
    yield Heading(3, (Code(short_name(name, library)), *badges), name)
    if found.comment:
        yield Comment(found.comment)
    rules = message_rules(found.descriptor) if isinstance(found, Message) else {}
    if rules:
        yield Paragraph((Text("Rules: "), *_listed(rule_words(rules)), Text(".")))
    yield from _fields(found, library) if isinstance(found, Message) else _values(found)
    if users:
        links: list[Inline] = [Text("Used by ")]
        for number, (label, target) in enumerate(users):
            links += [Text(", ")] * bool(number) + [Link(Code(label), target)]
        yield Paragraph((*links, Text(".")))


def _fields(message: Message, library: Library) -> Iterator[Block]:
    fields = message.descriptor.fields
    if not fields:
        yield Paragraph((Text("It has no fields."),))
        return
    for oneof in message.descriptor.oneofs:
        number = "exactly one field is" if oneof_is_required(oneof) else "at most one field is"
        comment = message.comments.get(oneof.name)
        if len(oneof.fields) > 1 and (comment or oneof_is_required(oneof)):
            end = ":" if comment else "."
            yield Paragraph((Text("Of "), Code(oneof.name), Text(f", {number} set{end}")))
            if comment:
                yield Comment(comment)
    rules = [field_rules(field) for field in fields]
    yield Table.of(
        ("Field", "No.", "Type", "JSON", "If absent", "Rules", "Meaning"),
        [
            (
                (Code(field.name), *_mark_badges(field, message, own)),
                (Text(str(field.number)),),
                (*_type(field, library), *_awakeable(field, message, library)),
                (Code(f"{_json(field.json_name)}: {_json_example(field, own)}"),),
                (Text("an error"),) if must_be_there(field, own) else _meaning_if_absent(field),
                tuple(_listed([*rule_words(own), *_behaviors(field)])),
                _meaning(message.comments.get(field.name), field.GetOptions().deprecated),
            )
            for field, own in zip(fields, rules, strict=True)
        ],
        (f"{message.descriptor.full_name}.{field.name}" for field in fields),
    )


def _values(enum: EnumType) -> Iterator[Block]:
    values = enum.descriptor.values
    yield Table.of(
        ("Value", "No.", "Meaning"),
        [
            (
                (Code(value.name),),
                (Text(str(value.number)),),
                _meaning(enum.comments.get(value.name), value.GetOptions().deprecated),
            )
            for value in values
        ],
    )
    if enum.descriptor.is_closed:
        yield Paragraph((Text("It has these values and no others: the enum is closed."),))


def _behaviors(field: FieldDescriptor) -> list[str]:
    return [f"field_behavior = {behavior}" for behavior in field_behaviors(field)]


def _listed(rules: Sequence[str]) -> Iterator[Inline]:
    for number, words in enumerate(rules):
        if number:
            yield Text(", ")
        yield Code(words)


def _mark_badges(field: FieldDescriptor, message: Message, rules: Rules) -> Iterator[Inline]:
    """Yield the badges of a field that is required, or that holds the key."""
    if field.name == message.key:
        yield from (Text(" "), _KEY)
    if is_required(field) or must_be_there(field, rules):
        yield from (Text(" "), _REQUIRED)


def _awakeable(field: FieldDescriptor, message: Message, library: Library) -> Iterator[Inline]:
    """Yield the type that an awakeable is resolved with, if the field holds the id of one."""
    type_ = message.awakeables.get(field.name)
    if type_ is not None:
        yield from (Text(", the id of an awakeable of "), type_reference(type_, library))


def _meaning(comment: str | None, deprecated: bool) -> Cell:
    badge: Cell = (DEPRECATED, Text(" ")) if deprecated else ()
    return (*badge, Comment(comment)) if comment else badge[:1]


def _type(field: FieldDescriptor, library: Library) -> Iterator[Inline]:
    entry = map_entry(field)
    if entry is not None:
        key = _SCALAR_NAMES[entry.fields_by_name["key"].type]
        value = _value_type(entry.fields_by_name["value"], library)
        if isinstance(value, Code):
            yield Code(f"map<{key}, {value.value}>")
        else:
            yield from (Code(f"map<{key},"), Text(" "), value, Code(">"))
        return
    words = "repeated " if is_repeated(field) else ""
    oneof = field.containing_oneof
    is_choice = oneof is not None and len(oneof.fields) > 1
    # A message always has presence; of other types, the label has to say it.
    has_presence = field.message_type is None and field.has_presence
    if not words and not is_choice and has_presence and not is_required(field):
        words = "optional "
    if words:
        yield Text(words)
    yield _value_type(field, library)
    if oneof is not None and is_choice:
        yield from (Text(", one of "), Code(oneof.name))


def _value_type(field: FieldDescriptor, library: Library) -> Inline:
    type_ = field.message_type or field.enum_type
    if type_ is None:
        return Code(_SCALAR_NAMES[field.type])
    return type_reference(type_.full_name, library)


def _json_example(field: FieldDescriptor, rules: Rules) -> str:
    """Return an example of a field's value in JSON."""
    entry = map_entry(field)
    if entry is not None:
        key, value = entry.fields_by_name["key"], entry.fields_by_name["value"]
        name = KEYS[key.type].example
        if key.type == key.TYPE_STRING:
            name = example_of(key, inner_rules(rules, "map.keys."), name)
        return f"{{{_json(name)}: {_value_json_example(value, inner_rules(rules, 'map.values.'))}}}"
    if is_repeated(field):
        return f"[{_value_json_example(field, inner_rules(rules, 'repeated.items.'))}]"
    return _value_json_example(field, rules)


def _value_json_example(field: FieldDescriptor, rules: Rules) -> str:
    type_ = field.message_type or field.enum_type
    if type_ is None:
        usual = SCALARS[field.type].example
    elif type_.full_name in WELL_KNOWN:
        usual = WELL_KNOWN[type_.full_name].example
    elif field.enum_type is not None:
        names = [value.name for value in field.enum_type.values]
        usual = names[1] if len(names) > 1 else names[0]
    else:
        return "{…}"
    return _json(example_of(field, rules, usual))


def _meaning_if_absent(field: FieldDescriptor) -> Cell:
    """Return the meaning of an absent field: its default value in JSON, if it has one."""
    if map_entry(field) is not None:
        return (Code("{}"),)
    if is_repeated(field):
        return (Code("[]"),)
    if is_required(field):
        return (Text("an error"),)
    if field.message_type is not None or (field.has_presence and not field.has_default_value):
        return (Text("not set"),)
    return (Code(_default(field)),)


def _default(field: FieldDescriptor) -> str:
    value: Any = field.default_value
    if field.enum_type is not None:
        return _json(field.enum_type.values_by_number[value].name)
    if isinstance(value, bytes):
        return _json(base64.b64encode(value).decode())
    if isinstance(value, float) and not math.isfinite(value):
        return _json("NaN" if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity")
    if isinstance(SCALARS[field.type].example, str) and isinstance(value, int):
        return _json(str(value))
    return _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
