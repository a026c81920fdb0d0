"""JSON Schema of the canonical ProtoJSON mapping."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor

    from restate_proto.model.codec import JsonSchema

__all__ = ["message_schema"]


def message_schema(descriptor: Descriptor) -> JsonSchema:
    """The JSON Schema (draft 2020-12) of a message's ProtoJSON form."""
    return {"title": descriptor.full_name}
