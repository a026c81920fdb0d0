"""One version of a contract, with what a comparison looks up in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from google.protobuf.descriptor_pb2 import FeatureSet, FieldDescriptorProto

from restate_proto.contract.options import OptionReader
from restate_proto.contract.problems import Location
from restate_proto.contract.types import TypeIndex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from google.protobuf import descriptor_pb2

    from restate_proto.contract.schema import FileModel, ServiceModel
    from restate_proto.contract.source import Path
    from restate_proto.contract.types import FoundMessage

__all__ = ["ContractVersion", "FoundEnum"]

# Field numbers of FileDescriptorProto and DescriptorProto, for source paths.
_FILE_MESSAGE = 4
_FILE_ENUM = 5
_FILE_SERVICE = 6
_MESSAGE_NESTED = 3
_MESSAGE_ENUM = 4


@dataclass(frozen=True, slots=True)
class FoundEnum:
    """An enum type with its descriptor and its place."""

    full_name: str
    proto: descriptor_pb2.EnumDescriptorProto
    file: str
    path: Path


class ContractVersion:
    """A contract at one point in time.

    Args:
        files: those of its files that have Restate services.
        descriptors: its files and all that they import, parsed while our options' extensions
            were registered.
    """

    def __init__(
        self, files: Iterable[FileModel], descriptors: Iterable[descriptor_pb2.FileDescriptorProto]
    ) -> None:
        self.services: tuple[ServiceModel, ...] = tuple(s for file in files for s in file.services)
        self._files = {file.name: file for file in descriptors}
        self._index = TypeIndex(self._files.values())
        self._options = OptionReader(self._files.values())
        self._enums = {
            enum.full_name: enum for file in self._files.values() for enum in _enums(file)
        }

    def message(self, full_name: str) -> FoundMessage:
        """Returns the message of that full name, which a contract that protoc takes has."""
        found = self._index.message(full_name.removeprefix("."))
        if found is None:
            raise AssertionError(f"{full_name} is not in the contract")
        return found

    def enum(self, full_name: str) -> FoundEnum:
        """Returns the enum of that full name, likewise."""
        return self._enums[full_name.removeprefix(".")]

    def is_delimited(self, message: FoundMessage, field: FieldDescriptorProto) -> bool:
        """Returns whether a field of a message has messages that are written as groups."""
        if field.type == FieldDescriptorProto.TYPE_GROUP:
            return True
        is_in_map = message.proto.options.map_entry  # which is written as ever, as maps are
        if field.type != FieldDescriptorProto.TYPE_MESSAGE or is_in_map:
            return False
        if self.message(field.type_name).proto.options.map_entry:
            return False
        for options in (field.options, self._files[message.type.file].options):
            if options.features.HasField("message_encoding"):
                return options.features.message_encoding == FeatureSet.DELIMITED
        return False

    def is_closed(self, enum: FoundEnum) -> bool:
        """Returns whether code loses numbers that an enum does not define when it reads them."""
        file = self._files[enum.file]
        for options in (enum.proto.options, file.options):
            if options.features.HasField("enum_type"):
                return options.features.enum_type == FeatureSet.CLOSED
        return file.syntax in {"", "proto2"}  # what protoc writes for proto2 is nothing

    def location(self, file: str, path: Path) -> Location:
        """Returns where a path of a file is."""
        return self._index.source(file).location(path)

    def file(self, name: str) -> Location | None:
        """Returns the place of a file as a whole; None where there is no such file."""
        return Location(name) if name in self._files else None

    def plain_service(self, full_name: str) -> Location | None:
        """Returns where a service is that has no Restate option, or None."""
        found = self._service(full_name)
        if found is None or self._options.kinds(found[0].options):
            return None
        return found[1]

    def has_service(self, full_name: str) -> bool:
        """Whether a file of the contract, or one that it imports, has that service."""
        return self._service(full_name) is not None

    def is_go(self, service: ServiceModel) -> bool:
        """Whether the service has the Go SDK's options, which give no names."""
        return self._options.uses_go(self._files[service.location.file])

    def _service(
        self, full_name: str
    ) -> tuple[descriptor_pb2.ServiceDescriptorProto, Location] | None:
        package, _, name = full_name.rpartition(".")
        for file in self._files.values():
            if file.package != package:
                continue
            for number, service in enumerate(file.service):
                if service.name == name:
                    return service, self.location(file.name, (_FILE_SERVICE, number))
        return None


def _enums(file: descriptor_pb2.FileDescriptorProto) -> Iterator[FoundEnum]:
    def inside(
        message: descriptor_pb2.DescriptorProto, outer: str, path: Path
    ) -> Iterator[FoundEnum]:
        name = f"{outer}{message.name}."
        for number, enum in enumerate(message.enum_type):
            inner = (*path, _MESSAGE_ENUM, number)
            yield FoundEnum(f"{name}{enum.name}", enum, file.name, inner)
        for number, nested in enumerate(message.nested_type):
            yield from inside(nested, name, (*path, _MESSAGE_NESTED, number))

    package = f"{file.package}." if file.package else ""
    for number, enum in enumerate(file.enum_type):
        yield FoundEnum(f"{package}{enum.name}", enum, file.name, (_FILE_ENUM, number))
    for number, message in enumerate(file.message_type):
        yield from inside(message, package, (_FILE_MESSAGE, number))
