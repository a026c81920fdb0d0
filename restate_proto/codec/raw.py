"""Raw requests and responses of handlers: bytes as they are, of a content type of the contract's."""

from __future__ import annotations

from restate_proto.codec.plain import BytesCodec

__all__ = ["RawCodec"]

_ANYTHING = "*/*"
_BYTES = "application/octet-stream"


class RawCodec(BytesCodec):
    """The codec of a raw request or response.

    Args:
        content_type: what the contract says; of a request it may be `image/*` or `*/*`.
    """

    __slots__ = ("content_type",)

    full_name = "google.protobuf.BytesValue"
    json_is_object = True  # both encodings are the same bytes: nothing to look for in them

    def __init__(self, content_type: str) -> None:
        self.content_type = content_type

    def __repr__(self) -> str:
        return f"RawCodec({self.content_type!r})"

    @property
    def sent_as(self) -> str | None:
        """The content type that a client gives the bytes; None where its caller has to say."""
        if self.content_type == _ANYTHING:
            return _BYTES
        return None if self.content_type.endswith("/*") else self.content_type
