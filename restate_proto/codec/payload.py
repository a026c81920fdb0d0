"""Which encoding a payload is in, and both directions through it.

The rules, for a payload that comes from outside:

- A content type that names an encoding decides. Parameters do not matter
  (`application/json; charset=utf-8`), and a `+json` suffix is JSON.
- Without one, or with any other (`application/octet-stream`, a browser's form type), the first
  byte decides: `{` begins a JSON object and no binary message. (It would begin field 15 as a
  proto2 group; such a message needs a content type.)
- Else a message whose ProtoJSON is an object is binary. What is left looks alike and is what the
  contract says: the types whose ProtoJSON is no object (`Timestamp`, `Duration`, `FieldMask`,
  `Value`, `ListValue`, wrappers).
- Zero bytes are the empty message, whatever the encoding: in binary that is what it is, and
  JSON has no other use for them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from restate_proto.model.kinds import Encoding
from restate_proto.model.payloads import BINARY_TYPES, JSON_TYPES

if TYPE_CHECKING:
    from restate_proto.model.codec import Codec

__all__ = [
    "APPLICATION_JSON",
    "APPLICATION_PROTOBUF",
    "content_type_of",
    "decode",
    "encode",
    "encoding_of",
]

M = TypeVar("M")

APPLICATION_PROTOBUF = BINARY_TYPES[0]
"""The content type that we write for binary payloads."""

APPLICATION_JSON = JSON_TYPES[0]
"""The content type that we write for JSON payloads."""

_KNOWN = {
    **dict.fromkeys(BINARY_TYPES, Encoding.PROTOBUF),
    **dict.fromkeys(JSON_TYPES, Encoding.JSON),
}

_OPENING_BRACE = ord("{")


def encoding_of(
    content_type: str | None, data: bytes, default: Encoding, *, is_object: bool = False
) -> Encoding:
    """The encoding of a payload, by the rules above.

    Args:
        content_type: the `content-type` header, None where there is none.
        data: the payload.
        default: the contract's encoding.
        is_object: whether the ProtoJSON of the payload's type is an object.

    Returns:
        The encoding; also for the answer, as a caller is answered in the encoding it used.
    """
    if content_type is not None:
        encoding = _KNOWN.get(content_type) or _by_essence(content_type)
        if encoding is not None:
            return encoding
    if not data:
        return default
    if data[0] == _OPENING_BRACE:
        return Encoding.JSON
    return Encoding.PROTOBUF if is_object else default


def content_type_of(encoding: Encoding) -> str:
    """The content type of payloads that we write in an encoding."""
    return APPLICATION_JSON if encoding is Encoding.JSON else APPLICATION_PROTOBUF


def encode(codec: Codec[M], message: M, encoding: Encoding) -> bytes:
    """Write a message.

    Raises:
        TypeError: the object is not of the codec's type.
        CodecError: the message has no form in this encoding.
    """
    return codec.to_json(message) if encoding is Encoding.JSON else codec.to_binary(message)


def decode(codec: Codec[M], data: bytes, encoding: Encoding) -> M:
    """Read a message; zero bytes are the empty message in either encoding.

    Raises:
        CodecError: the bytes are not what the type and the encoding say.
    """
    if encoding is Encoding.JSON and data:
        return codec.from_json(data)
    return codec.from_binary(data)


@lru_cache(maxsize=256)  # clients repeat themselves; what they send is not ours to bound
def _by_essence(content_type: str) -> Encoding | None:
    essence = content_type.partition(";")[0].strip().lower()
    if essence.endswith("+json"):
        return Encoding.JSON
    return _KNOWN.get(essence)
