"""The codec of `google.protobuf` messages (the `_pb2` classes)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar, cast

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, EncodeError, Message

from restate_proto.codec import json_losses, strict_json
from restate_proto.codec.base64_fields import Base64Fields
from restate_proto.codec.binary_faults import MAX_DEPTH, find_fault
from restate_proto.codec.contents import contents_of
from restate_proto.codec.payload import NO_OBJECTS
from restate_proto.codec.submessages import put_anys_in_order
from restate_proto.model.codec import CodecError

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor

    from restate_proto.model.codec import JsonSchema

__all__ = ["GoogleCodec", "google_codec"]

M = TypeVar("M", bound=Message)

_LONGEST_REASON = 500
_LONGEST_PATH = 100

# What is smaller cannot be nested too deeply: a message takes two bytes of the one it is in, and in
# JSON a bracket stands for at most two messages (a Value and the Struct in it).
_SHALLOW = 2 * MAX_DEPTH
_FEW_BRACKETS = MAX_DEPTH // 2 - 1

_WRAPPED = re.compile(r"Failed to (?:parse|serialize) (\S+) field: ")

_UNWRITABLE_BINARY = "cannot be written as protobuf binary"
_UNWRITABLE_JSON = "cannot be written as ProtoJSON"
_BAD_BINARY = "not valid protobuf binary"
_BAD_JSON = "not valid ProtoJSON"


class GoogleCodec(Generic[M]):
    """The binary form and the ProtoJSON of one generated message class.

    Both are deterministic: map entries are sorted, and so are the keys of the JSON form. What is
    written can be read again: all required fields are there, and no more than 100 messages nested.

    Args:
        message_class: a generated class; `google_codec` gives its one shared codec.
    """

    __slots__ = (
        "_base64",
        "_can_be_deep",
        "_contents",
        "_parse",
        "_pool",
        "brace_begins_binary",
        "full_name",
        "is_empty",
        "json_is_object",
        "type",
    )

    def __init__(self, message_class: type[M]) -> None:
        self.type = message_class
        descriptor = self.descriptor
        self.full_name: str = descriptor.full_name
        self.is_empty = self.full_name == "google.protobuf.Empty"
        self.json_is_object = self.full_name not in NO_OBJECTS
        fifteenth = descriptor.fields_by_number.get(15)
        self.brace_begins_binary = (
            fifteenth is not None and fifteenth.type == FieldDescriptor.TYPE_GROUP
        )
        self._pool = descriptor.file.pool  # knows what may be in an Any
        self._contents = contents = contents_of(descriptor)
        self._can_be_deep = contents.itself
        self._parse = self._parse_complete if contents.required else message_class.FromString
        self._base64 = Base64Fields(descriptor, self._pool) if contents.bytes else None

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
            data = message.SerializeToString(deterministic=True)
        except (EncodeError, ValueError, RecursionError) as error:
            raise self._error(_UNWRITABLE_BINARY, error) from error
        if self._can_be_deep and len(data) > _SHALLOW:
            self._check_depth(data)
        return data

    def from_binary(self, data: bytes, /) -> M:
        """Parse protobuf binary; unknown fields are kept.

        Raises:
            CodecError: the bytes are no message of this type, or a required field is missing.
        """
        try:
            return self._parse(data)
        # Beside DecodeError: what protobuf's pure Python implementation lets through.
        except (DecodeError, ValueError, RecursionError) as error:
            place, reason = find_fault(data, self.descriptor) or ("", error)
            raise self._error(_BAD_BINARY, reason, place) from error

    def to_json(self, message: M, /) -> bytes:
        """Serialize to canonical ProtoJSON, compact and with sorted keys.

        Raises:
            TypeError: the object is not a message of this type.
            CodecError: the message has no ProtoJSON form that could be read again: an `Any` of an
                unknown type, a required field that is unset, too deep a nesting.
        """
        if type(message) is not self.type:
            self._wrong_type(message)
        try:
            value = json_format.MessageToDict(message, descriptor_pool=self._pool)
            data = strict_json.dumps(value, proto=self._contents.floats)
        except Exception as error:
            # json_format raises its own errors, ValueError, TypeError (an Any of an unknown
            # type), DecodeError (an Any with broken content), RecursionError.
            place, reason = json_losses.find_unwritable(message, self._pool) or ("", error)
            raise self._error(_UNWRITABLE_JSON, reason, place) from error
        contents = self._contents
        if contents.required:
            self._check_required(message, _UNWRITABLE_JSON)
        if contents.masks:  # or anything
            found = json_losses.find_lost(message, self._pool)
            if found is not None:
                raise self._error(_UNWRITABLE_JSON, found[1], found[0])
        if contents.itself or contents.anything:
            self._check_json_depth(data)
        return data

    def from_json(self, data: bytes, /) -> M:
        """Parse ProtoJSON; unknown fields and names of unknown enum values are ignored.

        Raises:
            CodecError: the bytes are no ProtoJSON of this type, or a required field is missing.
        """
        message = self.type()
        try:
            value = self._required_object(strict_json.loads(data, proto=True))
            json_format.ParseDict(
                value, message, ignore_unknown_fields=True, descriptor_pool=self._pool
            )
            if self._base64 is not None:
                self._base64.check(value)
            if self._contents.anything:
                put_anys_in_order(message, self._pool)
        except Exception as error:
            # The bytes come from outside, and json_format meets the unexpected with whatever
            # Python says: AttributeError, KeyError, OverflowError, TypeError...
            raise self._error(_BAD_JSON, error) from error
        if self._contents.required:
            self._check_required(message, _BAD_JSON)
        return message

    def _required_object(self, value: Any) -> Any:
        # json_format takes whatever has no items, such as [] or "", for an empty message.
        if self.json_is_object and not isinstance(cast("object", value), dict):
            raise TypeError(f"expected an object, got {value!r:.200}")
        return value

    @property
    def descriptor(self) -> Descriptor:
        """The type's descriptor."""
        return cast("Descriptor", self.type.DESCRIPTOR)  # or upb's, which does the same

    def new_google_message(self) -> M:
        """An empty message."""
        return self.type()

    def google_message(self, message: M, /) -> M:
        """The message itself."""
        return message

    def json_schema(self) -> JsonSchema | None:
        """The JSON Schema (draft 2020-12) of the ProtoJSON form."""
        # Not needed to serve an invocation, so not loaded before it is asked for.
        from restate_proto.codec.json_schema import message_schema  # noqa: PLC0415

        return message_schema(self.descriptor)

    def _parse_complete(self, data: bytes) -> M:
        message = self.type.FromString(data)
        self._check_required(message, _BAD_BINARY)
        return message

    def _check_required(self, message: M, what: str) -> None:
        missing = json_losses.missing_fields(message)
        if missing is not None:
            raise self._error(what, missing)

    def _check_depth(self, data: bytes) -> None:
        try:
            self.type.FromString(data)
        except (DecodeError, RecursionError) as error:
            raise self._error(
                _UNWRITABLE_BINARY, f"nested more than {MAX_DEPTH} messages deep, which none reads"
            ) from error

    def _check_json_depth(self, data: bytes) -> None:
        if data.count(b"{") + data.count(b"[") > _FEW_BRACKETS:
            try:
                self.from_json(data)
            except CodecError as error:
                raise CodecError(
                    f"{self.full_name}: {_UNWRITABLE_JSON} that can be read again: {error}"
                ) from error

    def _wrong_type(self, message: object) -> NoReturn:
        got = type(message)
        name = got.DESCRIPTOR.full_name if issubclass(got, Message) else got.__qualname__
        hint = " (another class of that name)" if name == self.full_name else ""
        raise TypeError(f"expected a {self.full_name} message, got {name}{hint}: {message!r:.200}")

    def _error(self, what: str, error: Exception | str, place: str = "") -> CodecError:
        reason = str(error) or type(error).__name__
        path = [place] if place else []
        # json_format wraps an error once for each message that it is inside of.
        while wrapped := _WRAPPED.match(reason):
            path.append(wrapped[1])
            reason = reason[wrapped.end() :].removesuffix(".")
        if len(reason) > _LONGEST_REASON:  # json_format quotes whole values
            reason = f"{reason[:_LONGEST_REASON]}..."
        where = ".".join(path)
        if len(where) > 2 * _LONGEST_PATH:
            where = f"{where[:_LONGEST_PATH]}...{where[-_LONGEST_PATH:]}"
        return CodecError(f"{self.full_name}: {what}: {where}{': ' if where else ''}{reason}")


_codecs: dict[type[Message], GoogleCodec[Any]] = {}


def google_codec(message_class: type[M]) -> GoogleCodec[M]:
    """The codec of a generated class; the same object each time."""
    codec = _codecs.get(message_class)
    if codec is None:
        # Two threads may both come here; both must get the same one.
        codec = _codecs.setdefault(message_class, GoogleCodec(message_class))
    return codec
