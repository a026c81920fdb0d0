"""The codec of handlers without a request or response: `google.protobuf.Empty` as None.

The bytes are those of an `Empty` in any message library. Generated code uses this codec for
requests and responses only: state, promises and signals of that type hold a message.
"""

from __future__ import annotations

from types import NoneType
from typing import TYPE_CHECKING, Final

from google.protobuf.empty_pb2 import Empty

from restate_proto.codec.google import google_codec

if TYPE_CHECKING:
    from restate_proto.model.codec import Codec, JsonSchema

__all__ = ["NOTHING"]

_EMPTY = google_codec(Empty)


class _NothingCodec:
    __slots__ = ()

    type = NoneType
    full_name = _EMPTY.full_name
    is_empty = True
    json_is_object = True
    brace_begins_binary = False

    def __repr__(self) -> str:
        return f"NOTHING ({self.full_name})"

    def to_binary(self, message: None, /) -> bytes:
        """Return zero bytes; raise `TypeError` for anything but None."""
        self._check(message)
        return b""

    def from_binary(self, data: bytes, /) -> None:
        """Read an `Empty`; raise `CodecError` for other bytes."""
        if data:
            _EMPTY.from_binary(data)

    def to_json(self, message: None, /) -> bytes:
        """Return an object without fields; raise `TypeError` for anything but None."""
        self._check(message)
        return b"{}"

    def from_json(self, data: bytes, /) -> None:
        """Read an `Empty`; raise `CodecError` for other text."""
        _EMPTY.from_json(data)

    def json_schema(self) -> JsonSchema | None:
        """Return the JSON Schema of `Empty`."""
        return _EMPTY.json_schema()

    def _check(self, message: object) -> None:
        if message is not None:
            raise TypeError(
                f"expected None, which stands for {self.full_name}, got "
                f"{type(message).__qualname__}: {message!r:.200}"
            )


NOTHING: Final[Codec[None]] = _NothingCodec()
"""The codec of requests and responses of the type `google.protobuf.Empty`."""
