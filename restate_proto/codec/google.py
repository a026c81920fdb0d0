"""The codec of `google.protobuf` messages (the `_pb2` classes)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar, cast

from google.protobuf import json_format
from google.protobuf.message import DecodeError, EncodeError, Message

from restate_proto.codec import anys, strict_json
from restate_proto.model.codec import CodecError
from restate_proto.model.payloads import NO_OBJECTS

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor

    from restate_proto.model.codec import JsonSchema

__all__ = ["GoogleCodec", "google_codec"]

M = TypeVar("M", bound=Message)

_LONGEST_REASON = 500


class GoogleCodec(Generic[M]):
    """The binary form and the ProtoJSON of one generated message class.

    Both are deterministic: map entries are sorted, and so are the keys of the JSON form.

    Args:
        message_class: a generated class; `google_codec` gives its one shared codec.
    """

    __slots__ = ("_holds_any", "_parse", "_pool", "full_name", "is_empty", "json_is_object", "type")

    def __init__(self, message_class: type[M]) -> None:
        self.type = message_class
        self.full_name: str = message_class.DESCRIPTOR.full_name
        self.is_empty = self.full_name == "google.protobuf.Empty"
        self.json_is_object = self.full_name not in NO_OBJECTS
        self._parse = message_class.FromString
        self._pool = self._descriptor.file.pool  # knows what may be in an Any
        self._holds_any = anys.holds_any(self._descriptor)

    def __repr__(self) -> str:
        return f"GoogleCodec({self.full_name})"

    def to_binary(self, message: M, /) -> bytes:
        """Serialize to protobuf binary.

        Raises:
            TypeError: the object is not a message of this type.
            CodecError: a required field is unset, or the message nests too deeply.
        """
        # `SerializeToString` of a message of any other type would succeed as well.
        if type(message) is not self.type:
            self._wrong_type(message)
        try:
            return message.SerializeToString(deterministic=True)
        except (EncodeError, ValueError, RecursionError) as error:
            raise self._error("cannot be written as protobuf binary", error) from error

    def from_binary(self, data: bytes, /) -> M:
        """Parse protobuf binary; unknown fields are kept, proto2's required ones not insisted on.

        Raises:
            CodecError: the bytes are no message of this type.
        """
        try:
            return self._parse(data)
        # Beside DecodeError: what protobuf's pure Python implementation lets through.
        except (DecodeError, ValueError, RecursionError) as error:
            raise self._error("not valid protobuf binary", error) from error

    def to_json(self, message: M, /) -> bytes:
        """Serialize to canonical ProtoJSON, compact and with sorted keys.

        Raises:
            TypeError: the object is not a message of this type.
            CodecError: the message has no ProtoJSON form, such as an `Any` of an unknown type.
        """
        if type(message) is not self.type:
            self._wrong_type(message)
        try:
            return strict_json.dumps(json_format.MessageToDict(message, descriptor_pool=self._pool))
        except Exception as error:
            # json_format raises its own errors, ValueError, TypeError (an Any of an unknown
            # type), DecodeError (an Any with broken content), RecursionError.
            raise self._error("cannot be written as ProtoJSON", error) from error

    def from_json(self, data: bytes, /) -> M:
        """Parse ProtoJSON.

        Unknown fields and names of unknown enum values are ignored, and proto2's required fields
        not insisted on.

        Raises:
            CodecError: the bytes are no ProtoJSON of this type.
        """
        message = self.type()
        try:
            json_format.ParseDict(
                self._checked(strict_json.loads(data, proto=True)),
                message,
                ignore_unknown_fields=True,
                descriptor_pool=self._pool,
            )
            if self._holds_any:
                anys.put_in_order(message, self._pool)
        except Exception as error:
            # The bytes come from outside, and json_format meets the unexpected with whatever
            # Python says: AttributeError, KeyError, OverflowError, TypeError...
            raise self._error("not valid ProtoJSON", error) from error
        return message

    def _checked(self, value: Any) -> Any:
        # json_format takes whatever has no items, such as [] or "", for an empty message.
        if self.json_is_object and not isinstance(cast("object", value), dict):
            raise TypeError(f"expected an object, got {value!r:.200}")
        return value

    def json_schema(self) -> JsonSchema | None:
        """The JSON Schema (draft 2020-12) of the ProtoJSON form."""
        # Not needed to serve an invocation, so not loaded before it is asked for.
        from restate_proto.codec.json_schema import message_schema  # noqa: PLC0415

        return message_schema(self._descriptor)

    @property
    def _descriptor(self) -> Descriptor:
        return cast("Descriptor", self.type.DESCRIPTOR)  # or upb's, which does the same

    def _wrong_type(self, message: object) -> NoReturn:
        got = type(message)
        name = got.DESCRIPTOR.full_name if issubclass(got, Message) else got.__qualname__
        hint = " (another class of that name)" if name == self.full_name else ""
        raise TypeError(f"expected a {self.full_name} message, got {name}{hint}: {message!r:.200}")

    def _error(self, what: str, error: Exception) -> CodecError:
        reason = str(error) or type(error).__name__
        if len(reason) > _LONGEST_REASON:  # json_format quotes whole values
            reason = f"{reason[:_LONGEST_REASON]}..."
        return CodecError(f"{self.full_name}: {what}: {reason}")


_codecs: dict[type[Message], GoogleCodec[Any]] = {}


def google_codec(message_class: type[M]) -> GoogleCodec[M]:
    """The codec of a generated class; the same object each time."""
    codec = _codecs.get(message_class)
    if codec is None:
        # Two threads may both come here; both must get the same one.
        codec = _codecs.setdefault(message_class, GoogleCodec(message_class))
    return codec
