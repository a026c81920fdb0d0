"""`Codec`, the interface between the framework and a message library."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from restate_proto.errors import RestateError

__all__ = ["Codec", "CodecError", "JsonSchema"]

M = TypeVar("M")

JsonSchema = dict[str, Any]


class CodecError(RestateError):
    """A payload does not fit its type; the message names the type and the reason."""


class Codec(Protocol[M]):
    """Converts the messages of one type to bytes and back, in both encodings.

    Serialization is deterministic (map entries are sorted), because replays compare with the
    journal byte by byte. Decoding raises nothing but `CodecError`, whatever the bytes are. Unknown
    fields of ProtoJSON are ignored.
    """

    @property
    def type(self) -> type[M]:
        """The Python class of the messages."""
        ...

    @property
    def full_name(self) -> str:
        """The type's full proto name, or the Python name of a type that is not a message."""
        ...

    @property
    def is_empty(self) -> bool:
        """Whether the type carries nothing (`google.protobuf.Empty`)."""
        ...

    @property
    def json_is_object(self) -> bool:
        """Whether the ProtoJSON is always an object, so that it begins with `{`."""
        ...

    @property
    def brace_begins_binary(self) -> bool:
        """Whether the binary form can begin with `{` too: as a group with the number 15."""
        ...

    def to_binary(self, message: M, /) -> bytes:
        """Serialize to protobuf binary. Raises `TypeError` for an object of another type."""
        ...

    def from_binary(self, data: bytes, /) -> M:
        """Parse protobuf binary. Raises `CodecError`."""
        ...

    def to_json(self, message: M, /) -> bytes:
        """Serialize to canonical ProtoJSON (UTF-8). Raises `TypeError` for another type."""
        ...

    def from_json(self, data: bytes, /) -> M:
        """Parse ProtoJSON. Raises `CodecError`."""
        ...

    def json_schema(self) -> JsonSchema | None:
        """Return the JSON Schema (draft 2020-12) of the ProtoJSON form; None if it has none."""
        ...
