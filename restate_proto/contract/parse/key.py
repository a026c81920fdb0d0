"""The `(restatepb.v1.key)` field of a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.descriptor_pb2 import FieldDescriptorProto

from restate_proto.contract.options import KEY_OPTION

if TYPE_CHECKING:
    from restate_proto.contract.options import OptionReader
    from restate_proto.contract.problems import Problems
    from restate_proto.contract.types import FoundMessage, TypeIndex

__all__ = ["key_field"]

# Field numbers of DescriptorProto and FieldDescriptorProto, for source paths.
_MESSAGE_FIELD = 2
_FIELD_OPTIONS = 8


def key_field(
    message: FoundMessage, options: OptionReader, index: TypeIndex, problems: Problems
) -> str | None:
    """Returns the proto name of the message's key field, or None where it has none."""
    key: str | None = None
    for number, field in enumerate(message.proto.field):
        if not options.is_key(field.options):
            continue
        path = (*message.path, _MESSAGE_FIELD, number, _FIELD_OPTIONS, KEY_OPTION)
        location = index.source(message.type.file).location(path)
        name = f"{message.type.full_name}.{field.name}"
        if (
            field.type != FieldDescriptorProto.TYPE_STRING
            or field.label == FieldDescriptorProto.LABEL_REPEATED
        ):
            problems.add(
                location,
                f"{name} is marked (restatepb.v1.key) and is not a singular string; "
                f"write it as `string {field.name} = {field.number}`, or mark a field that is one",
            )
        elif key is not None:
            problems.add(
                location,
                f'{name} is a second (restatepb.v1.key) beside "{key}"; keep the mark on one field',
            )
        else:
            key = field.name
    return key
