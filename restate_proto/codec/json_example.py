"""Make an example of a message in canonical ProtoJSON, for documentation and tools."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from restate_proto.codec.json_forms import KEYS, SCALARS, WELL_KNOWN
from restate_proto.codec.json_rules import example_of, inner_rules
from restate_proto.protobuf import is_repeated, is_required, map_entry
from restate_proto.rules import field_rules

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

    from restate_proto.rules import Rules

__all__ = ["message_example", "short_example"]

# How many values are enough to show what a message looks like.
_MANY_VALUES = 100
_DEEP = 6
# The most items of a list in an example.
_MOST_ITEMS = 5

# Not a valid value: tools that look for references in a schema also look into its examples.
_REFERENCE = "$ref"


def message_example(descriptor: Descriptor, *, most: int = _MANY_VALUES) -> Any:
    """Make an example of a message in JSON.

    Each field has a value that is not its default: repeated fields one element, maps one entry,
    oneofs their first case. Fields that are messages are left out deep inside of a large message,
    and where a message contains itself.

    Args:
        descriptor: the message's descriptor.
        most: how many values are enough; the fields of the message itself are always there.

    Returns:
        A JSON value, the same for the same message; a new object each time.
    """
    for depth in range(_DEEP, 1, -1):
        try:
            return _Builder(depth, most).message(descriptor)
        except _TooLargeError:
            continue
    return _Builder(1, None).message(descriptor)


def short_example(descriptor: Descriptor, *, most: int) -> tuple[Any, bool]:
    """Make a short example of a message for people, who can look up its other fields.

    Args:
        descriptor: the message's descriptor.
        most: how many values are enough. If the message itself has more fields, its first fields
            and its required ones are shown.

    Returns:
        A JSON value, and whether `message_example` would show more.
    """
    whole: Any = message_example(descriptor)
    example: Any = message_example(descriptor, most=most)
    if descriptor.full_name not in WELL_KNOWN:
        needed = {field.json_name for field in descriptor.fields if is_required(field)}
        for name in list(example)[most:]:
            if name not in needed:
                del example[name]
    return example, example != whole


class _TooLargeError(Exception):
    """The example has too many values."""


class _LeftOutError(Exception):
    """A message is nested too deep, or contains itself."""


class _Builder:
    """Builds one example with a maximum depth and a maximum number of values."""

    def __init__(self, depth: int, most: int | None) -> None:
        self._depth = depth
        self._left = most
        self._open: list[str] = []

    def message(self, descriptor: Descriptor) -> Any:
        well_known = WELL_KNOWN.get(descriptor.full_name)
        if well_known is not None:
            return deepcopy(well_known.example)
        self._open.append(descriptor.full_name)
        example: dict[str, Any] = {}
        chosen: set[str] = set()
        for field in descriptor.fields:
            oneof = field.containing_oneof
            if (oneof is not None and oneof.name in chosen) or field.json_name == _REFERENCE:
                continue
            try:
                example[field.json_name] = self._field(field)
            except _LeftOutError:
                continue
            if oneof is not None:
                chosen.add(oneof.name)
        self._open.pop()
        return example

    def _field(self, field: FieldDescriptor) -> Any:
        entry = map_entry(field)
        rules = field_rules(field)
        if entry is not None:
            key, value = entry.fields_by_name["key"], entry.fields_by_name["value"]
            name = KEYS[key.type].example
            if key.type == key.TYPE_STRING:
                name = example_of(key, inner_rules(rules, "map.keys."), name)
            return {name: self._value(value, inner_rules(rules, "map.values."), needed=False)}
        if is_repeated(field):
            value = self._value(
                field, inner_rules(rules, "repeated.items."), needed=is_required(field)
            )
            least = 1 if "repeated.unique" in rules else rules.get("repeated.min_items", 1)
            return [value] * (least if isinstance(least, int) and least <= _MOST_ITEMS else 1)
        return self._value(field, rules, needed=is_required(field))

    def _value(self, field: FieldDescriptor, rules: Rules, *, needed: bool) -> Any:
        message = field.message_type
        if message is not None:
            is_deep = len(self._open) >= self._depth and message.full_name not in WELL_KNOWN
            if message.full_name in self._open or (is_deep and not needed):
                raise _LeftOutError
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise _TooLargeError
        if message is not None:
            value = self.message(message)
        elif field.enum_type is None:
            value = SCALARS[field.type].example
        else:
            value = _enum(field.enum_type)
        return example_of(field, rules, value) if rules else value


def _enum(descriptor: EnumDescriptor) -> Any:
    well_known = WELL_KNOWN.get(descriptor.full_name)
    if well_known is not None:
        return well_known.example
    names = [value.name for value in descriptor.values]
    return names[1] if len(names) > 1 else names[0]  # the first usually stands for "unspecified"
