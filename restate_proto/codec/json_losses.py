"""Find what a message would lose as ProtoJSON: parts that cannot be written, or not read again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf import json_format

from restate_proto.codec.contents import ANY, FIELD_MASK
from restate_proto.codec.submessages import find_innermost, submessages

if TYPE_CHECKING:
    from google.protobuf.descriptor_pool import DescriptorPool
    from google.protobuf.message import Message

__all__ = ["find_lost", "find_unwritable", "missing_fields"]


def find_unwritable(message: Message, pool: DescriptorPool) -> tuple[str, str] | None:
    """Find the message that `json_format` cannot write.

    Args:
        message: where to look.
        pool: where the types in an `Any` are known.

    Returns:
        Its path, empty for the message itself, and the reason; None if the message is only too
        deep.
    """

    def reason_of(inner: Message) -> str | None:
        try:
            json_format.MessageToDict(inner, descriptor_pool=pool)
        except RecursionError:
            return None
        except Exception as error:  # noqa: BLE001 - whatever json_format raises
            return str(error) or type(error).__name__
        return None

    return find_innermost(message, pool, reason_of)


def find_lost(message: Message, pool: DescriptorPool) -> tuple[str, str] | None:
    """Find a part of a message that would be read back as something else, or not at all.

    Args:
        message: where to look.
        pool: where the types in an `Any` are known.

    Returns:
        The path of the message, empty for the message itself, and the reason.
    """

    def reason_of(inner: Message) -> str | None:
        reason = _loss(inner)
        if reason is not None:
            return reason
        return next(filter(None, (reason_of(each) for _, each in submessages(inner, pool))), None)

    def _loss(inner: Any) -> str | None:
        name = inner.DESCRIPTOR.full_name
        if name == FIELD_MASK:
            return _lost_paths(inner)
        if name == ANY:
            for _, content in submessages(inner, pool):
                return missing_fields(content)
        return None

    return find_innermost(message, pool, reason_of)


def _lost_paths(mask: Any) -> str | None:
    again = type(mask)()
    again.FromJsonString(mask.ToJsonString())
    if again.paths == mask.paths:
        return None
    return f"the paths {list(mask.paths)!r:.200} would be read again as {list(again.paths)!r:.200}"


def missing_fields(message: Any) -> str | None:
    """List the required fields that a message lacks, as a sentence; None if it lacks none."""
    if message.IsInitialized():
        return None
    return f"missing required fields: {', '.join(message.FindInitializationErrors())}"
