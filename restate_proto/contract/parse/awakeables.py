"""Read the message fields that hold ids of awakeables, and the message type each resolves with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pb2 import FieldDescriptorProto

from restate_proto.contract.option_reader import AWAKEABLE_OPTION, unknown_field
from restate_proto.contract.parse.named_types import named_message
from restate_proto.contract.schema import AwakeableField, MessageType
from restate_proto.protobuf import is_repeated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.descriptor import Descriptor

    from restate_proto.contract.parse.scope import FileScope

__all__ = ["parse_awakeables"]


def parse_awakeables(file: FileScope, message: Descriptor) -> Iterator[AwakeableField]:
    """Yield the fields of a message that hold the id of an awakeable."""
    for field in message.fields:
        option = file.options.awakeable(field.GetOptions())
        if option is None:
            continue
        location = file.descriptors.location(
            field, FieldDescriptorProto.OPTIONS_FIELD_NUMBER, AWAKEABLE_OPTION
        )
        unknown = unknown_field(option)
        if unknown:
            file.problems.add(
                location,
                f"{unknown} that this version of restate-proto does not know; install a newer one",
            )
        title = f"{field.full_name}, an awakeable,"
        if field.type != FieldDescriptor.TYPE_STRING or is_repeated(field):
            file.problems.add(
                location,
                f"{title} is not a singular string; write it as `string {field.name} = "
                f"{field.number}`, because the id of an awakeable is a string",
            )
        type_ = named_message(file, title, option.type, location)
        if type_ is not None:
            yield AwakeableField(
                MessageType.of(message), field.name, MessageType.of(type_), location
            )
