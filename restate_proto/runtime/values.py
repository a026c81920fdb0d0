"""Convert values in the journal (results, state, parameters) to payloads and back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from restate_proto.codec import strict_json
from restate_proto.codec.payload import encode
from restate_proto.codec.payload import read as read_payload
from restate_proto.codec.plain import PLAIN_CODECS
from restate_proto.codec.registry import codec_for
from restate_proto.model.codec import Codec, CodecError, JsonSchema
from restate_proto.protocol import Result, ResultKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from restate_proto.model.kinds import Encoding

__all__ = [
    "PLAIN",
    "optional_reader",
    "read_invocation_id",
    "read_keys",
    "read_nothing",
    "read_value",
    "reader",
    "write",
]

_VOID = ResultKind.VOID

T = TypeVar("T")


def reader(
    codec: Codec[T], encoding: Encoding, what: str, name: object = None
) -> Callable[[Result], T]:
    """Return a function that reads a value from the result of an operation.

    Args:
        codec: the value's codec.
        encoding: the contract's encoding; a value in the other encoding can be read as well.
        what: the kind of value, for error texts: `"state"`.
        name: which value of that kind, for error texts: a string or a target.

    Returns:
        The function. It raises `CodecError` if the value cannot be read.
    """
    return partial(read_value, codec, encoding, what, name)


def read_value(codec: Codec[T], encoding: Encoding, what: str, name: object, result: Result) -> T:
    """Read a value, as a function that `reader` returns does."""
    try:
        return read_payload(codec, result.value or b"", encoding)[0]
    except CodecError as error:
        which = "" if name is None else f" {name!r}" if isinstance(name, str) else f" {name}"
        raise CodecError(f"{what}{which}: {error}") from error


def optional_reader(
    codec: Codec[T], encoding: Encoding, what: str, name: object = None
) -> Callable[[Result], T | None]:
    """Return a function like that of `reader`; it returns None if there is no value."""
    return partial(_read_optional, codec, encoding, what, name)


def _read_optional(
    codec: Codec[T], encoding: Encoding, what: str, name: object, result: Result
) -> T | None:
    return None if result.kind is _VOID else read_value(codec, encoding, what, name, result)


def write(value: T, type_: type[T] | None, encoding: Encoding) -> bytes:
    """Return the payload of a value.

    Args:
        value: the value to write.
        type_: its declared type; None for the value's own type.
        encoding: the encoding to write it in.

    Raises:
        TypeError: the value is not of the declared type, or no codec handles the type.
    """
    return encode(codec_for(type(value) if type_ is None else type_), value, encoding)


def read_invocation_id(result: Result) -> str:
    """Return the invocation id that a notification carries."""
    return result.value


def read_keys(result: Result) -> tuple[str, ...]:
    """Return the state keys that a notification carries."""
    return result.value


def read_nothing(_: Result) -> None:
    """Return None, for operations that have no value: only their success counts."""


class _PlainCodec:
    """The codec of results that `ctx.run` records without a declared type: any plain value."""

    type: type[Any] = object
    full_name = "a plain value"
    is_empty = False
    json_is_object = False
    brace_begins_binary = False

    def to_json(self, message: Any, /) -> bytes:
        """Serialize a value by its own type."""
        class_ = cast("type[Any]", type(message))
        if class_ is bytes or class_ not in PLAIN_CODECS:
            raise _no_plain_value(class_)
        return codec_for(class_).to_json(message)

    def from_json(self, data: bytes, /) -> Any:
        """Parse what `to_json` wrote; zero bytes are None."""
        try:
            return strict_json.loads(data) if data else None
        except strict_json.JsonError as error:
            raise CodecError(f"not a plain value: {error}") from None

    to_binary = to_json
    from_binary = from_json

    def json_schema(self) -> JsonSchema | None:
        """Return None: any JSON is allowed."""
        return None


def _no_plain_value(class_: type[Any]) -> TypeError:
    try:
        codec_for(class_)
    except TypeError:
        return TypeError(f"{class_.__qualname__} is neither a plain value nor a message")
    return TypeError(
        f"a result of type {class_.__qualname__} needs its type declared: type={class_.__name__}"
    )


PLAIN: Codec[Any] = _PlainCodec()
"""The codec of results without a declared type: None, bool, int, float, str, list, dict."""
