"""The descriptors that generated code brings along for message classes that have none themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from google.protobuf.descriptor_pb2 import DescriptorProto

    from restate_proto.contract.schema import FileModel

__all__ = ["bare_files", "embedded_files"]

_WELL_KNOWN = "google/protobuf/"  # is where protobuf is
_OPTIONS = "google/protobuf/descriptor.proto"


def embedded_files(files: Iterable[FileDescriptorProto], file: FileModel) -> bytes:
    """Returns the serialized `FileDescriptorSet` for `_rt.message_files`.

    It has the file and those that its messages and services refer to, without comments. The
    well-known types are not in it.

    Args:
        files: all files of the request.
        file: whose generated code it is for.
    """
    types = {message.full_name for service in file.services for message in service.messages()}
    bare = bare_files(files, {file.path: types})
    for each in bare:
        each.ClearField("source_code_info")
    kept = (each for each in bare if not each.name.startswith(_WELL_KNOWN))
    return FileDescriptorSet(file=kept).SerializeToString(deterministic=True)


def bare_files(
    files: Iterable[FileDescriptorProto], wanted: Mapping[str, AbstractSet[str]]
) -> list[FileDescriptorProto]:
    """Returns files without services and custom options, and without the imports for those.

    Args:
        files: where they and their imports are.
        wanted: the paths of the files, each with the full names of types that it has to import
            though no field is of them.

    Returns:
        Copies of them and of what they import, each after its own imports.
    """
    contract = _Contract(files, wanted)
    for path in wanted:
        contract.add(path)
    return list(contract.bare.values())


class _Contract:
    """Files with their types."""

    def __init__(
        self, files: Iterable[FileDescriptorProto], wanted: Mapping[str, AbstractSet[str]]
    ) -> None:
        self._files = {file.name: file for file in files}
        self._wanted = wanted
        self._file_of = {name: file.name for file in self._files.values() for name in _types(file)}
        self.bare: dict[str, FileDescriptorProto] = {}

    def add(self, path: str) -> None:
        """Adds a file to `bare`, after those that it needs."""
        if path in self.bare:
            return
        file = FileDescriptorProto()
        file.CopyFrom(self._files[path])
        file.ClearField("service")
        file.DiscardUnknownFields()  # options of extensions that are not loaded
        _remove_extensions(file)
        self._remove_option_definitions(file)
        needed = {self._file_of[name] for name in self._wanted.get(path, ())}
        needed.update(self._file_of[name] for name in _references(file))
        needed.discard(path)
        # Not its imports as they are: some are for options, and some define nothing but import
        # publicly what does.
        for field in ("dependency", "public_dependency", "weak_dependency", "option_dependency"):
            if field in file.DESCRIPTOR.fields_by_name:
                file.ClearField(field)
        for dependency in sorted(needed):
            self.add(dependency)
            file.dependency.append(dependency)
        self.bare[path] = file

    def _remove_option_definitions(self, file: FileDescriptorProto) -> None:
        for scope in (file, *_messages(file.message_type)):
            kept = [
                extension
                for extension in scope.extension
                if self._file_of[extension.extendee.lstrip(".")] != _OPTIONS
            ]
            del scope.extension[:]
            scope.extension.extend(kept)


def _messages(messages: Iterable[DescriptorProto]) -> Iterator[DescriptorProto]:
    for message in messages:
        yield message
        yield from _messages(message.nested_type)


def _types(file: FileDescriptorProto) -> Iterator[str]:
    def inside(scope: str, messages: Iterable[DescriptorProto]) -> Iterator[str]:
        for message in messages:
            name = f"{scope}{message.name}"
            yield name
            yield from (f"{name}.{enum.name}" for enum in message.enum_type)
            yield from inside(f"{name}.", message.nested_type)

    scope = f"{file.package}." if file.package else ""
    yield from (f"{scope}{enum.name}" for enum in file.enum_type)
    yield from inside(scope, file.message_type)


def _references(file: FileDescriptorProto) -> Iterator[str]:
    """Yields the full names of the types of all fields, and of what extensions extend."""
    for scope in (file, *_messages(file.message_type)):
        fields = list(scope.extension)
        if not isinstance(scope, FileDescriptorProto):
            fields += scope.field
        for field in fields:
            yield from (name.lstrip(".") for name in (field.type_name, field.extendee) if name)


def _remove_extensions(message: Any) -> None:
    """Removes the extensions in a message, and in all messages inside of it."""
    for field, value in message.ListFields():
        if field.is_extension:
            message.ClearExtension(field)
        elif field.message_type is not None:
            for inner in [value] if hasattr(value, "ListFields") else value:
                _remove_extensions(inner)
