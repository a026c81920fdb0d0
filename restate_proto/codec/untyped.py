"""Show payloads of unknown types as JSON, for people who look at a journal."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

from restate_proto.codec import strict_json

__all__ = ["untyped_json"]

_BYTES, _GROUP = 2, 3
_MAX_DEPTH = 20


def untyped_json(data: bytes) -> bytes:
    """Show as much of a payload as can be seen without its type.

    JSON stays as it is, and other text becomes a JSON string. Protobuf binary becomes an object of
    its fields by number, such as `{"1": "A1", "3": {"1": 60}}`; a repeated field is a list.
    Anything else becomes a string of base64.

    Args:
        data: the payload.
    """
    try:
        strict_json.loads(data)
    except strict_json.JsonError:
        return strict_json.dumps(_show_bytes(data, _MAX_DEPTH))
    return data


def _show_bytes(data: bytes, depth: int) -> Any:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = None
    if text is not None and text.isprintable():
        return text
    try:
        message = Empty.FromString(data) if depth else None
    except (DecodeError, ValueError, RecursionError):
        message = None
    if message is not None:
        return _by_number(UnknownFieldSet(message), depth)
    return text if text is not None else b64encode(data).decode()


def _by_number(fields: Any, depth: int) -> dict[str, Any]:
    """Return the fields of a message, or of a group, by their numbers."""
    found: dict[str, list[Any]] = {}
    for field in fields:
        value = field.data
        if field.wire_type == _BYTES:
            value = _show_bytes(value, depth - 1)
        elif field.wire_type == _GROUP:
            value = _by_number(value, depth)
        found.setdefault(str(field.field_number), []).append(value)
    return {number: values[0] if len(values) == 1 else values for number, values in found.items()}
