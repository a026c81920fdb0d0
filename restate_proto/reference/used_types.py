"""Collect the types that services use: their descriptors, and the comments of the contract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from google.protobuf.descriptor import Descriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto

from restate_proto.codec.json_forms import WELL_KNOWN
from restate_proto.contract.descriptors import Descriptors
from restate_proto.contract.option_reader import OptionReader
from restate_proto.protobuf import map_entry, types_in_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from google.protobuf.descriptor import EnumDescriptor, FileDescriptor, MethodDescriptor

    from restate_proto.contract.schema import FileModel, HandlerModel, ServiceModel

__all__ = ["EnumType", "Library", "Message"]


@dataclass(frozen=True, slots=True)
class Message:
    """A message type.

    Args:
        descriptor: the descriptor of the message.
        file: the path of its file.
        comment: the comment above it.
        comments: the comments of its fields and oneofs, by name.
        key: the name of the field that holds the object key or workflow id; None if no field does.
        awakeables: the full name of the type that an awakeable is resolved with, by the name of the
            field that holds the awakeable's id.
    """

    descriptor: Descriptor
    file: str
    comment: str | None
    comments: Mapping[str, str | None]
    key: str | None
    awakeables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class EnumType:
    """An enum type.

    Args:
        descriptor: the descriptor of the enum.
        file: the path of its file.
        comment: the comment above it.
        comments: the comments of its values, by name.
    """

    descriptor: EnumDescriptor
    file: str
    comment: str | None
    comments: Mapping[str, str | None]


class Library:
    """The types that the services of a contract use, and the places where they are documented.

    Args:
        descriptors: the contract's files and all that they import.
        services: those of the contract's files that have Restate services.
    """

    def __init__(self, descriptors: Descriptors, services: Iterable[FileModel]) -> None:
        self.descriptors = descriptors
        self._options = OptionReader(self.descriptors)
        self.used = self._used_types(
            self.descriptor(message.full_name)
            for file in services
            for service in file.services
            for message in service.messages()
        )
        """The types that the services use, but for the well-known ones, by their full names."""

    def package_comment(self, path: str) -> str | None:
        """Return the comment above the package of a file."""
        return self.descriptors.comment(self.file(path), FileDescriptorProto.PACKAGE_FIELD_NUMBER)

    def file(self, path: str) -> FileDescriptor:
        """Return the file of a path."""
        return self.descriptors.file(path)

    def descriptor(self, message: str) -> Descriptor:
        """Return the descriptor of a message of the contract."""
        return self.descriptors.message(message)

    def method(self, service: ServiceModel, handler: HandlerModel) -> MethodDescriptor:
        """Return the descriptor of a handler."""
        descriptor = self.file(service.location.file).services_by_name[service.proto]
        return descriptor.methods_by_name[handler.rpc]

    def place(self, full_name: str) -> str | None:
        """Return the file of a documented type; None for other types, such as well-known ones."""
        found = self.used.get(full_name)
        return None if found is None else found.file.name

    def types(self, path: str) -> tuple[Message | EnumType, ...]:
        """Return the types of a file that services use, in the order of the file."""
        return tuple(
            self._message(found) if isinstance(found, Descriptor) else self._enum(found)
            for found in types_in_file(self.file(path))
            if found.full_name in self.used
        )

    def _message(self, descriptor: Descriptor) -> Message:
        comment = self.descriptors.comment
        # A field may have the name of a oneof, and then its comment is the one to show.
        comments = {oneof.name: comment(oneof) for oneof in descriptor.oneofs}
        comments.update((field.name, comment(field)) for field in descriptor.fields)
        keys = (
            field.name for field in descriptor.fields if self._options.is_key(field.GetOptions())
        )
        file = descriptor.file.name
        key, awakeables = next(keys, None), self._awakeables(descriptor)
        return Message(descriptor, file, comment(descriptor), comments, key, awakeables)

    def _awakeables(self, message: Descriptor) -> dict[str, str]:
        options = (
            (each.name, self._options.awakeable(each.GetOptions())) for each in message.fields
        )
        return {name: found.type.removeprefix(".") for name, found in options if found is not None}

    def _enum(self, descriptor: EnumDescriptor) -> EnumType:
        comment = self.descriptors.comment
        comments = {value.name: comment(value) for value in descriptor.values}
        return EnumType(descriptor, descriptor.file.name, comment(descriptor), comments)

    def _used_types(self, messages: Iterable[Descriptor]) -> dict[str, Descriptor | EnumDescriptor]:
        """Return messages and all types that they contain; of a map, the type of its values."""
        used: dict[str, Descriptor | EnumDescriptor] = {}
        waiting: list[Descriptor | EnumDescriptor] = list(messages)
        while waiting:
            found = waiting.pop()
            if found.full_name in used or found.full_name in WELL_KNOWN:
                continue
            used[found.full_name] = found
            if not isinstance(found, Descriptor):
                continue
            waiting += map(self.descriptor, self._awakeables(found).values())
            for field in found.fields:
                entry = map_entry(field)
                holder = field if entry is None else entry.fields_by_name["value"]
                type_ = holder.message_type or holder.enum_type
                if type_ is not None:
                    waiting.append(type_)
        return used
