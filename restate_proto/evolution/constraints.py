"""What a message says beside the names and types of its fields: oneofs, required, reserved."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from google.protobuf.descriptor_pb2 import FeatureSet
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from google.protobuf.descriptor_pb2 import DescriptorProto

__all__ = ["Change", "constraint_changes", "is_taken"]


class Change(NamedTuple):
    """Something that does not read the same.

    Args:
        subject: the field or fields that it is about.
        text: what has become of them.
        remedy: what to do instead.
        before: the index of the field in the old message, if it is there.
        now: that in the new one.
    """

    subject: str
    text: str
    remedy: str
    before: int | None
    now: int | None


def constraint_changes(
    before: DescriptorProto, after: DescriptorProto, same: Mapping[int, int], *, is_json: bool
) -> Iterator[Change]:
    """Finds what one of two messages allows and the other does not.

    Args:
        before: the old message.
        after: the new one.
        same: the indexes of old fields, each with that of the new field that reads its values.
        is_json: whether in ProtoJSON, else in binary.
    """
    yield from _required(before, after, same)
    yield from _oneofs(before, after, same)
    what = "name" if is_json else "number"
    for index, field in enumerate(after.field):
        if index not in same.values() and is_taken(
            has_number=any(r.start <= field.number < r.end for r in before.reserved_range),
            has_name=not {field.name, field.json_name}.isdisjoint(before.reserved_name),
            is_json=is_json,
        ):
            text = f"has a {what} that was reserved"
            remedy = f"give it a {what} that no field has had"
            yield Change(_title(field), text, remedy, None, index)


def is_taken(*, has_number: bool, has_name: bool, is_json: bool) -> bool:
    """Whether something new reads what something that is reserved has written.

    Args:
        has_number: whether it has a number that was reserved.
        has_name: whether it has a name that was.
        is_json: whether in ProtoJSON, where names count, else in binary.
    """
    # With both it is the old thing, which is there again.
    return has_name and not has_number if is_json else has_number and not has_name


def _required(
    before: DescriptorProto, after: DescriptorProto, same: Mapping[int, int]
) -> Iterator[Change]:
    for index, field in enumerate(before.field):
        now = same.get(index)
        is_required_now = now is not None and _is_required(after.field[now])
        if _is_required(field) == is_required_now:
            continue
        text = "is required now" if is_required_now else "was required and is not"
        yield Change(_title(field), text, "leave its label", index, now)
    for index, field in enumerate(after.field):
        if index not in same.values() and _is_required(field):
            yield Change(_title(field), "is new and required", "make it optional", None, index)


def _is_required(field: Field) -> bool:
    presence = field.options.features.field_presence  # editions say it here
    return field.label == Field.LABEL_REQUIRED or presence == FeatureSet.LEGACY_REQUIRED


def _oneofs(
    before: DescriptorProto, after: DescriptorProto, same: Mapping[int, int]
) -> Iterator[Change]:
    """Finds fields that can be set at once in one of the messages, and cannot in the other."""
    was = {index: _oneof(before, index) for index in same}
    now = {index: _oneof(after, same[index]) for index in same}
    for ours, others, text in (
        (now, was, "can be set at once no more"),
        (was, now, "could not be set at once, and can"),
    ):
        for oneof in dict.fromkeys(filter(None, ours.values())):
            fields = [index for index in same if ours[index] == oneof]
            # A field outside of all oneofs is alone.
            if len({others[index] or str(index) for index in fields}) > 1:
                names = ", ".join(f'"{before.field[index].name}"' for index in fields)
                yield Change(
                    f"fields {names}",
                    f"{text} (oneof {oneof})",
                    "leave them where they are, and add new fields for the other way",
                    fields[0],
                    same[fields[0]],
                )


def _oneof(message: DescriptorProto, index: int) -> str | None:
    field = message.field[index]
    # What `optional` stands for is a oneof in descriptors only.
    is_in_one = field.HasField("oneof_index") and not field.proto3_optional
    return message.oneof_decl[field.oneof_index].name if is_in_one else None


def _title(field: Field) -> str:
    return f'field {field.number} "{field.name}"'
