"""The .proto files of a request: types by name, with the place and the comment of each."""

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
from google.protobuf.message import EncodeError

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
    """The files of a request, loaded into a descriptor pool of their own.

    Args:
        files: the requested files and everything that they import. They must be parsed after the
            extensions of our options were registered, because protobuf does not see the options
            otherwise.

    Raises:
        PluginError: a path is not safe in code or file systems, a text is not UTF-8, a descriptor
            lacks a required field, protobuf refuses a file, or the files do not fit together.
    """

    def __init__(self, files: Iterable[FileDescriptorProto]) -> None:
        self.protos = {file.name: file for file in files}
        """The files as they were given, by their paths."""
        _check_paths(self.protos)
        _check_texts(self.protos.values())
        self._pool = DescriptorPool()
        # A dict instead of the pool, because protobuf 7 does not find files whose path is not ASCII.
        self._files = {name: self._add(self.protos[name]) for name in _imported_first(self.protos)}
        self._type_paths = {
            name: path for file in self._files.values() for name, path in _type_paths(file).items()
        }
        self._sources: dict[str, SourceFile] = {}

    def _add(self, file: FileDescriptorProto) -> FileDescriptor:
        try:
            return self._pool.AddSerializedFile(file.SerializeToString())
        except (TypeError, KeyError) as error:  # pure-Python protobuf raises the latter
            reason = str(error).removeprefix(_REFUSED)
            raise PluginError(
                printable(
                    f"{file.name}: protobuf {google.protobuf.__version__} cannot read it: {reason}; "
                    "correct the file, or install a newer protobuf"
                )
            ) from error
        except EncodeError as error:  # a required field of a descriptor is missing
            text = f"{file.name}: the request is not complete: {error}; compile the file again"
            raise PluginError(printable(text)) from error

    def file(self, path: str) -> FileDescriptor:
        """Return the file of that path.

        Raises:
            PluginError: the request does not have it.
        """
        found = self._files.get(path)
        if found is None:
            raise PluginError(
                printable(
                    f"the request asks for {path or 'a file without a name'}, but does not contain it"
                )
            )
        return found

    def message(self, full_name: str) -> Descriptor:
        """Return the message of that full name (without a leading dot), which must exist."""
        return self._pool.FindMessageTypeByName(full_name)

    def find_message(self, full_name: str) -> Descriptor | None:
        """Return the message of that full name, or None."""
        return _find(self._pool.FindMessageTypeByName, full_name)

    def find_enum(self, full_name: str) -> EnumDescriptor | None:
        """Return the enum of that full name, or None."""
        return _find(self._pool.FindEnumTypeByName, full_name)

    def find_service(self, full_name: str) -> ServiceDescriptor | None:
        """Return the service of that full name, or None."""
        return _find(self._pool.FindServiceByName, full_name)

    def extended_by(self, message: str, number: int) -> str | None:
        """Return the package that extends a message with a field of that number, or None.

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
        """Yield all messages, nested ones too."""
        for path in self.protos:
            yield from messages_in_file(self.file(path))

    def visible(self, path: str) -> set[str]:
        """Return the paths of the files whose types a file can use: its own and its imports."""
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
        """Return the place of a thing, or else of the nearest thing around it that has one.

        Args:
            descriptor: a file, message, field, service, method or enum.
            inside: the source path of a part of it, relative to it.
        """
        file, path = self._place(descriptor)
        return self._source(file).location((*path, *inside))

    def comment(self, descriptor: AnyDescriptor, *inside: int) -> str | None:
        """Return the cleaned comment above a thing, or after it on its line; None if it has none.

        Args:
            descriptor: a file, message, field, service, method or enum.
            inside: as for `location`.
        """
        file, path = self._place(descriptor)
        return self._source(file).comment((*path, *inside))

    def proto(self, type_: Descriptor | EnumDescriptor) -> Any:
        """Return a type's proto, which has reserved names and numbers that its descriptor lacks."""
        file, path = self._place(type_)
        found: Any = self.protos[file]
        for number, index in zip(path[::2], path[1::2], strict=True):
            found = getattr(found, found.DESCRIPTOR.fields_by_number[number].name)[index]
        return found

    def _place(self, descriptor: AnyDescriptor) -> tuple[str, Path]:
        """Return the path of the file that has a thing, and the thing's source path in it."""
        outer: Any  # the stubs do not know that a field always has an outer message
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
    """Refuse paths that cannot go into generated code or name a generated file."""
    for path in paths:
        if isinstance(path, bytes):
            raise PluginError(f"the request has a file whose path is not UTF-8: {path!r}")
    problems = [problem for problem in map(proto_path_problem, paths) if problem is not None]
    if problems:
        raise PluginError("\n".join(problems))


def _check_texts(files: Iterable[FileDescriptorProto]) -> None:
    """Refuse text that is not UTF-8, which protobuf reads as bytes in files of proto2."""
    for file in files:
        texts: list[object] = [value for _, value in file.options.ListFields()]
        for place in file.source_code_info.location:
            texts += (place.leading_comments, place.trailing_comments)
            texts += place.leading_detached_comments
        if any(isinstance(each, bytes) for each in texts):
            text = f"{file.name}: a comment or an option is not UTF-8; save the file as UTF-8"
            raise PluginError(printable(text))


def _imported_first(files: Mapping[str, FileDescriptorProto]) -> Iterable[str]:
    """Return the paths of files, each after those that it imports."""
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
    """Return the source paths of the types of a file by their full names."""
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


# A source path, as in SourceCodeInfo: field numbers and indexes, starting at FileDescriptorProto.


class SourceFile:
    """The source information of one file; it may be empty, because buf leaves it out for imports."""

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
        """Return the place of `path`, or of the nearest thing around it that has a place."""
        for length in range(len(path), 0, -1):
            span = self._spans.get(path[:length])
            if span is not None:
                return Location(self._name, *span)
        return Location(self._name)

    def comment(self, path: Path) -> str | None:
        """Return the cleaned comment above `path`, or after it on its line; None if it has none."""
        return clean_comment(self._comments.get(path, ""))


def clean_comment(text: str) -> str | None:
    """Return a comment without margin and directives to linters; None if it is empty."""
    lines = [line.expandtabs(4).rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    lines = [line for line in lines if not line.lstrip().startswith("buf:lint:")]
    margin = min((len(line) - len(line.lstrip(" ")) for line in lines if line), default=0)
    return "\n".join(line[margin:] for line in lines).strip("\n") or None
