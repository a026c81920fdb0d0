"""The seam between the framework and a message library."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from restate_proto.errors import RestateError

__all__ = ["Codec", "CodecError", "JsonSchema"]

M = TypeVar("M")

JsonSchema = dict[str, Any]


class CodecError(RestateError):
    """A payload is not what its type says; the message names the type and the reason."""


class Codec(Protocol[M]):
    """One message type in both of its encodings.

    Serialization is deterministic (map entries sorted): Restate compares the journal on replay
    byte by byte. Decoding raises `CodecError` and nothing else, whatever the bytes; ProtoJSON is
    read with unknown fields ignored.
    """

    @property
    def type(self) -> type[M]:
        """The Python class of the messages."""
        ...

    @property
    def full_name(self) -> str:
        """The type's full proto name, or the Python name where it is no message."""
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
        """The JSON Schema (draft 2020-12) of the ProtoJSON form; None where there is none."""
        ...
