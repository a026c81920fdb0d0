"""Keeps `google.protobuf.Any` deterministic.

`json_format` reads the message in an `Any` and serializes it in whatever order its map entries
have in memory, which differs from process to process. A handler that passes such a message on
would not repeat itself on replay, so what was read is serialized once more, in order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from restate_proto.codec.contents import ANY
from restate_proto.codec.submessages import content_of_any, submessages

if TYPE_CHECKING:
    from google.protobuf.descriptor_pool import DescriptorPool
    from google.protobuf.message import Message

__all__ = ["put_in_order"]


def put_in_order(message: Message, pool: DescriptorPool) -> None:
    """Serialize what is in each `Any` of a message again, with sorted map entries.

    Args:
        message: a message that `json_format` has read, so that each type in it is known.
        pool: where it is known.
    """
    # Any: the fields of a message that is known at run time only.
    dynamic: Any = message
    if dynamic.DESCRIPTOR.full_name == ANY:
        if dynamic.type_url:
            inner = content_of_any(dynamic, pool)
            put_in_order(inner, pool)
            dynamic.value = inner.SerializeToString(deterministic=True)
        return
    for _, inner in submessages(message, pool):
        put_in_order(inner, pool)
