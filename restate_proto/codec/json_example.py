"""An example of a message in canonical ProtoJSON."""

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

# How much is enough to show what a message is like.
_MANY_VALUES = 100
_DEEP = 6
# More items than these are no example any more.
_MOST_ITEMS = 5

# Tools that look for references in a schema also look into its examples.
_REFERENCE = "$ref"


def message_example(descriptor: Descriptor, *, most: int = _MANY_VALUES) -> Any:
    """An example of a message, as JSON has it.

    All its fields are there, each with a value that is not its default: one element of what is
    repeated, one entry of a map, the first case of a oneof. Where a message holds itself, and
    deep inside of a large one, fields that are messages are left out.

    Args:
        descriptor: the message's descriptor.
        most: the number of values that are enough; the fields of the message itself are there all
            the same.

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
    """An example of a message for people, who look its other fields up.

    Args:
        descriptor: the message's descriptor.
        most: the number of values that are enough. Of a message that has more fields itself, the
            first ones are there, and those that are required.

    Returns:
        A JSON value, and whether `message_example` has more in it.
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
    """A message is too deep inside, or in itself."""


class _Builder:
    """One example in the making, of a greatest depth and with a greatest number of values."""

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
    return names[1] if len(names) > 1 else names[0]  # the first is what is not said
