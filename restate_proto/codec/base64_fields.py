"""Refuse invalid base64 in the JSON of bytes fields.

`json_format` skips characters outside of the alphabet, which would turn a mistake into other bytes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from google.protobuf.descriptor import FieldDescriptor

from restate_proto.codec.contents import ANY, contents_of
from restate_proto.codec.json_forms import WELL_KNOWN
from restate_proto.protobuf import is_repeated, map_entry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor import Descriptor
    from google.protobuf.descriptor_pool import DescriptorPool

__all__ = ["Base64Fields"]

_BYTES = FieldDescriptor.TYPE_BYTES
_BYTES_VALUE = "google.protobuf.BytesValue"
_ALPHABET = re.compile(r"[A-Za-z0-9+/_-]*")  # the standard one and the URL-safe one


class Base64Fields:
    """The bytes fields in the messages of a type, including nested ones.

    Args:
        descriptor: the type.
        pool: the pool with the types of `Any` messages and with extensions.
    """

    __slots__ = ("_descriptor", "_fields", "_pool")

    def __init__(self, descriptor: Descriptor, pool: DescriptorPool) -> None:
        self._descriptor = descriptor
        self._pool = pool
        # For each type, the fields that are or can contain bytes, by both of their JSON names.
        self._fields: dict[str, dict[str, FieldDescriptor]] = {}

    def check(self, value: Any) -> None:
        """Check the JSON of a message that `json_format` has read.

        Args:
            value: the JSON, parsed.

        Raises:
            ValueError: a field of bytes does not have valid base64; the text says which.
        """
        self._message(value, self._descriptor, "")

    def _message(self, value: Any, descriptor: Descriptor, path: str) -> None:
        name = descriptor.full_name
        if name == _BYTES_VALUE:
            _check(value, path)
        elif not isinstance(value, dict):
            return
        elif name == ANY:
            self._any(cast("dict[str, Any]", value), path)
        else:
            for key, field in self._fields_of(descriptor).items():
                if key in value:
                    self._field(value[key], field, f"{path}.{key}" if path else key)
            if descriptor.is_extendable:
                for key, field in self._extensions(cast("dict[str, Any]", value)):
                    self._field(value[key], field, f"{path}.{key}" if path else key)

    def _any(self, value: dict[str, Any], path: str) -> None:
        url = value.get("@type")
        if url is None:
            return
        descriptor = self._pool.FindMessageTypeByName(url.rpartition("/")[2])
        if descriptor.full_name in WELL_KNOWN:
            self._message(value.get("value"), descriptor, f"{path}.value" if path else "value")
        else:
            self._message(value, descriptor, path)

    def _field(self, value: Any, field: FieldDescriptor, path: str) -> None:
        if value is None:
            return  # `null` means that the field is unset
        entry = map_entry(field)
        if entry is not None:
            inner = entry.fields_by_name["value"]
            for key, each in value.items():
                self._value(each, inner, f"{path}[{key!r}]")
        elif is_repeated(field):
            for index, each in enumerate(value):
                self._value(each, field, f"{path}[{index}]")
        else:
            self._value(value, field, path)

    def _value(self, value: Any, field: FieldDescriptor, path: str) -> None:
        if field.message_type is not None:
            self._message(value, field.message_type, path)
        elif field.type == _BYTES:
            _check(value, path)

    def _fields_of(self, descriptor: Descriptor) -> dict[str, FieldDescriptor]:
        found = self._fields.get(descriptor.full_name)
        if found is None:
            found = {
                name: field
                for field in descriptor.fields
                if _can_hold_bytes(field)
                for name in (field.json_name, field.name)
            }
            self._fields[descriptor.full_name] = found
        return found

    def _extensions(self, value: dict[str, Any]) -> Iterator[tuple[str, FieldDescriptor]]:
        for key in value:
            if key.startswith("["):
                try:
                    yield key, self._pool.FindExtensionByName(key[1:-1])
                except KeyError:
                    continue


def _can_hold_bytes(field: FieldDescriptor) -> bool:
    if field.message_type is None:
        return field.type == _BYTES
    return contents_of(field.message_type).bytes


def _check(value: Any, path: str) -> None:
    if not isinstance(value, str):
        return  # null leaves the field unset
    body = value.rstrip("=")
    over = len(body) % 4
    padding = len(value) - len(body)
    if over == 1 or padding not in (0, -len(body) % 4) or not _ALPHABET.fullmatch(body):
        where = f"{path}: " if path else ""
        raise ValueError(f"{where}expected base64, got {value!r:.100}")
