"""Messages as the ingress takes and gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from restate_proto.codec.payload import APPLICATION_JSON, content_type_of, encode
from restate_proto.codec.payload import read as read_payload
from restate_proto.codec.plain import BytesCodec, PlainCodec

if TYPE_CHECKING:
    from restate_proto.model.codec import Codec
    from restate_proto.model.kinds import Encoding

__all__ = ["Payload", "accepted_by", "read", "write"]

M = TypeVar("M")


class Payload(NamedTuple):
    """The bytes of a message and their content type; None where there are no bytes."""

    data: bytes
    content_type: str | None


def write(codec: Codec[M], message: M, encoding: Encoding) -> Payload:
    """Write a message in an encoding.

    Raises:
        TypeError: the object is not of the codec's type.
        CodecError: the message has no form in this encoding.
    """
    data = encode(codec, message, encoding)
    # The ingress refuses an empty body with a content type where the handler has a JSON Schema.
    return Payload(data, accepted_by(codec, encoding) if data else None)


def accepted_by(codec: Codec[M], encoding: Encoding) -> str:
    """The content type of a codec's payloads in an encoding."""
    if isinstance(codec, PlainCodec):
        return APPLICATION_JSON
    if isinstance(codec, BytesCodec):
        return "application/octet-stream"
    return content_type_of(encoding)


def read(codec: Codec[M], data: bytes, encoding: Encoding) -> M:
    """Read what a handler answered.

    The response's content type says nothing: Restate takes it from the handler's registration,
    whatever the handler wrote.

    Args:
        codec: the codec of the expected type.
        data: the response body.
        encoding: what was asked for.

    Raises:
        CodecError: the bytes are no such message.
    """
    return read_payload(codec, data, encoding)[0]
