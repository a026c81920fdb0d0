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
from restate_proto.codec.json_reading import reader_of
from restate_proto.codec.json_writing import writer_of
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

# Smaller payloads cannot be nested too deeply: a nested message takes at least two bytes, and a
# bracket of JSON stands for at most two messages (a Value and the Struct in it).
_SHALLOW = 2 * MAX_DEPTH
_FEW_BRACKETS = MAX_DEPTH // 2 - 1

_WRAPPED = re.compile(r"Failed to (?:parse|serialize) (\S+) field: ")

_UNWRITABLE_BINARY = "cannot be written as protobuf binary"
_UNWRITABLE_JSON = "cannot be written as ProtoJSON"
_BAD_BINARY = "not valid protobuf binary"
_BAD_JSON = "not valid ProtoJSON"


class GoogleCodec(Generic[M]):
    """The binary form and the ProtoJSON of one generated message class.

    Both are deterministic: map entries and the keys of JSON objects are sorted. Everything that is
    written can be read again: all required fields are set, and at most 100 messages are nested.

    Args:
        message_class: a generated class; `google_codec` gives its one shared codec.
    """

    __slots__ = (
        "_base64",
        "_can_be_deep",
        "_can_be_deep_json",
        "_contents",
        "_has_order",
        "_parse",
        "_pool",
        "_read",
        "_write",
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
        self._pool = descriptor.file.pool  # has the types that may be in an Any
        self._contents = contents = contents_of(descriptor)
        self._has_order = contents.maps
        self._can_be_deep = contents.itself
        self._can_be_deep_json = contents.itself or contents.anything
        self._parse = self._parse_complete if contents.required else message_class.FromString
        self._base64 = Base64Fields(descriptor, self._pool) if contents.bytes else None
        self._read = reader_of(descriptor)
        self._write = writer_of(descriptor)

    def __repr__(self) -> str:
        return f"GoogleCodec({self.full_name})"

    def to_binary(self, message: M, /) -> bytes:
        """Serialize to protobuf binary.

        Raises:
            TypeError: the object is not a message of this type.
            CodecError: a required field is unset, or the message nests too deeply.
        """
        # Checked here because `SerializeToString` succeeds for a message of any type.
        if type(message) is not self.type:
            self._wrong_type(message)
        try:
            data = (
                message.SerializeToString(deterministic=True)
                if self._has_order
                else message.SerializeToString()
            )
        except (EncodeError, ValueError, RecursionError) as error:
            raise self._error(_UNWRITABLE_BINARY, error) from error
        if self._can_be_deep and len(data) > _SHALLOW:
            self._check_depth(data)
        return data

    def from_binary(self, data: bytes, /) -> M:
        """Parse protobuf binary; unknown fields are kept.

        Raises:
            CodecError: the bytes are not a message of this type, or a required field is missing.
        """
        try:
            return self._parse(data)
        # Besides DecodeError, protobuf's pure Python implementation raises these.
        except (DecodeError, ValueError, RecursionError) as error:
            place, reason = find_fault(data, self.descriptor) or ("", error)
            raise self._error(_BAD_BINARY, reason, place) from error

    def to_json(self, message: M, /) -> bytes:
        """Serialize to canonical ProtoJSON, compact and with sorted keys.

        Raises:
            TypeError: the object is not a message of this type.
            CodecError: the message has no ProtoJSON form that can be read again: it has an `Any` of
                an unknown type, lacks a required field, or nests too deeply.
        """
        if type(message) is not self.type:
            self._wrong_type(message)
        data = self._write_plain(message) or self._write_by_json_format(message)
        if self._contents.required:
            self._check_required(message, _UNWRITABLE_JSON)
        if self._may_be_deep(data):
            self._check_json_depth(data)
        return data

    def from_json(self, data: bytes, /) -> M:
        """Parse ProtoJSON; unknown fields and names of unknown enum values are ignored.

        Raises:
            CodecError: the bytes are not ProtoJSON of this type, or a required field is missing.
        """
        try:
            message = None if self._may_be_deep(data) else self._read_plain(data)
            if message is None:
                message = self._read_by_json_format(data)
        except Exception as error:
            # The bytes come from outside, and json_format does not check everything: Python may
            # raise AttributeError, KeyError, OverflowError, TypeError...
            raise self._error(_BAD_JSON, error) from error
        if self._contents.required:
            self._check_required(message, _BAD_JSON)
        return message

    def _write_plain(self, message: M) -> bytes | None:
        try:
            return self._write(message).encode()
        except Exception:  # noqa: BLE001 - json_format writes it, or knows why not
            return None

    def _write_by_json_format(self, message: M) -> bytes:
        try:
            value = json_format.MessageToDict(message, descriptor_pool=self._pool)
            data = strict_json.dumps(value, proto=self._contents.floats)
        except Exception as error:
            # json_format raises its own errors, ValueError, TypeError (an Any of an unknown
            # type), DecodeError (an Any with broken content), RecursionError.
            place, reason = json_losses.find_unwritable(message, self._pool) or ("", error)
            raise self._error(_UNWRITABLE_JSON, reason, place) from error
        if self._contents.masks:  # also true if there may be messages of any type
            found = json_losses.find_lost(message, self._pool)
            if found is not None:
                raise self._error(_UNWRITABLE_JSON, found[1], found[0])
        return data

    def _read_plain(self, data: bytes) -> M | None:
        try:
            return self.type(**self._read(strict_json.loads(data, proto=True)))
        except Exception:  # noqa: BLE001 - json_format reads it, or knows why not
            return None

    def _read_by_json_format(self, data: bytes) -> M:
        value = strict_json.loads(data, proto=True)
        # json_format accepts any empty value, such as [] or "", as an empty message.
        if self.json_is_object and not isinstance(cast("object", value), dict):
            raise TypeError(f"expected an object, got {value!r:.200}")
        message = json_format.ParseDict(
            value, self.type(), ignore_unknown_fields=True, descriptor_pool=self._pool
        )
        if self._base64 is not None:
            self._base64.check(value)
        if self._contents.anything:
            put_anys_in_order(message, self._pool)
        return message

    @property
    def descriptor(self) -> Descriptor:
        """The descriptor of the type."""
        return cast("Descriptor", self.type.DESCRIPTOR)  # upb's class has the same interface

    def new_google_message(self) -> M:
        """Make an empty message."""
        return self.type()

    def google_message(self, message: M, /) -> M:
        """Return the message itself."""
        return message

    def json_schema(self) -> JsonSchema | None:
        """Return the JSON Schema (draft 2020-12) of the ProtoJSON form."""
        # Invocations do not need it, so it is imported only when it is asked for.
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
                _UNWRITABLE_BINARY,
                f"nested more than {MAX_DEPTH} messages deep, which no parser reads",
            ) from error

    def _may_be_deep(self, data: bytes) -> bool:
        """Tell whether JSON may have more nested messages than can be read."""
        return (
            self._can_be_deep_json
            and data.count(b"{") + data.count(b"[") > _FEW_BRACKETS
            and strict_json.is_nested(data, _FEW_BRACKETS)
        )

    def _check_json_depth(self, data: bytes) -> None:
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
        # json_format wraps an error once for each enclosing message.
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
    """Return the codec of a generated class; the same object each time."""
    codec = _codecs.get(message_class)
    if codec is None:
        # Two threads may both get here; `setdefault` gives both the same codec.
        codec = _codecs.setdefault(message_class, GoogleCodec(message_class))
    return codec
