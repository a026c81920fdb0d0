"""Walk nested messages: find the innermost faulty one, and sort the maps inside of `Any`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf import message_factory

from restate_proto.codec.contents import ANY
from restate_proto.protobuf import is_repeated, map_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from google.protobuf.descriptor_pool import DescriptorPool
    from google.protobuf.message import Message

__all__ = ["find_innermost", "put_anys_in_order", "submessages"]


def _content_of_any(message: Any, pool: DescriptorPool) -> Message:
    """Unpack an `Any` that has a type.

    Args:
        message: the `Any`.
        pool: has its type.

    Raises:
        KeyError: the type is unknown.
        DecodeError: the content is not a message of the type.
    """
    descriptor = pool.FindMessageTypeByName(message.type_url.rpartition("/")[2])
    return message_factory.GetMessageClass(descriptor).FromString(message.value)


# Typed as Any, because the fields of the message are only known at run time.
def submessages(message: Any, pool: DescriptorPool) -> Iterator[tuple[str, Message]]:
    """Yield the messages that a message directly contains.

    Args:
        message: the message.
        pool: has the types of `Any`s; an `Any` of an unknown type counts as empty.

    Yields:
        The name of the field, with the index or key in a repeated field or map, and the message.
    """
    if message.DESCRIPTOR.full_name == ANY:
        try:
            yield "value", _content_of_any(message, pool)
        except Exception:  # noqa: BLE001 - the content may be anything
            return
        return
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if not is_repeated(field):
            yield field.name, value
        elif map_entry(field) is None:
            for index, element in enumerate(value):
                yield f"{field.name}[{index}]", element
        elif field.message_type.fields_by_name["value"].message_type is not None:
            for key in sorted(value):
                yield f"{field.name}[{key!r}]", value[key]


def find_innermost(
    message: Message, pool: DescriptorPool, reason_of: Callable[[Message], str | None]
) -> tuple[str, str] | None:
    """Find the innermost faulty message.

    Args:
        message: where to look.
        pool: see `submessages`.
        reason_of: says what is wrong with a message or anything inside of it, or returns None.

    Returns:
        The path of that message, empty for the outermost, and the reason; None if nothing is wrong.
    """
    reason = reason_of(message)
    if reason is None:
        return None
    path: list[str] = []
    inner: Message | None = message
    while inner is not None:
        outer, inner = inner, None
        for name, candidate in submessages(outer, pool):
            found = reason_of(candidate)
            if found is not None:
                path.append(name)
                reason, inner = found, candidate
                break
    return ".".join(path), reason


# Typed as Any, like `submessages`.
def put_anys_in_order(message: Any, pool: DescriptorPool) -> None:
    """Serialize the content of each `Any` in a message again, with sorted map entries.

    `json_format` serializes the content of an `Any` with map entries in the order that they have in
    memory, which differs from process to process. A handler that passes such a message on would not
    write the same bytes in a replay.

    Args:
        message: a message that `json_format` has read, so that each type in it is known.
        pool: has these types.
    """
    if message.DESCRIPTOR.full_name == ANY:
        if message.type_url:
            inner = _content_of_any(message, pool)
            put_anys_in_order(inner, pool)
            message.value = inner.SerializeToString(deterministic=True)
        return
    for _, inner in submessages(message, pool):
        put_anys_in_order(inner, pool)
