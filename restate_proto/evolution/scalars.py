"""Tell whether values of one scalar type can be read as another, for all pairs and both encodings.

protobuf does not document this in one place; tests/evolution/test_scalars.py tries every pair with
protobuf itself.
"""

from __future__ import annotations

from enum import Enum

__all__ = ["CLOSED_ENUM", "OPEN_ENUM", "Reading", "scalar_reading"]


class Reading(Enum):
    """What becomes of a field's values if old and new code have different types for them."""

    SAME = "the same"
    """Each side reads everything that the other writes."""
    WIDER = "wider"
    """New code reads all that old code writes; old code misreads what does not fit its type."""
    ANOTHER = "another"
    """New code misreads or refuses what old code has written."""


OPEN_ENUM = "open enum"
CLOSED_ENUM = "closed enum"

_JSON_INT32 = ("int32", "sint32", "sfixed32")
_JSON_UINT32 = ("uint32", "fixed32")
_JSON_INT64 = ("int64", "sint64", "sfixed64")
_JSON_UINT64 = ("uint64", "fixed64")

# ProtoJSON does not show how a value would look in binary, so these types are equal there. Enums are
# missing here, because ProtoJSON writes their values as names.
_SAME_IN_JSON = (_JSON_INT32, _JSON_UINT32, _JSON_INT64, _JSON_UINT64)
_SAME_IN_BINARY = (("int32", OPEN_ENUM),)

# The types that read all values of another one.
_WIDER_IN_JSON: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(_JSON_INT32, (*_JSON_INT64, "double")),
    **dict.fromkeys(_JSON_UINT32, (*_JSON_INT64, *_JSON_UINT64, "double")),
    "float": ("double",),
}
_WIDER_IN_BINARY: dict[str, tuple[str, ...]] = {
    "bool": ("int32", "int64", "uint32", "uint64", OPEN_ENUM),
    "int32": ("int64",),
    "uint32": ("int64", "uint64"),
    "sint32": ("sint64",),
    "string": ("bytes",),
    OPEN_ENUM: ("int64",),
    CLOSED_ENUM: ("int32", "int64"),
}


def scalar_reading(old: str, new: str, *, is_json: bool) -> Reading:
    """Return what becomes of the values of a field whose type changes.

    Args:
        old: the name of the old type, such as `int32`, or `OPEN_ENUM` or `CLOSED_ENUM`.
        new: the name of the new type.
        is_json: whether values are in ProtoJSON; otherwise they are in binary.
    """
    same = _SAME_IN_JSON if is_json else _SAME_IN_BINARY
    if old == new or any(old in group and new in group for group in same):
        return Reading.SAME
    wider = _WIDER_IN_JSON if is_json else _WIDER_IN_BINARY
    return Reading.WIDER if new in wider.get(old, ()) else Reading.ANOTHER
