"""Whether what was written as one message reads the same as another, in one encoding.

Both ways: old and new code are there at the same time. Names of types are not in a payload, so that
a message may be renamed or moved. What buf asks for in its category WIRE (here for binary) and in
WIRE_JSON (here for ProtoJSON) is asked for, of two messages that need not have the same name, and
only of what can be in a payload of this encoding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field

from restate_proto.codec.payload import NO_OBJECTS
from restate_proto.evolution.constraints import constraint_changes
from restate_proto.evolution.difference import Difference
from restate_proto.evolution.payload_enums import enum_differences
from restate_proto.evolution.scalars import (
    CLOSED_ENUM,
    OPEN_ENUM,
    Reading,
    scalar_reading,
)
from restate_proto.model.kinds import Encoding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from restate_proto.contract.types import FoundMessage
    from restate_proto.evolution.version import ContractVersion

__all__ = ["PayloadComparison"]

_MESSAGE_FIELD = 2  # a field number of DescriptorProto, for source paths

_WELL_KNOWN = "google.protobuf."
_JSON_OF_ITS_OWN = {*NO_OBJECTS, f"{_WELL_KNOWN}Any", f"{_WELL_KNOWN}Struct"}


class PayloadComparison:
    """Compares messages of two versions of a contract."""

    def __init__(self, old: ContractVersion, new: ContractVersion) -> None:
        self._old = old
        self._new = new
        self._known: dict[tuple[str, str, Encoding], tuple[Difference, ...]] = {}

    def differences(self, old: str, new: str, encoding: Encoding) -> tuple[Difference, ...]:
        """Returns what does not read the same, with all that the messages contain.

        Args:
            old: the full name of a message of the old contract.
            new: the full name of one of the new contract.
            encoding: what its payloads are in.
        """
        key = (old, new, encoding)
        if key not in self._known:
            self._known[key] = tuple(self._walk(old, new, encoding))
        return self._known[key]

    def _walk(self, old: str, new: str, encoding: Encoding) -> Iterator[Difference]:
        waiting = {(old, new): None}
        seen: set[tuple[str, str]] = set()
        while waiting:
            one, other = names = next(iter(waiting))
            del waiting[names]
            seen.add(names)
            before, after = self._old.message(one), self._new.message(other)
            pair = _Pair(self._old, self._new, before, after, encoding)
            yield from pair.differences()
            waiting.update((inner, None) for inner in pair.inner if inner not in seen)


class _Pair:
    """Two messages, without what they contain: that is in `inner` when all is compared."""

    def __init__(
        self,
        old: ContractVersion,
        new: ContractVersion,
        before: FoundMessage,
        after: FoundMessage,
        encoding: Encoding,
    ) -> None:
        self._old = old
        self._new = new
        self._before = before
        self._after = after
        self._is_json = encoding is Encoding.JSON
        self._is_other = before.type.full_name != after.type.full_name
        self.inner: list[tuple[str, str]] = []

    def differences(self) -> Iterator[Difference]:
        before, after = self._before.type.full_name, self._after.type.full_name
        if not self._is_other and before.startswith(_WELL_KNOWN):
            return
        if self._is_json and self._is_other and {before, after} & _JSON_OF_ITS_OWN:
            yield self._difference(
                f"the ProtoJSON of {before} is not that of {after}", "keep the type"
            )
            return
        same: dict[int, int] = {}
        for number, was in enumerate(self._before.proto.field):
            index = self._find(was)
            if index is not None:
                same[number] = index
            yield from self._field(number, was, index)
        yield from self._constraints(same)

    def _constraints(self, same: Mapping[int, int]) -> Iterator[Difference]:
        before, after = self._before.proto, self._after.proto
        for change in constraint_changes(before, after, same, is_json=self._is_json):
            text = f"{change.subject} of {self._after.type.full_name} {change.text}"
            yield self._difference(text, change.remedy, change.before, change.now)

    def _field(self, number: int, field: Field, index: int | None) -> Iterator[Difference]:
        if index is None:
            yield from self._gone(number, field)
            return
        now = self._after.proto.field[index]
        where = (number, index)
        title = self._title(field)
        is_renamed = self._is_json and now.json_name not in {field.json_name, field.name}
        if not self._is_json and self._is_another_field(field, now):
            text = f'{title} is "{now.name}" in {self._after.type.full_name}'
            yield self._difference(text, "give the same things the same numbers and names", *where)
        elif is_renamed:
            yield self._renamed(title, field, now, *where)
        elif (reading := self._reading(field, now)) is not Reading.SAME:
            suffix = f" in {self._after.type.full_name}" if self._is_other else ""
            was = _shape(self._old, self._before, field)
            text = f"{title} was {was} and is {_shape(self._new, self._after, now)}{suffix}"
            is_wider = reading is Reading.WIDER
            remedy = _WIDER_FIELD.format(was=was) if is_wider else _ANOTHER_FIELD
            yield self._difference(text, remedy, *where, is_wider=is_wider)
        elif field.type in _MESSAGES:
            pair = (field.type_name.removeprefix("."), now.type_name.removeprefix("."))
            self.inner.append(pair)
        elif field.type == now.type == Field.TYPE_ENUM:
            old, new = self._old.enum(field.type_name), self._new.enum(now.type_name)
            yield from enum_differences(self._old, self._new, old, new, is_json=self._is_json)

    def _find(self, field: Field) -> int | None:
        """Returns the index of the field that a value of this one is read as."""
        fields = self._after.proto.field
        if not self._is_json:
            return next((i for i, now in enumerate(fields) if now.number == field.number), None)
        # ProtoJSON is read by the one name or the other.
        for name in ("json_name", "name"):
            for i, now in enumerate(fields):
                if getattr(now, name) == field.json_name:
                    return i
        return None

    def _gone(self, number: int, field: Field) -> Iterator[Difference]:
        after = self._after.proto
        if any(r.start <= field.number < r.end for r in after.reserved_range):
            return
        if self._is_json and field.name in after.reserved_name:
            return
        title = self._title(field)
        if self._is_json:
            for index, now in enumerate(after.field):
                if now.number == field.number:
                    yield self._renamed(title, field, now, number, index)
                    return
        name = self._after.type.full_name
        text = f"{title} is not in {name}" if self._is_other else f"{title} is gone, not reserved"
        remedy = (
            "leave it, with [deprecated = true]; or, where what is in it may be lost, "
            f'reserve it: reserved {field.number}; reserved "{field.name}";'
        )
        yield self._difference(text, remedy, number)

    def _renamed(self, title: str, field: Field, now: Field, number: int, index: int) -> Difference:
        return self._difference(
            f'{title} was "{field.json_name}" in ProtoJSON and is "{now.json_name}"',
            f'keep its ProtoJSON name: [json_name = "{field.json_name}"]',
            number,
            index,
        )

    def _is_another_field(self, field: Field, now: Field) -> bool:
        """Whether one number means two things: names are not in binary, but say what is meant."""
        if now.name == field.name:
            return False
        # In one message it is the same thing under another name, unless the one or the other name
        # has moved there.
        return (
            self._is_other
            or any(each.name == field.name for each in self._after.proto.field)
            or any(each.name == now.name for each in self._before.proto.field)
        )

    def _reading(self, field: Field, now: Field) -> Reading:
        """Returns what becomes of the values of a field, but for what is in messages and enums."""
        is_list, was_list = (f.label == Field.LABEL_REPEATED for f in (now, field))
        if is_list != was_list:
            return Reading.ANOTHER
        if self._is_json and _is_map(self._old, field) != _is_map(self._new, now):
            return Reading.ANOTHER
        if not self._is_json and (
            self._old.is_delimited(self._before, field) != self._new.is_delimited(self._after, now)
        ):
            return Reading.ANOTHER
        if field.type in _MESSAGES or now.type in _MESSAGES:
            both = field.type in _MESSAGES and now.type in _MESSAGES
            return Reading.SAME if both else Reading.ANOTHER
        if field.type == now.type:
            return Reading.SAME
        was, is_ = _scalar(self._old, field), _scalar(self._new, now)
        return scalar_reading(was, is_, is_json=self._is_json)

    def _title(self, field: Field) -> str:
        return f'field {field.number} "{field.name}" of {self._before.type.full_name}'

    def _difference(
        self,
        text: str,
        remedy: str,
        number: int | None = None,
        index: int | None = None,
        *,
        is_wider: bool = False,
    ) -> Difference:
        before, after = self._before, self._after
        old = () if number is None else (_MESSAGE_FIELD, number)
        new = () if index is None else (_MESSAGE_FIELD, index)
        return Difference(
            text,
            remedy,
            self._old.location(before.type.file, (*before.path, *old)),
            self._new.location(after.type.file, (*after.path, *new)),
            is_wider,
        )


_MESSAGES = (Field.TYPE_MESSAGE, Field.TYPE_GROUP)
_ANOTHER_FIELD = "leave the field, and add one with another number and name beside it"
_WIDER_FIELD = (
    "write only what fits {was} until no old code reads it; or leave the field, and add one with "
    "another number and name beside it"
)


def _type_name(field: Field) -> str:
    return Field.Type.Name(field.type).removeprefix("TYPE_").lower()


def _scalar(version: ContractVersion, field: Field) -> str:
    if field.type != Field.TYPE_ENUM:
        return _type_name(field)
    return CLOSED_ENUM if version.is_closed(version.enum(field.type_name)) else OPEN_ENUM


def _is_map(version: ContractVersion, field: Field) -> bool:
    if field.type != Field.TYPE_MESSAGE:
        return False
    return version.message(field.type_name).proto.options.map_entry


def _shape(version: ContractVersion, message: FoundMessage, field: Field) -> str:
    """How a contract writes the type of a field of a message."""
    if _is_map(version, field):
        entry = version.message(field.type_name)
        key, value = (_shape(version, entry, inner) for inner in entry.proto.field)
        return f"map<{key}, {value}>"
    name = field.type_name.removeprefix(".") or _type_name(field)
    if version.is_delimited(message, field):
        name += " (delimited)"
    return f"repeated {name}" if field.label == Field.LABEL_REPEATED else name
