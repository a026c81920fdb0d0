"""Calls of handlers as values, for tests of their outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from google.protobuf.empty_pb2 import Empty

from restate_proto import Encoding, Target
from restate_proto.codec.registry import codec_for
from restate_proto.ingress.handler_call import HandlerCall
from restate_proto.ingress.message_format import MessageFormat

if TYPE_CHECKING:
    from restate_proto.model.options import SendOptions

__all__ = ["call_of"]


def call_of(
    target: Target,
    message: Any = None,
    *,
    answer: Encoding = Encoding.PROTOBUF,
    runs_once: bool = False,
    **options: Unpack[SendOptions],
) -> HandlerCall[Any, Any]:
    """A call of a handler with a message in binary; by default an empty one.

    Args:
        target: the handler.
        message: the message.
        answer: the encoding of the response that is wanted.
        runs_once: as in `HandlerCall`.
        **options: the caller's options.
    """
    message = Empty() if message is None else message
    return HandlerCall(
        target,
        message,
        MessageFormat(codec_for(message.__class__), Encoding.PROTOBUF),
        MessageFormat(codec_for(Empty), answer),
        options,
        runs_once,
    )
