"""Values in the journal: how results, state and parameters become payloads and back."""

from __future__ import annotations

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
    "reader",
    "write",
]

T = TypeVar("T")


def reader(
    codec: Codec[T], encoding: Encoding, what: str, name: object = None
) -> Callable[[Result], T]:
    """A function that reads the value of a result.

    Args:
        codec: the value's codec.
        encoding: the contract's encoding; a value in the other one is read as well.
        what: what the value is, for errors: `"state"`.
        name: which of them, where there are several: a string or a target.

    Returns:
        The function. It raises `CodecError` where the value cannot be read.
    """

    def read(result: Result) -> T:
        try:
            return read_payload(codec, result.value or b"", encoding)[0]
        except CodecError as error:
            which = "" if name is None else f" {name!r}" if isinstance(name, str) else f" {name}"
            raise CodecError(f"{what}{which}: {error}") from error

    return read


def optional_reader(
    codec: Codec[T], encoding: Encoding, what: str, name: object = None
) -> Callable[[Result], T | None]:
    """As `reader`; None where there is no value."""
    read = reader(codec, encoding, what, name)
    return lambda result: None if result.kind is ResultKind.VOID else read(result)


def write(value: T, type_: type[T] | None, encoding: Encoding) -> bytes:
    """The payload of a value.

    Args:
        value: what to write.
        type_: its type as declared; None takes the value's own.
        encoding: the encoding.

    Raises:
        TypeError: the value is not of that type, or no codec has such a type.
    """
    return encode(codec_for(type(value) if type_ is None else type_), value, encoding)


def read_invocation_id(result: Result) -> str:
    """The invocation id that a notification carries."""
    return result.value


def read_keys(result: Result) -> tuple[str, ...]:
    """The state keys that a notification carries."""
    return result.value


def read_nothing(_: Result) -> None:
    """The operation has no value: that it succeeded is all."""


class _PlainCodec:
    """Whatever plain value comes: what `ctx.run` records without a declared type."""

    type: type[Any] = object
    full_name = "a plain value"
    is_empty = False
    json_is_object = False
    brace_begins_binary = False

    def to_json(self, message: Any, /) -> bytes:
        """Serialize by the value's own type."""
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
        """None: anything goes."""
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
