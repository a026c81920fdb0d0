"""The codec of raw requests and responses: unchanged bytes, with the contract's content type."""

from __future__ import annotations

from restate_proto.codec.plain import BytesCodec

__all__ = ["RawCodec"]

_ANYTHING = "*/*"
_BYTES = "application/octet-stream"


class RawCodec(BytesCodec):
    """The codec of a raw request or response.

    Args:
        content_type: the content type in the contract; for a request it may be `image/*` or `*/*`.
    """

    __slots__ = ("content_type",)

    full_name = "google.protobuf.BytesValue"
    json_is_object = True  # both encodings are the same, so the bytes need not be looked at

    def __init__(self, content_type: str) -> None:
        self.content_type = content_type

    def __repr__(self) -> str:
        return f"RawCodec({self.content_type!r})"

    @property
    def sent_as(self) -> str | None:
        """The content type that a client sends with the bytes; None if its caller gives one."""
        if self.content_type == _ANYTHING:
            return _BYTES
        return None if self.content_type.endswith("/*") else self.content_type
