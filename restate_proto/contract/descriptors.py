"""The files of a request: their types by name, and where and with which comment each is written."""

from __future__ import annotations

from collections import Counter
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, TypeVar

import google.protobuf
from google.protobuf.descriptor import (
    Descriptor,
    EnumDescriptor,
    EnumValueDescriptor,
    FieldDescriptor,
    FileDescriptor,
    MethodDescriptor,
    OneofDescriptor,
    ServiceDescriptor,
)
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FileDescriptorProto,
    ServiceDescriptorProto,
)
from google.protobuf.descriptor_pool import DescriptorPool

from restate_proto.contract.paths import printable, proto_path_problem
from restate_proto.contract.problems import Location, PluginError
from restate_proto.protobuf import messages_in_file, types_in_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


__all__ = ["AnyDescriptor", "Descriptors", "Path", "SourceFile", "clean_comment"]

T = TypeVar("T")

AnyDescriptor = (
    FileDescriptor
    | Descriptor
    | FieldDescriptor
    | OneofDescriptor
    | EnumDescriptor
    | EnumValueDescriptor
    | ServiceDescriptor
    | MethodDescriptor
)

Path = tuple[int, ...]

_REFUSED = "Couldn't build proto file into descriptor pool: "


class Descriptors:
    """The files of a request in a pool of their own.

    Args:
        files: all that are asked for and all that they import, parsed while our options' extensions
            were registered.

    Raises:
        PluginError: a path cannot go into code and file systems, protobuf refuses a file, or the
            files do not fit together.
    """

    def __init__(self, files: Iterable[FileDescriptorProto]) -> None:
        self.protos = {file.name: file for file in files}
        """The files as they were given, by their paths."""
        _check_paths(self.protos)
        self._pool = DescriptorPool()
        # Not asked of the pool: protobuf 7 finds no file whose path is not ASCII.
        self._files = {name: self._add(self.protos[name]) for name in _imported_first(self.protos)}
        self._type_paths = {
            name: path for file in self._files.values() for name, path in _type_paths(file).items()
        }
        self._sources: dict[str, SourceFile] = {}

    def _add(self, file: FileDescriptorProto) -> FileDescriptor:
        try:
            return self._pool.AddSerializedFile(file.SerializeToString())
        except (TypeError, KeyError) as error:  # the latter where protobuf is pure Python
            reason = str(error).removeprefix(_REFUSED)
            raise PluginError(
                printable(
                    f"{file.name}: protobuf {google.protobuf.__version__} cannot read it: {reason}; "
                    "correct the file, or install a newer protobuf"
                )
            ) from error

    def file(self, path: str) -> FileDescriptor:
        """Returns the file of that path."""
        return self._files[path]

    def message(self, full_name: str) -> Descriptor:
        """Returns the message of that full name (without a leading dot), which is there."""
        return self._pool.FindMessageTypeByName(full_name)

    def find_message(self, full_name: str) -> Descriptor | None:
        """Returns the message of that full name, or None."""
        return _find(self._pool.FindMessageTypeByName, full_name)

    def find_enum(self, full_name: str) -> EnumDescriptor | None:
        """Returns the enum of that full name, or None."""
        return _find(self._pool.FindEnumTypeByName, full_name)

    def find_service(self, full_name: str) -> ServiceDescriptor | None:
        """Returns the service of that full name, or None."""
        return _find(self._pool.FindServiceByName, full_name)

    def extended_by(self, message: str, number: int) -> str | None:
        """Returns the package that has a field of that number as its extension of a message.

        Args:
            message: the full name of the message, which need not be in the request.
            number: the number of the field.
        """
        extended = self.find_message(message)
        if extended is None:
            return None
        try:
            found: Any = self._pool.FindExtensionByNumber(extended, number)
        except KeyError:
            return None
        return found.file.package  # which the stubs do not know

    def messages(self) -> Iterator[Descriptor]:
        """Yields all messages, nested ones too."""
        for path in self.protos:
            yield from messages_in_file(self.file(path))

    def visible(self, path: str) -> set[str]:
        """Returns the paths of the files whose types a file sees: its imports, itself included."""
        file = self.file(path)
        seen = {path}
        waiting = list(file.dependencies)
        while waiting:
            imported = waiting.pop()
            if imported.name not in seen:
                seen.add(imported.name)
                waiting += imported.public_dependencies
        return seen

    def location(self, descriptor: AnyDescriptor, *inside: int) -> Location:
        """Returns where a thing is written, or the nearest thing around it that is known.

        Args:
            descriptor: the thing.
            inside: the source path of a part of it, from the thing on.
        """
        file, path = self._place(descriptor)
        return self._source(file).location((*path, *inside))

    def comment(self, descriptor: AnyDescriptor, *inside: int) -> str | None:
        """Returns the comment above a thing (or after it on its line), cleaned up, if any.

        Args:
            descriptor: the thing.
            inside: as for `location`.
        """
        file, path = self._place(descriptor)
        return self._source(file).comment((*path, *inside))

    def proto(self, type_: Descriptor | EnumDescriptor) -> Any:
        """Returns a type as it was given, with what its descriptor does not tell: the reserved."""
        file, path = self._place(type_)
        found: Any = self.protos[file]
        for number, index in zip(path[::2], path[1::2], strict=True):
            found = getattr(found, found.DESCRIPTOR.fields_by_number[number].name)[index]
        return found

    def _place(self, descriptor: AnyDescriptor) -> tuple[str, Path]:
        """Returns the path of a thing's file, and its own in that file."""
        outer: Any  # a field has an outer message, which the stubs do not know for sure
        match descriptor:
            case FileDescriptor():
                return descriptor.name, ()
            case Descriptor() | EnumDescriptor():
                return descriptor.file.name, self._type_paths[descriptor.full_name]
            case FieldDescriptor():
                outer, number = descriptor.containing_type, DescriptorProto.FIELD_FIELD_NUMBER
            case OneofDescriptor():
                outer, number = descriptor.containing_type, DescriptorProto.ONEOF_DECL_FIELD_NUMBER
            case EnumValueDescriptor():
                outer, number = descriptor.type, EnumDescriptorProto.VALUE_FIELD_NUMBER
            case ServiceDescriptor():
                outer, number = descriptor.file, FileDescriptorProto.SERVICE_FIELD_NUMBER
            case MethodDescriptor():
                outer = descriptor.containing_service
                number = ServiceDescriptorProto.METHOD_FIELD_NUMBER
        file, path = self._place(outer)
        return file, (*path, number, descriptor.index)

    def _source(self, file: str) -> SourceFile:
        if file not in self._sources:
            self._sources[file] = SourceFile(self.protos[file])
        return self._sources[file]


def _check_paths(paths: Iterable[str]) -> None:
    """Generated code names all files, and is called like those that are asked for."""
    problems = [problem for problem in map(proto_path_problem, paths) if problem is not None]
    if problems:
        raise PluginError("\n".join(problems))


def _imported_first(files: Mapping[str, FileDescriptorProto]) -> Iterable[str]:
    """Returns the paths of files, each after those that it imports."""
    imports = {
        name: [imported for imported in file.dependency if imported in files]
        for name, file in files.items()
    }
    try:
        return tuple(TopologicalSorter(imports).static_order())
    except CycleError as error:
        circle = " imports ".join(reversed(error.args[1]))
        raise PluginError(printable(f"{circle}; remove one of these imports")) from error


def _type_paths(file: FileDescriptor) -> dict[str, Path]:
    """Returns the source paths of the types of a file by their full names."""
    paths: dict[str, Path] = {}
    before: Counter[Path] = Counter()
    for found in types_in_file(file):
        outer = found.containing_type
        if outer is None:
            around: Path = ()
            message, enum = (
                FileDescriptorProto.MESSAGE_TYPE_FIELD_NUMBER,
                FileDescriptorProto.ENUM_TYPE_FIELD_NUMBER,
            )
        else:
            around = paths[outer.full_name]
            message, enum = (
                DescriptorProto.NESTED_TYPE_FIELD_NUMBER,
                DescriptorProto.ENUM_TYPE_FIELD_NUMBER,
            )
        kind = (*around, enum if isinstance(found, EnumDescriptor) else message)
        paths[found.full_name] = (*kind, before[kind])
        before[kind] += 1
    return paths


def _find(find: Callable[[str], T], full_name: str) -> T | None:
    try:
        return find(full_name)
    except KeyError:
        return None


# As in SourceCodeInfo: field numbers and indexes from the FileDescriptorProto down.


class SourceFile:
    """The source information of one file, which may lack it (buf leaves it out for imports)."""

    def __init__(self, proto: FileDescriptorProto) -> None:
        self._name = proto.name
        self._spans: dict[Path, tuple[int, int]] = {}
        self._comments: dict[Path, str] = {}
        for location in proto.source_code_info.location:
            path = tuple(location.path)
            if path not in self._spans:
                self._spans[path] = (location.span[0] + 1, location.span[1] + 1)
            comment = location.leading_comments or location.trailing_comments
            if comment:
                self._comments.setdefault(path, comment)

    def location(self, path: Path) -> Location:
        """Returns where `path` is, or the nearest thing around it that is known."""
        for length in range(len(path), 0, -1):
            span = self._spans.get(path[:length])
            if span is not None:
                return Location(self._name, *span)
        return Location(self._name)

    def comment(self, path: Path) -> str | None:
        """Returns the comment above `path` (or after it on its line), cleaned up, if any."""
        return clean_comment(self._comments.get(path, ""))


def clean_comment(text: str) -> str | None:
    """Takes a comment as protoc gives it and removes its margin and the orders to linters in it."""
    lines = [line.expandtabs(4).rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    lines = [line for line in lines if not line.lstrip().startswith("buf:lint:")]
    margin = min((len(line) - len(line.lstrip(" ")) for line in lines if line), default=0)
    return "\n".join(line[margin:] for line in lines).strip("\n") or None
