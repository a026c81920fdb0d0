"""Walks nested messages: finds the innermost faulty one, and writes each `Any` again with its maps sorted."""

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
    """The message in an `Any` that has a type.

    Args:
        message: the `Any`.
        pool: where its type is known.

    Raises:
        KeyError: the type is not known.
        DecodeError: the content is no message of the type.
    """
    descriptor = pool.FindMessageTypeByName(message.type_url.rpartition("/")[2])
    return message_factory.GetMessageClass(descriptor).FromString(message.value)


# Any: the fields of a message that is known at run time only.
def submessages(message: Any, pool: DescriptorPool) -> Iterator[tuple[str, Message]]:
    """The messages that stand directly in a message.

    Args:
        message: the message.
        pool: where the type in an `Any` is known; in one of an unknown type there is nothing.

    Yields:
        The name of the field, with the index or key of what is repeated, and the message in it.
    """
    if message.DESCRIPTOR.full_name == ANY:
        try:
            yield "value", _content_of_any(message, pool)
        except Exception:  # noqa: BLE001 - whatever its content is instead
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
    """Find the innermost message that something is wrong with.

    Args:
        message: where to look.
        pool: as for `submessages`.
        reason_of: what is wrong with a message or anything inside of it; None where nothing is.

    Returns:
        The path of that message, empty for the outermost, and the reason; None where nothing is
        wrong.
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


# Any: as above.
def put_anys_in_order(message: Any, pool: DescriptorPool) -> None:
    """Serialize what is in each `Any` of a message again, with sorted map entries.

    `json_format` reads the message in an `Any` and serializes it in whatever order its map entries
    have in memory, which differs from process to process. A handler that passes such a message on
    would not repeat itself on replay.

    Args:
        message: a message that `json_format` has read, so that each type in it is known.
        pool: where it is known.
    """
    if message.DESCRIPTOR.full_name == ANY:
        if message.type_url:
            inner = _content_of_any(message, pool)
            put_anys_in_order(inner, pool)
            message.value = inner.SerializeToString(deterministic=True)
        return
    for _, inner in submessages(message, pool):
        put_anys_in_order(inner, pool)
