"""Compare enums: find values of the old enum that the new one reads differently."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.evolution.constraints import is_taken
from restate_proto.evolution.findings import Difference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor import EnumDescriptor, EnumValueDescriptor
    from google.protobuf.descriptor_pb2 import EnumDescriptorProto

    from restate_proto.evolution.version import ContractVersion

__all__ = ["enum_differences"]


def enum_differences(
    old: ContractVersion,
    new: ContractVersion,
    before: EnumDescriptor,
    after: EnumDescriptor,
    *,
    is_json: bool,
) -> Iterator[Difference]:
    """Find the values that are read differently.

    Args:
        old: the old contract.
        new: the new one.
        before: an enum of the old contract.
        after: the enum of the new one that reads its values.
        is_json: whether the values are in ProtoJSON; else they are in binary.
    """
    is_other = before.full_name != after.full_name
    reserved_now: EnumDescriptorProto = new.proto(after)
    for value in before.values:
        if is_json:
            found = _json_change(value, before, after, reserved_now)
        else:
            found = _binary_change(value, after, reserved_now, is_other=is_other)
        if found is not None:
            text, remedy = found
            suffix = f" in {after.full_name}" if is_other else ""
            yield Difference(
                f"{_title(value, before)} {text}{suffix}",
                remedy,
                old.location(value),
                new.location(after),
            )
    reserved_before: EnumDescriptorProto = old.proto(before)
    what = "name" if is_json else "number"
    for value in after.values:
        if is_taken(
            has_number=_reserves(reserved_before, value.number),
            has_name=value.name in reserved_before.reserved_name,
            is_json=is_json,
        ):
            yield Difference(
                f"{_title(value, after)} has a {what} that was reserved",
                f"give it a {what} that no value has had",
                old.location(before),
                new.location(value),
            )


def _json_change(
    value: EnumValueDescriptor,
    before: EnumDescriptor,
    after: EnumDescriptor,
    reserved: EnumDescriptorProto,
) -> tuple[str, str] | None:
    """Return how a value changed in ProtoJSON, where it is a name, and what to do instead."""
    now = after.values_by_name.get(value.name)
    if now is None:
        return _removed(value, after, reserved)
    written = _names(now.number, after)[0]
    if written in before.values_by_name:
        return None
    return (
        f'is written as "{written}" in ProtoJSON now',
        f"put {written} after {value.name}: of several names for a number, the first is written",
    )


def _binary_change(
    value: EnumValueDescriptor,
    after: EnumDescriptor,
    reserved: EnumDescriptorProto,
    *,
    is_other: bool,
) -> tuple[str, str] | None:
    """Return how a value changed in binary, where it is a number, and what to do instead."""
    names = _names(value.number, after)
    if value.name in names:
        return None
    # In the same enum it may just be renamed, unless its name has moved to another number.
    if names and not is_other and value.name not in after.values_by_name:
        return None
    return _removed(value, after, reserved)


def _removed(
    value: EnumValueDescriptor, after: EnumDescriptor, reserved: EnumDescriptorProto
) -> tuple[str, str] | None:
    if value.name in reserved.reserved_name or _reserves(reserved, value.number):
        return None
    names = _names(value.number, after)
    if names:
        return f'is "{names[0]}"', "keep the value and its name"
    return (
        "is gone, not reserved",
        f"keep it, with [deprecated = true]; or reserve it: reserved {value.number};",
    )


def _names(number: int, enum: EnumDescriptor) -> list[str]:
    """Return the names of a number, the one that is written in ProtoJSON first."""
    return [value.name for value in enum.values if value.number == number]


def _reserves(enum: EnumDescriptorProto, number: int) -> bool:
    return any(r.start <= number <= r.end for r in enum.reserved_range)


def _title(value: EnumValueDescriptor, enum: EnumDescriptor) -> str:
    return f'value {value.number} "{value.name}" of {enum.full_name}'
