"""Compare the constraints of messages on their fields: oneofs, required, reserved."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from restate_proto.protobuf import is_required

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from google.protobuf.descriptor import Descriptor, FieldDescriptor
    from google.protobuf.descriptor_pb2 import DescriptorProto

__all__ = ["Change", "constraint_changes", "has_reserved_number", "is_taken"]


class Change(NamedTuple):
    """A change after which old and new code read a message differently.

    Args:
        subject: the field or fields that changed.
        text: what happened to them.
        remedy: what to do instead.
        before: the field in the old message, if it has it.
        now: the field in the new message, if it has it.
    """

    subject: str
    text: str
    remedy: str
    before: FieldDescriptor | None
    now: FieldDescriptor | None


def constraint_changes(
    before: Descriptor,
    after: Descriptor,
    reserved: DescriptorProto,
    same: Mapping[int, FieldDescriptor],
    *,
    is_json: bool,
) -> Iterator[Change]:
    """Find combinations of fields that only one of two messages allows.

    Args:
        before: the old message.
        after: the new one.
        reserved: the old message, with its reserved names and numbers.
        same: the new fields that read the values of old ones, by the numbers of the old ones.
        is_json: whether payloads are in ProtoJSON; else they are in binary.
    """
    known = {field.number for field in same.values()}
    added = [field for field in after.fields if field.number not in known]
    yield from _required(before, added, same)
    yield from _oneofs(before, same)
    what = "name" if is_json else "number"
    for field in added:
        if is_taken(
            has_number=has_reserved_number(reserved, field.number),
            has_name=not {field.name, field.json_name}.isdisjoint(reserved.reserved_name),
            is_json=is_json,
        ):
            text = f"has a {what} that was reserved"
            remedy = f"give it a {what} that no field has had"
            yield Change(_title(field), text, remedy, None, field)


def is_taken(*, has_number: bool, has_name: bool, is_json: bool) -> bool:
    """Tell whether a new field or value reads data of a reserved one.

    Args:
        has_number: whether its number was reserved.
        has_name: whether its name was reserved.
        is_json: whether payloads are in ProtoJSON, where names count; else they are in binary.
    """
    # If both were reserved, the old field or value was restored.
    return has_name and not has_number if is_json else has_number and not has_name


def has_reserved_number(message: DescriptorProto, number: int) -> bool:
    """Tell whether a message reserves the number of a field."""
    return any(r.start <= number < r.end for r in message.reserved_range)


def _required(
    before: Descriptor, added: list[FieldDescriptor], same: Mapping[int, FieldDescriptor]
) -> Iterator[Change]:
    for field in before.fields:
        now = same.get(field.number)
        is_required_now = now is not None and is_required(now)
        if is_required(field) == is_required_now:
            continue
        text = "is required now" if is_required_now else "was required and is not"
        yield Change(_title(field), text, "leave its label", field, now)
    for field in added:
        if is_required(field):
            yield Change(_title(field), "is new and required", "make it optional", None, field)


def _oneofs(before: Descriptor, same: Mapping[int, FieldDescriptor]) -> Iterator[Change]:
    """Find fields that only one of the messages allows to be set together."""
    fields = before.fields_by_number
    was = {number: _oneof(fields[number]) for number in same}
    now = {number: _oneof(field) for number, field in same.items()}
    for ours, others, text in (
        (now, was, "can no longer be set at once"),
        (was, now, "could not be set at once, and can"),
    ):
        for oneof in dict.fromkeys(filter(None, ours.values())):
            numbers = [number for number in same if ours[number] == oneof]
            # A field outside of any oneof forms a group of its own.
            if len({others[number] or str(number) for number in numbers}) > 1:
                names = ", ".join(f'"{fields[number].name}"' for number in numbers)
                yield Change(
                    f"fields {names}",
                    f"{text} (oneof {oneof})",
                    "leave them where they are, and add new fields for the other way",
                    fields[numbers[0]],
                    same[numbers[0]],
                )


def _oneof(field: FieldDescriptor) -> str | None:
    """Return the name of a field's oneof, unless the field is alone in it, as with `optional`."""
    oneof = field.containing_oneof
    return oneof.name if oneof is not None and len(oneof.fields) > 1 else None


def _title(field: FieldDescriptor) -> str:
    return f'field {field.number} "{field.name}"'
