"""Codecs of plain Python values, such as results of `ctx.run`: JSON, and raw bytes.

A value becomes the same bytes in both encodings.
"""

from __future__ import annotations

from math import isfinite
from types import NoneType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from restate_proto.codec import strict_json
from restate_proto.model.codec import CodecError

if TYPE_CHECKING:
    from restate_proto.model.codec import JsonSchema

__all__ = ["PLAIN_CODECS", "BytesCodec", "NoneCodec", "PlainCodec"]

T = TypeVar("T")


class PlainCodec(Generic[T]):
    """One type of JSON values: bool, int, float, str, list or dict.

    Reading and writing check the type: `true` is not an int. The contents of lists and dicts must
    be read back as they were written, so tuples and keys other than strings are refused.

    Args:
        type_: the Python type.
        schema_type: the name of that type in a JSON Schema.
    """

    __slots__ = ("_schema_type", "full_name", "is_empty", "type")

    json_is_object = False  # both encodings are the same, so there is nothing to tell apart
    brace_begins_binary = False

    def __init__(self, type_: type[T], schema_type: str) -> None:
        self.type = type_
        self.full_name = type_.__name__
        self.is_empty = False
        self._schema_type = schema_type

    def __repr__(self) -> str:
        return f"PlainCodec({self.full_name})"

    def to_json(self, message: T, /) -> bytes:
        """Serialize to JSON, compact and with sorted keys.

        Raises:
            TypeError: the object is not of this type, or holds something that JSON would change.
            CodecError: it holds a NaN, an infinity, half of a surrogate pair, or itself.
        """
        if not self._is_of_type(message):
            raise TypeError(f"expected {self.full_name}, got {_describe(message)}")
        try:
            _check_parts(message, self.full_name)
            return strict_json.dumps(self._of_exact_type(message))
        except strict_json.JsonError as error:
            place = f"{self.full_name}{_path_to_unwritable(message) or ''}"
            raise CodecError(f"{place}: cannot be written as JSON: {error}") from None
        except (OverflowError, RecursionError) as error:
            raise CodecError(f"{self.full_name}: cannot be written as JSON: {error}") from None

    def from_json(self, data: bytes, /) -> T:
        """Parse JSON.

        Raises:
            CodecError: the bytes are not JSON, or JSON of another type.
        """
        try:
            value = strict_json.loads(data)
            if b"\\u" in data:
                strict_json.dumps(value)  # half of a surrogate pair could not be written again
            if self._is_of_type(value):
                return self._of_exact_type(value)
        except (strict_json.JsonError, OverflowError) as error:
            raise CodecError(f"{self.full_name}: not valid JSON: {error}") from None
        raise CodecError(f"{self.full_name}: the JSON has another type: {_describe(value)}")

    to_binary = to_json
    from_binary = from_json

    def json_schema(self) -> JsonSchema | None:
        """Return the JSON Schema of the type."""
        return {"type": self._schema_type}

    def _is_of_type(self, value: object) -> bool:
        if isinstance(value, bool):  # which is an int to Python
            return self.type is bool
        return isinstance(value, (int, float) if self.type is float else self.type)

    def _of_exact_type(self, value: Any) -> T:
        # 1 is a float to type checkers and in JSON. It becomes 1.0, so that it is read as a float
        # again.
        return cast("T", float(value)) if self.type is float else value


class NoneCodec:
    """The codec of None: zero bytes, as other languages write it; JSON's `null` is read too."""

    __slots__ = ()

    type = NoneType
    full_name = "None"
    is_empty = True
    json_is_object = False
    brace_begins_binary = False

    def to_json(self, message: None, /) -> bytes:
        """Return zero bytes; raise `TypeError` for anything but None."""
        if message is not None:
            raise TypeError(f"expected None, got {_describe(message)}")
        return b""

    def from_json(self, data: bytes, /) -> None:
        """Read None; raise `CodecError` for anything but zero bytes or `null`."""
        if data and data.strip() != b"null":
            raise CodecError(f"None: expected zero bytes or null, got {len(data)} bytes")

    to_binary = to_json
    from_binary = from_json

    def json_schema(self) -> JsonSchema | None:
        """Return None: there is nothing to describe."""
        return None


class BytesCodec:
    """The codec of bytes, which stay as they are."""

    __slots__ = ()

    type = bytes
    full_name = "bytes"
    is_empty = False
    json_is_object = False
    brace_begins_binary = False

    def to_binary(self, message: bytes, /) -> bytes:
        """Return the bytes themselves; raise `TypeError` for anything else."""
        if type(message) is not bytes:
            raise TypeError(f"expected bytes, got {_describe(message)}")
        return message

    def from_binary(self, data: bytes, /) -> bytes:
        """Return the bytes themselves."""
        return data

    to_json = to_binary
    from_json = from_binary

    def json_schema(self) -> JsonSchema | None:
        """Return None: bytes have no JSON form."""
        return None


def _check_parts(value: Any, path: str) -> None:
    if isinstance(value, dict):
        for key, part in cast("dict[Any, Any]", value).items():
            if not isinstance(key, str):
                raise TypeError(f"{path}: a key must be a str, not {_describe(key)}")
            _check_parts(part, f"{path}[{key!r:.50}]")
    elif isinstance(value, list):
        for index, part in enumerate(cast("list[Any]", value)):
            _check_parts(part, f"{path}[{index}]")
    elif value is not None and not isinstance(value, (bool, int, float, str)):
        raise TypeError(f"{path}: JSON has no {_describe(value)}")


def _path_to_unwritable(value: Any) -> str | None:
    """Return the path to the first part that JSON cannot express; None if there is none."""
    if isinstance(value, float):
        return None if isfinite(value) else ""
    if isinstance(value, str):
        return None if _is_unicode(value) else ""
    if not isinstance(value, (dict, list)):
        return None
    is_dict = isinstance(value, dict)
    parts = (
        cast("dict[str, Any]", value).items() if is_dict else enumerate(cast("list[Any]", value))
    )
    for key, part in parts:
        rest = _path_to_unwritable(part) if isinstance(key, int) or _is_unicode(key) else ""
        if rest is not None:
            return f"[{key!r:.50}]{rest}"
    return None


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _describe(value: object) -> str:
    return f"{type(value).__name__} {value!r:.100}"


_json_codecs: tuple[PlainCodec[Any], ...] = (
    PlainCodec(bool, "boolean"),
    PlainCodec(int, "integer"),
    PlainCodec(float, "number"),
    PlainCodec(str, "string"),
    PlainCodec(list, "array"),
    PlainCodec(dict, "object"),
)

PLAIN_CODECS = {codec.type: codec for codec in (*_json_codecs, NoneCodec(), BytesCodec())}
"""The codec of each plain type."""
