"""The codec of the message classes of betterproto2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from betterproto2.casing import pascal_case

from restate_proto.codec.dataclass_fields import FieldCopier
from restate_proto.codec.library_descriptors import find_descriptor
from restate_proto.codec.twins import TwinCodec, require

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.descriptor import Descriptor

__all__ = ["betterproto2_codec"]

M = TypeVar("M")

require("betterproto2", "0.10")


class _Betterproto2:
    """What betterproto2 does in its own way, for `TwinCodec` and `FieldCopier`."""

    unset = None

    def descriptor(self, class_: Any) -> Descriptor | None:
        found = find_descriptor(class_, lambda names: pascal_case("_".join(names)))
        # Present if the compiler was called with `google_protobuf_descriptors`.
        return found or getattr(class_, "DESCRIPTOR", None)

    def copier(self, class_: type, descriptor: Descriptor) -> FieldCopier:
        return FieldCopier(self, class_, descriptor)

    def serialize(self, message: Any) -> bytes:
        return bytes(message)

    def parse(self, class_: Any, data: bytes) -> Any:
        return class_.parse(data)

    def is_set(self, message: Any) -> bool:
        return True  # a field without a message has None

    def enum(self, class_: Any, number: int) -> object:
        return class_(number)

    def maker(self, class_: Any) -> Callable[[dict[str, Any], bytes], Any]:
        def make(attributes: dict[str, Any], unknown: bytes) -> Any:
            message = class_()
            object.__getattribute__(message, "__dict__").update(attributes, _unknown_fields=unknown)
            return message

        return make


_library = _Betterproto2()


def betterproto2_codec(message_class: type[M]) -> TwinCodec[M]:
    """Return a codec of a generated class."""
    return TwinCodec(_library, message_class)
