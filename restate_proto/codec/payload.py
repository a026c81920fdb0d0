"""Find out the encoding of a payload, and decode and encode payloads.

The rules, for a payload that comes from outside:

- A content type that names an encoding decides. Parameters do not matter
  (`application/json; charset=utf-8`), and a `+json` suffix is JSON.
- Without one, or with any other (`application/octet-stream`, a browser's form type, the `*/*` of
  the playground of the Restate UI, which sends what it gets from `/serdes`), the first byte
  decides, whatever the contract says. `{` begins a JSON object, and never a binary message. For the
  types whose ProtoJSON is not an object (`Timestamp`, `Duration`, `FieldMask`, `Value`,
  `ListValue`, wrappers), every byte that begins a JSON value decides likewise; binary messages of
  these types begin with other bytes.
- Two bytes may begin either: `{` is also the tag of a group with the number 15, and `2` that of a
  list in a `Value`. Such a payload is JSON if all of it is valid JSON.
- White space before JSON may also be the first field of a binary message. The payload is read as
  JSON if it is not a valid binary message.
- Zero bytes are the empty message in either encoding. In binary that is what they mean, and in JSON
  they would mean nothing.

Payloads that never have a content type, such as state, results and the values of awakeables, follow
the same rules. So every party can read what another one writes, whatever their contracts say.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from restate_proto.codec import strict_json
from restate_proto.model.codec import CodecError
from restate_proto.model.kinds import Encoding

if TYPE_CHECKING:
    from restate_proto.model.codec import Codec

__all__ = [
    "APPLICATION_JSON",
    "APPLICATION_PROTOBUF",
    "BINARY_TYPES",
    "JSON_TYPES",
    "NO_OBJECTS",
    "content_type_of",
    "decode",
    "encode",
    "named_encoding",
    "read",
    "seen_encoding",
]

M = TypeVar("M")

_JSON, _PROTOBUF = Encoding.JSON, Encoding.PROTOBUF

BINARY_TYPES = (
    "application/protobuf",
    "application/x-protobuf",
    "application/proto",
    "application/vnd.google.protobuf",
)
"""The content types of protobuf binary; the first one is written."""

JSON_TYPES = ("application/json", "text/json")
"""The content types of ProtoJSON; the first one is written."""

NO_OBJECTS = tuple(
    f"google.protobuf.{name}"
    for name in (
        *("BoolValue", "BytesValue", "DoubleValue", "Duration", "FieldMask", "FloatValue"),
        *("Int32Value", "Int64Value", "ListValue", "StringValue", "Timestamp", "UInt32Value"),
        *("UInt64Value", "Value"),
    )
)
"""The messages whose ProtoJSON is not an object, so that it does not begin with a brace."""

APPLICATION_PROTOBUF = BINARY_TYPES[0]
"""The content type that we write for binary payloads."""

APPLICATION_JSON = JSON_TYPES[0]
"""The content type that we write for JSON payloads."""

_KNOWN = {
    **dict.fromkeys(BINARY_TYPES, _PROTOBUF),
    **dict.fromkeys(JSON_TYPES, _JSON),
}

_OPENING_BRACE = ord("{")
_JSON_STARTS = frozenset(b'{["tfn-0123456789')
_LIST_IN_VALUE = ord("2")  # the tag of `google.protobuf.Value.list_value`
_WHITE_SPACE = b" \t\r\n"


def named_encoding(content_type: str) -> Encoding | None:
    """Return the encoding that a content type names; None if it names neither."""
    return _KNOWN.get(content_type) or _encoding_of_media_type(content_type)


def seen_encoding(codec: Codec[Any], data: bytes, default: Encoding) -> Encoding:
    """Return the encoding of a payload without a content type, judged by its bytes.

    Args:
        codec: the codec of its type.
        data: the payload.
        default: the contract's encoding, in which zero bytes are taken to be.
    """
    if not data:
        return default
    first = data[0]
    if first == _OPENING_BRACE:
        is_json = not codec.brace_begins_binary or _is_json(data)
    elif codec.json_is_object or first not in _JSON_STARTS:
        is_json = False
    else:
        is_json = first != _LIST_IN_VALUE or _is_json(data)
    return _JSON if is_json else _PROTOBUF


def content_type_of(encoding: Encoding) -> str:
    """Return the content type that we write for an encoding."""
    return APPLICATION_JSON if encoding is _JSON else APPLICATION_PROTOBUF


def encode(codec: Codec[M], message: M, encoding: Encoding) -> bytes:
    """Write a message.

    Raises:
        TypeError: the object is not of the codec's type.
        CodecError: the message has no form in this encoding.
    """
    return codec.to_json(message) if encoding is _JSON else codec.to_binary(message)


def decode(codec: Codec[M], data: bytes, encoding: Encoding) -> M:
    """Read a message; zero bytes are the empty message in either encoding.

    Raises:
        CodecError: the bytes are not a message of the type in this encoding.
    """
    if encoding is _JSON and data:
        return codec.from_json(data)
    return codec.from_binary(data)


def read(codec: Codec[M], data: bytes, default: Encoding) -> tuple[M, Encoding]:
    """Read a payload without a content type.

    Args:
        codec: the codec of its type.
        data: the payload.
        default: the contract's encoding, in which zero bytes are taken to be.

    Returns:
        The message, and the encoding that it was in.

    Raises:
        CodecError: the bytes are not a message of the type.
    """
    encoding = seen_encoding(codec, data, default)
    try:
        if encoding is _PROTOBUF:
            return codec.from_binary(data), encoding
        return decode(codec, data, encoding), encoding
    except CodecError:
        if encoding is _JSON or data[:1] not in _WHITE_SPACE:
            raise
        text = data.lstrip(_WHITE_SPACE)
        if not text or text[0] not in _JSON_STARTS:
            raise
    return decode(codec, text, _JSON), _JSON


def _is_json(data: bytes) -> bool:
    try:
        strict_json.loads(data)
    except strict_json.JsonError:
        return False
    return True


@lru_cache(maxsize=256)  # clients send few content types, but nothing stops them from sending many
def _encoding_of_media_type(content_type: str) -> Encoding | None:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type.endswith("+json"):
        return _JSON
    return _KNOWN.get(media_type)
