"""Whether what was written as a value of one enum reads the same as one of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.evolution.constraints import is_taken
from restate_proto.evolution.difference import Difference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor_pb2 import EnumDescriptorProto, EnumValueDescriptorProto

    from restate_proto.evolution.version import ContractVersion, FoundEnum

__all__ = ["enum_differences"]

_ENUM_VALUE = 2  # a field number of EnumDescriptorProto, for source paths


def enum_differences(
    old: ContractVersion,
    new: ContractVersion,
    before: FoundEnum,
    after: FoundEnum,
    *,
    is_json: bool,
) -> Iterator[Difference]:
    """Finds the values that do not read the same.

    Args:
        old: the old contract.
        new: the new one.
        before: an enum of the old contract.
        after: the enum of the new one that reads its values.
        is_json: whether in ProtoJSON, else in binary.
    """

    def difference(
        text: str, remedy: str, index: int | None = None, now: int | None = None
    ) -> Difference:
        was = () if index is None else (_ENUM_VALUE, index)
        is_ = () if now is None else (_ENUM_VALUE, now)
        return Difference(
            text,
            remedy,
            old.location(before.file, (*before.path, *was)),
            new.location(after.file, (*after.path, *is_)),
        )

    is_other = before.full_name != after.full_name
    for index, value in enumerate(before.proto.value):
        title = f'value {value.number} "{value.name}" of {before.full_name}'
        if is_json:
            found = _json_change(value, before.proto, after.proto)
        else:
            found = _binary_change(value, after.proto, is_other=is_other)
        if found is not None:
            text, remedy = found
            suffix = f" in {after.full_name}" if is_other else ""
            yield difference(f"{title} {text}{suffix}", remedy, index)
    what = "name" if is_json else "number"
    for index, value in enumerate(after.proto.value):
        if is_taken(
            has_number=_has_reserved(value.number, before.proto),
            has_name=value.name in before.proto.reserved_name,
            is_json=is_json,
        ):
            title = f'value {value.number} "{value.name}" of {after.full_name}'
            text = f"{title} has a {what} that was reserved"
            yield difference(text, f"give it a {what} that no value has had", now=index)


def _json_change(
    value: EnumValueDescriptorProto, before: EnumDescriptorProto, after: EnumDescriptorProto
) -> tuple[str, str] | None:
    """Returns what has become of a value in ProtoJSON, where it is its name, and the remedy."""
    number = next((each.number for each in after.value if each.name == value.name), None)
    if number is None:
        return _gone(value, after)
    written = _names(number, after)[0]
    if any(each.name == written for each in before.value):
        return None
    return (
        f'is written as "{written}" in ProtoJSON now',
        f"put {written} after {value.name}: of one number, the first name is written",
    )


def _binary_change(
    value: EnumValueDescriptorProto, after: EnumDescriptorProto, *, is_other: bool
) -> tuple[str, str] | None:
    """Returns the same in binary, where it is its number."""
    names = _names(value.number, after)
    if value.name in names:
        return None
    # In the same enum it may have another name, unless its own has moved to another number.
    if names and not is_other and all(each.name != value.name for each in after.value):
        return None
    return _gone(value, after)


def _gone(value: EnumValueDescriptorProto, after: EnumDescriptorProto) -> tuple[str, str] | None:
    if value.name in after.reserved_name or _has_reserved(value.number, after):
        return None
    names = _names(value.number, after)
    if names:
        return f'is "{names[0]}"', "keep the value and its name"
    return (
        "is gone, not reserved",
        f"keep it, with [deprecated = true]; or reserve it: reserved {value.number};",
    )


def _names(number: int, enum: EnumDescriptorProto) -> list[str]:
    return [value.name for value in enum.value if value.number == number]


def _has_reserved(number: int, enum: EnumDescriptorProto) -> bool:
    return any(r.start <= number <= r.end for r in enum.reserved_range)
