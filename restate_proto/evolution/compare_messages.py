"""Compare messages: find fields that old and new code read differently in an encoding.

Both directions count, because old and new code run at the same time. Names of types are not part of
a payload, so a message may be renamed or moved. The checks are those of buf's categories WIRE (for
binary) and WIRE_JSON (for ProtoJSON), applied to two messages of any names, and only to what can
occur in a payload of the encoding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pb2 import FieldDescriptorProto

from restate_proto.codec.payload import NO_OBJECTS
from restate_proto.evolution.compare_enums import enum_differences
from restate_proto.evolution.constraints import constraint_changes, has_reserved_number
from restate_proto.evolution.findings import Difference
from restate_proto.evolution.scalars import (
    CLOSED_ENUM,
    OPEN_ENUM,
    Reading,
    scalar_reading,
)
from restate_proto.model.kinds import Encoding
from restate_proto.protobuf import is_repeated, map_entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from google.protobuf.descriptor import Descriptor

    from restate_proto.evolution.version import ContractVersion

__all__ = ["PayloadComparison"]

_WELL_KNOWN = "google.protobuf."
_JSON_OF_ITS_OWN = {*NO_OBJECTS, f"{_WELL_KNOWN}Any", f"{_WELL_KNOWN}Struct"}
_DELIMITED = FieldDescriptor.TYPE_GROUP

_ANOTHER_FIELD = "leave the field, and add one with another number and name beside it"
_WIDER_FIELD = (
    "write only what fits {was} until no old code reads it; or leave the field, and add one with "
    "another number and name beside it"
)


class PayloadComparison:
    """Compares messages of two versions of a contract."""

    def __init__(self, old: ContractVersion, new: ContractVersion) -> None:
        self._old = old
        self._new = new
        self._known: dict[tuple[str, str, Encoding], tuple[Difference, ...]] = {}

    def differences(self, old: str, new: str, encoding: Encoding) -> tuple[Difference, ...]:
        """Return the differences of two messages and of everything that they contain.

        Args:
            old: the full name of a message of the old contract.
            new: the full name of one of the new contract.
            encoding: the encoding of its payloads.
        """
        key = (old, new, encoding)
        if key not in self._known:
            self._known[key] = tuple(self._compare_all(old, new, encoding))
        return self._known[key]

    def _compare_all(self, old: str, new: str, encoding: Encoding) -> Iterator[Difference]:
        """Yield the differences of two messages, and of all that they contain."""
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
    """Compares two messages without the messages in them, which it collects in `inner`."""

    def __init__(
        self,
        old: ContractVersion,
        new: ContractVersion,
        before: Descriptor,
        after: Descriptor,
        encoding: Encoding,
    ) -> None:
        self._old = old
        self._new = new
        self._before = before
        self._after = after
        self._is_json = encoding is Encoding.JSON
        self._is_other = before.full_name != after.full_name
        self.inner: list[tuple[str, str]] = []

    def differences(self) -> Iterator[Difference]:
        """Yield the differences."""
        before, after = self._before.full_name, self._after.full_name
        if not self._is_other and before.startswith(_WELL_KNOWN):
            return
        if self._is_json and self._is_other and {before, after} & _JSON_OF_ITS_OWN:
            yield self._difference(
                f"the ProtoJSON of {before} is not that of {after}", "keep the type"
            )
            return
        same: dict[int, FieldDescriptor] = {}
        for field in self._before.fields:
            now = self._reader(field)
            if now is not None:
                same[field.number] = now
            yield from self._removed(field) if now is None else self._changed(field, now)
        yield from self._constraints(same)

    def _constraints(self, same: Mapping[int, FieldDescriptor]) -> Iterator[Difference]:
        reserved = self._old.proto(self._before)
        for change in constraint_changes(
            self._before, self._after, reserved, same, is_json=self._is_json
        ):
            text = f"{change.subject} of {self._after.full_name} {change.text}"
            yield self._difference(text, change.remedy, change.before, change.now)

    def _reader(self, field: FieldDescriptor) -> FieldDescriptor | None:
        """Return the new field that reads the values of an old field."""
        if not self._is_json:
            return self._after.fields_by_number.get(field.number)
        # ProtoJSON is read by either name of a field.
        for name in ("json_name", "name"):
            for now in self._after.fields:
                if getattr(now, name) == field.json_name:
                    return now
        return None

    def _changed(self, field: FieldDescriptor, now: FieldDescriptor) -> Iterator[Difference]:
        """Yield the changes of a field whose values are still read."""
        title = self._title(field)
        is_renamed = self._is_json and now.json_name not in {field.json_name, field.name}
        if not self._is_json and self._is_another_field(field, now):
            text = f'{title} is "{now.name}" in {self._after.full_name}'
            remedy = "give the same things the same numbers and names"
            yield self._difference(text, remedy, field, now)
        elif is_renamed:
            yield self._renamed(title, field, now)
        elif (reading := self._reading(field, now)) is not Reading.SAME:
            suffix = f" in {self._after.full_name}" if self._is_other else ""
            was = _written_type(field)
            text = f"{title} was {was} and is {_written_type(now)}{suffix}"
            is_wider = reading is Reading.WIDER
            remedy = _WIDER_FIELD.format(was=was) if is_wider else _ANOTHER_FIELD
            yield self._difference(text, remedy, field, now, is_wider=is_wider)
        elif field.message_type is not None and now.message_type is not None:
            self.inner.append((field.message_type.full_name, now.message_type.full_name))
        elif field.enum_type is not None and now.enum_type is not None:
            yield from enum_differences(
                self._old, self._new, field.enum_type, now.enum_type, is_json=self._is_json
            )

    def _removed(self, field: FieldDescriptor) -> Iterator[Difference]:
        """Yield the change of a field whose values are not read any more, unless it is reserved."""
        reserved = self._new.proto(self._after)
        if has_reserved_number(reserved, field.number):
            return
        if self._is_json and field.name in reserved.reserved_name:
            return
        title = self._title(field)
        now = self._after.fields_by_number.get(field.number)
        if self._is_json and now is not None:
            yield self._renamed(title, field, now)
            return
        name = self._after.full_name
        text = f"{title} is not in {name}" if self._is_other else f"{title} is gone, not reserved"
        remedy = (
            "leave it, with [deprecated = true]; or, where what is in it may be lost, "
            f'reserve it: reserved {field.number}; reserved "{field.name}";'
        )
        yield self._difference(text, remedy, field)

    def _renamed(self, title: str, field: FieldDescriptor, now: FieldDescriptor) -> Difference:
        return self._difference(
            f'{title} was "{field.json_name}" in ProtoJSON and is "{now.json_name}"',
            f'keep its ProtoJSON name: [json_name = "{field.json_name}"]',
            field,
            now,
        )

    def _is_another_field(self, field: FieldDescriptor, now: FieldDescriptor) -> bool:
        """Tell whether a number got another meaning, judged by names, which binary lacks."""
        if now.name == field.name:
            return False
        # In the same message it is a renamed field, unless the old name or the new one moved to
        # another number.
        return (
            self._is_other
            or field.name in self._after.fields_by_name
            or now.name in self._before.fields_by_name
        )

    def _reading(self, field: FieldDescriptor, now: FieldDescriptor) -> Reading:
        """Return how the values of a field are read, apart from those of messages and enums."""
        if is_repeated(field) != is_repeated(now):
            return Reading.ANOTHER
        if self._is_json and (map_entry(field) is None) != (map_entry(now) is None):
            return Reading.ANOTHER
        if not self._is_json and (field.type == _DELIMITED) != (now.type == _DELIMITED):
            return Reading.ANOTHER
        are_messages = {field.message_type is not None, now.message_type is not None}
        if True in are_messages:
            return Reading.ANOTHER if False in are_messages else Reading.SAME
        if field.type == now.type:
            return Reading.SAME
        return scalar_reading(_scalar(field), _scalar(now), is_json=self._is_json)

    def _title(self, field: FieldDescriptor) -> str:
        return f'field {field.number} "{field.name}" of {self._before.full_name}'

    def _difference(
        self,
        text: str,
        remedy: str,
        field: FieldDescriptor | None = None,
        now: FieldDescriptor | None = None,
        *,
        is_wider: bool = False,
    ) -> Difference:
        before = self._old.location(self._before if field is None else field)
        place = self._new.location(self._after if now is None else now)
        return Difference(text, remedy, before, place, is_wider)


def _scalar(field: FieldDescriptor) -> str:
    if field.enum_type is None:
        return _type_name(field)
    return CLOSED_ENUM if field.enum_type.is_closed else OPEN_ENUM


def _type_name(field: FieldDescriptor) -> str:
    number: Any = field.type  # an int, which the stubs do not accept as an enum
    return FieldDescriptorProto.Type.Name(number).removeprefix("TYPE_").lower()


def _written_type(field: FieldDescriptor) -> str:
    """Write the type of a field as a contract does."""
    entry = map_entry(field)
    if entry is not None:
        key, value = map(_written_type, entry.fields)
        return f"map<{key}, {value}>"
    type_ = field.message_type or field.enum_type
    name = _type_name(field) if type_ is None else type_.full_name
    if field.type == _DELIMITED:
        name += " (delimited)"
    return f"repeated {name}" if is_repeated(field) else name
