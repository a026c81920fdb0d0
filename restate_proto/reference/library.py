"""The types that services use: their descriptors, with the comments of the contract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from google.protobuf.descriptor_pool import DescriptorPool

from restate_proto.codec.json_forms import WELL_KNOWN
from restate_proto.contract.options import OptionReader
from restate_proto.contract.source import SourceFile
from restate_proto.errors import RestateError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from google.protobuf.descriptor import Descriptor, EnumDescriptor
    from google.protobuf.descriptor_pb2 import (
        DescriptorProto,
        EnumDescriptorProto,
        FileDescriptorProto,
        FileDescriptorSet,
    )

    from restate_proto.contract.schema import FileModel
    from restate_proto.contract.source import Path

__all__ = ["EnumType", "Library", "LibraryError", "Message"]

# Field numbers of FileDescriptorProto, DescriptorProto and EnumDescriptorProto, for source paths.
_FILE_PACKAGE = 2
_FILE_MESSAGE, _FILE_ENUM = 4, 5
_MESSAGE_FIELD, _MESSAGE_NESTED, _MESSAGE_ENUM, _MESSAGE_ONEOF = 2, 3, 4, 8
_ENUM_VALUE = 2


class LibraryError(RestateError):
    """The descriptors do not fit together; the message says why."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message type.

    Args:
        descriptor: its descriptor.
        file: the path of its file.
        comment: its comment.
        comments: those of its fields and oneofs, by their names.
        key: the name of the field that holds the object key or workflow id; None where none does.
    """

    descriptor: Descriptor
    file: str
    comment: str | None
    comments: Mapping[str, str | None]
    key: str | None


@dataclass(frozen=True, slots=True)
class EnumType:
    """An enum type.

    Args:
        descriptor: its descriptor.
        file: the path of its file.
        comment: its comment.
        comments: those of its values, by their names.
    """

    descriptor: EnumDescriptor
    file: str
    comment: str | None
    comments: Mapping[str, str | None]


class Library:
    """What the services of a contract use, and where it is.

    Args:
        descriptors: the contract's files and all that they import.
        services: those of its files that have Restate services.

    Raises:
        LibraryError: the descriptors do not fit together.
    """

    def __init__(self, descriptors: FileDescriptorSet, services: Iterable[FileModel]) -> None:
        self._files = {file.name: file for file in descriptors.file}
        self._options = OptionReader(descriptors.file)
        self._pool = DescriptorPool()
        self._added: set[str] = set()
        for name in self._files:
            self._add(name)
        self._types = {
            found.descriptor.full_name: found
            for file in self._files.values()
            for found in self._types_of(file)
        }
        self.used = self._reachable(
            message.full_name
            for file in services
            for service in file.services
            for message in service.messages()
        )
        """The full names of the types that the services use, but for the well-known ones."""

    def _add(self, name: str) -> None:
        if name in self._added or name not in self._files:
            return
        self._added.add(name)
        file = self._files[name]
        for dependency in file.dependency:
            self._add(dependency)
        try:
            self._pool.AddSerializedFile(file.SerializeToString())
        except TypeError as error:
            raise LibraryError(f"{name}: {error}") from error

    def package_comment(self, file: str) -> str | None:
        """The comment above the package of a file."""
        return SourceFile(self._files[file]).comment((_FILE_PACKAGE,))

    def file(self, name: str) -> FileDescriptorProto:
        """The file of a path."""
        return self._files[name]

    @property
    def files(self) -> Iterator[FileDescriptorProto]:
        """All files, imports too."""
        yield from self._files.values()

    def descriptor(self, message: str) -> Descriptor:
        """The descriptor of a message, by its full name."""
        return self._pool.FindMessageTypeByName(message)

    def place(self, full_name: str) -> str | None:
        """The file of a type that is documented; None for others, such as well-known ones."""
        return self._types[full_name].file if full_name in self.used else None

    def types(self, file: str) -> tuple[Message | EnumType, ...]:
        """The types of a file that the services use, in the order of the file."""
        return tuple(
            found for name, found in self._types.items() if found.file == file and name in self.used
        )

    def _reachable(self, names: Iterable[str]) -> frozenset[str]:
        seen: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name in seen or name in WELL_KNOWN:
                continue
            seen.add(name)
            found = self._types[name]
            if isinstance(found, Message):
                for field in found.descriptor.fields:
                    type_ = field.message_type or field.enum_type
                    if type_ is not None:
                        waiting.append(type_.full_name)
        return frozenset(
            name
            for name in seen
            if not (isinstance(found := self._types[name], Message) and _is_map_entry(found))
        )

    def _types_of(self, file: FileDescriptorProto) -> Iterator[Message | EnumType]:
        source = SourceFile(file)
        outer = f"{file.package}." if file.package else ""
        for number, message in enumerate(file.message_type):
            yield from self._messages(file.name, source, message, outer, (_FILE_MESSAGE, number))
        for number, enum in enumerate(file.enum_type):
            yield self._enum(file.name, source, enum, outer, (_FILE_ENUM, number))

    def _messages(
        self, file: str, source: SourceFile, proto: DescriptorProto, outer: str, path: Path
    ) -> Iterator[Message | EnumType]:
        name = f"{outer}{proto.name}"
        comments = {
            field.name: source.comment((*path, _MESSAGE_FIELD, number))
            for number, field in enumerate(proto.field)
        }
        for number, oneof in enumerate(proto.oneof_decl):
            comments.setdefault(oneof.name, source.comment((*path, _MESSAGE_ONEOF, number)))
        keys = (field.name for field in proto.field if self._options.is_key(field.options))
        key = next(keys, None)
        yield Message(self.descriptor(name), file, source.comment(path), comments, key)
        for number, nested in enumerate(proto.nested_type):
            inner = (*path, _MESSAGE_NESTED, number)
            yield from self._messages(file, source, nested, f"{name}.", inner)
        for number, enum in enumerate(proto.enum_type):
            yield self._enum(file, source, enum, f"{name}.", (*path, _MESSAGE_ENUM, number))

    def _enum(
        self, file: str, source: SourceFile, proto: EnumDescriptorProto, outer: str, path: Path
    ) -> EnumType:
        comments = {
            value.name: source.comment((*path, _ENUM_VALUE, number))
            for number, value in enumerate(proto.value)
        }
        descriptor = self._pool.FindEnumTypeByName(f"{outer}{proto.name}")
        return EnumType(descriptor, file, source.comment(path), comments)


def _is_map_entry(message: Message) -> bool:
    return message.descriptor.GetOptions().map_entry
