"""Finds the types of a request by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.contract.schema import MessageType
from restate_proto.contract.source import SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from google.protobuf import descriptor_pb2

    from restate_proto.contract.source import Path

__all__ = ["FoundMessage", "TypeIndex"]

# Field numbers of FileDescriptorProto and DescriptorProto, for source paths.
_FILE_MESSAGE = 4
_MESSAGE_NESTED = 3


@dataclass(frozen=True, slots=True)
class FoundMessage:
    """A message type with its descriptor and its place in its file."""

    type: MessageType
    proto: descriptor_pb2.DescriptorProto
    path: Path


class TypeIndex:
    """All files of a request, and the messages and enums in them by their full names."""

    def __init__(self, files: Iterable[descriptor_pb2.FileDescriptorProto]) -> None:
        self._files = {file.name: file for file in files}
        self._sources: dict[str, SourceFile] = {}
        self._messages: dict[str, FoundMessage] = {}
        self._enums: set[str] = set()
        for file in self._files.values():
            self._enums.update(_join(file.package, enum.name) for enum in file.enum_type)
            for number, message in enumerate(file.message_type):
                self._add(file, message, (), (_FILE_MESSAGE, number))

    def _add(
        self,
        file: descriptor_pb2.FileDescriptorProto,
        proto: descriptor_pb2.DescriptorProto,
        outer: tuple[str, ...],
        path: Path,
    ) -> None:
        names = (*outer, proto.name)
        full_name = _join(file.package, *names)
        found = FoundMessage(MessageType(file.name, names, full_name), proto, path)
        self._messages[full_name] = found
        self._enums.update(_join(full_name, enum.name) for enum in proto.enum_type)
        for number, nested in enumerate(proto.nested_type):
            self._add(file, nested, names, (*path, _MESSAGE_NESTED, number))

    def file(self, name: str) -> descriptor_pb2.FileDescriptorProto:
        """Returns the file of that path."""
        return self._files[name]

    def source(self, name: str) -> SourceFile:
        """Returns the source information of the file of that path."""
        if name not in self._sources:
            self._sources[name] = SourceFile(self._files[name])
        return self._sources[name]

    def message(self, full_name: str) -> FoundMessage | None:
        """Returns the message of that full name (without a leading dot), or None."""
        return self._messages.get(full_name)

    def messages_of(self, file: str) -> Iterator[FoundMessage]:
        """Yields the messages that the file defines, nested ones too."""
        return (found for found in self._messages.values() if found.type.file == file)

    def is_enum(self, full_name: str) -> bool:
        """Whether an enum has that full name."""
        return full_name in self._enums

    def named_like(self, name: str) -> str | None:
        """Returns the full name of the one message whose last names are `name`, or None."""
        found = [full for full in self._messages if full.endswith("." + name.removeprefix("."))]
        return found[0] if len(found) == 1 else None

    def visible(self, file: str) -> set[str]:
        """Returns the paths of the files whose types `file` sees: its imports, itself included."""
        seen = {file}
        waiting = list(self._files[file].dependency)
        while waiting:
            name = waiting.pop()
            if name in seen or name not in self._files:
                continue
            seen.add(name)
            imported = self._files[name]
            waiting += (imported.dependency[number] for number in imported.public_dependency)
        return seen


def _join(*names: str) -> str:
    return ".".join(filter(None, names))
