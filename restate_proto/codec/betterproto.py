"""The codec of the message classes of betterproto."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, TypeVar

import betterproto
from betterproto.casing import pascal_case

from restate_proto.codec.dataclass_fields import FieldCopier
from restate_proto.codec.library_descriptors import find_descriptor
from restate_proto.codec.twins import TwinCodec, require

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.descriptor import Descriptor

__all__ = ["betterproto_codec"]

M = TypeVar("M")

require("betterproto", "2.0.0b7")


class _Betterproto:
    """What betterproto does in its own way, for `TwinCodec` and `FieldCopier`."""

    unset = betterproto.PLACEHOLDER

    def descriptor(self, class_: type) -> Descriptor | None:
        return find_descriptor(class_, lambda names: pascal_case("_".join(names)))

    def copier(self, class_: type, descriptor: Descriptor) -> FieldCopier:
        return FieldCopier(self, class_, descriptor)

    def serialize(self, message: Any) -> bytes:
        return bytes(message)

    def parse(self, class_: Any, data: bytes) -> Any:
        return class_.FromString(data)

    def is_set(self, message: Any) -> bool:
        # A field may be set without an assignment: reading it creates a message, and lists are
        # changed in place.
        return betterproto.serialized_on_wire(message) or bool(message)

    def enum(self, class_: Any, number: int) -> object:
        return class_.try_value(number)

    def maker(self, class_: Any) -> Callable[[dict[str, Any], bytes], Any]:
        # Leaves the message as betterproto's own parser does. Using the constructor and attributes
        # would take ten times as long as everything else together.
        unset = {field.name: field.default for field in dataclasses.fields(class_)}
        groups: dict[str, str] = class_._betterproto.oneof_group_by_field  # noqa: SLF001

        def make(attributes: dict[str, Any], unknown: bytes) -> Any:
            message = object.__new__(class_)
            current: dict[str, str | None] = dict.fromkeys(groups.values())
            for attribute in attributes.keys() & groups.keys():
                current[groups[attribute]] = attribute
            object.__getattribute__(message, "__dict__").update(
                unset,
                _group_current=current,
                _serialized_on_wire=True,
                _unknown_fields=unknown,
                **attributes,
            )
            return message

        return make


_library = _Betterproto()


def betterproto_codec(message_class: type[M]) -> TwinCodec[M]:
    """Return a codec of a generated class."""
    return TwinCodec(_library, message_class)
