"""What descriptors say of fields, for every protobuf release that is supported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor

__all__ = ["is_repeated", "is_required", "map_entry"]


# Any: the stubs know the newest protobuf, where `label` (the only way up to 5) is gone.
def is_repeated(field: Any) -> bool:
    """Whether a field is repeated, or a map."""
    repeated = getattr(field, "is_repeated", None)
    return field.label == field.LABEL_REPEATED if repeated is None else repeated


def is_required(field: Any) -> bool:
    """Whether a field has to be there, as proto2 has it."""
    required = getattr(field, "is_required", None)
    return field.label == field.LABEL_REQUIRED if required is None else required


def map_entry(field: Any) -> Descriptor | None:
    """The message that an entry of a map is, with its fields `key` and `value`; else None."""
    entry = field.message_type
    return entry if entry is not None and entry.GetOptions().map_entry else None
