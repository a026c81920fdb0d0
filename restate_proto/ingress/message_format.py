"""Write messages into requests to the ingress, and read them from answers."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

from restate_proto.codec.payload import APPLICATION_JSON, content_type_of, encode, read
from restate_proto.codec.plain import BytesCodec, PlainCodec
from restate_proto.codec.raw import RawCodec
from restate_proto.model.codec import Codec
from restate_proto.model.kinds import Encoding

__all__ = ["MessageFormat", "Payload"]

M = TypeVar("M")


class Payload(NamedTuple):
    """The bytes of a message and their content type, which is None if there are no bytes."""

    data: bytes
    content_type: str | None


class MessageFormat(NamedTuple, Generic[M]):
    """Writes and reads the messages of one type.

    Args:
        codec: the codec of the type.
        encoding: the contract's encoding.
    """

    codec: Codec[M]
    encoding: Encoding

    @property
    def content_type(self) -> str:
        """The content type of the messages."""
        if isinstance(self.codec, PlainCodec):
            return APPLICATION_JSON
        if isinstance(self.codec, RawCodec):
            return self.codec.sent_as or self.codec.content_type
        if isinstance(self.codec, BytesCodec):
            return "application/octet-stream"
        return content_type_of(self.encoding)

    def write(self, message: M) -> Payload:
        """Write a message.

        Raises:
            TypeError: the object is not of the codec's type.
            CodecError: the message cannot be written in this encoding.
        """
        data = encode(self.codec, message, self.encoding)
        # The ingress refuses an empty body with a content type if the handler has a JSON Schema.
        return Payload(data, self.content_type if data else None)

    def read(self, data: bytes) -> M:
        """Read the answer of a handler.

        The response's content type is ignored: Restate takes it from the handler's registration,
        whatever the handler wrote.

        Raises:
            CodecError: the bytes are not such a message.
        """
        return read(self.codec, data, self.encoding)[0]
