"""Keeps `google.protobuf.Any` deterministic.

`json_format` reads the message in an `Any` and serializes it in whatever order its map entries
have in memory, which differs from process to process. A handler that passes such a message on
would not repeat itself on replay, so what was read is serialized once more, in order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf import message_factory

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor
    from google.protobuf.descriptor_pool import DescriptorPool
    from google.protobuf.message import Message

__all__ = ["holds_any", "put_in_order"]

_ANY = "google.protobuf.Any"


def holds_any(descriptor: Descriptor) -> bool:
    """Whether a message of this type is an `Any`, or can have one somewhere inside."""
    seen: set[str] = set()
    waiting = [descriptor]
    while waiting:
        current = waiting.pop()
        if current.full_name == _ANY:
            return True
        if current.full_name not in seen:
            seen.add(current.full_name)
            waiting.extend(f.message_type for f in current.fields if f.message_type is not None)
    return False


def put_in_order(message: Message, pool: DescriptorPool) -> None:
    """Serialize what is in each `Any` of a message again, with sorted map entries.

    Args:
        message: a message that `json_format` has read, so that each type in it is known.
        pool: where it is known.
    """
    # Any: the fields of a message that is known at run time only.
    dynamic: Any = message
    if dynamic.DESCRIPTOR.full_name == _ANY:
        if dynamic.type_url:
            inner = _content(dynamic, pool)
            put_in_order(inner, pool)
            dynamic.value = inner.SerializeToString(deterministic=True)
        return
    for field, value in dynamic.ListFields():
        if field.message_type is None:
            continue
        if hasattr(value, "DESCRIPTOR"):
            put_in_order(value, pool)
        elif not field.message_type.GetOptions().map_entry:
            for element in value:
                put_in_order(element, pool)
        elif field.message_type.fields_by_name["value"].message_type is not None:
            for key in value:
                put_in_order(value[key], pool)


def _content(message: Any, pool: DescriptorPool) -> Message:
    name = message.type_url.rpartition("/")[2]
    descriptor = pool.FindMessageTypeByName(name)
    return message_factory.GetMessageClass(descriptor).FromString(message.value)
