"""The descriptors that generated code contains for message classes without descriptors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from restate_proto.protobuf import messages_in_file
from restate_proto.rules import RULES_FILE, rule_options

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from google.protobuf.descriptor import FileDescriptor
    from google.protobuf.descriptor_pb2 import DescriptorProto

    from restate_proto.contract.descriptors import Descriptors
    from restate_proto.contract.schema import FileModel

__all__ = ["bare_files", "embedded_files"]

_WELL_KNOWN = "google/protobuf/"  # every installation of protobuf has these
_OURS = "restatepb/"
_OPTIONS = "google/protobuf/descriptor.proto"


def embedded_files(descriptors: Descriptors, file: FileModel) -> bytes:
    """Return the serialized `FileDescriptorSet` for `_rt.message_files`.

    It contains the file itself, at the end, and all files that its messages and services refer to,
    without comments. Services and our options are kept, because an endpoint registers them as its
    contract. The well-known types are left out.

    Args:
        descriptors: all files of the request.
        file: the file whose generated code will contain them.
    """
    types = {message.full_name for message in file.messages()}
    contract = _Contract(descriptors, {file.path: types}, with_rules=True, with_services=True)
    contract.add(file.path)
    bare = list(contract.bare.values())
    for each in bare:
        each.ClearField("source_code_info")
    kept = (each for each in bare if not each.name.startswith(_WELL_KNOWN))
    return FileDescriptorSet(file=kept).SerializeToString(deterministic=True)


def bare_files(
    descriptors: Descriptors,
    wanted: Mapping[str, AbstractSet[str]],
) -> list[FileDescriptorProto]:
    """Return files without services and custom options, and without the imports for those.

    Args:
        descriptors: has the files and their imports.
        wanted: the paths of the files, each with the full names of messages whose files it has to
            import even though no field is of their type.

    Returns:
        Copies of the files and of what they import, each after its own imports.
    """
    contract = _Contract(descriptors, wanted)
    for path in wanted:
        contract.add(path)
    return list(contract.bare.values())


class _Contract:
    """Copies of files, reduced to what messages need.

    Args:
        descriptors: has the files and their imports.
        wanted: the full names of messages that files have to import, by the paths of the files.
        with_rules: whether to keep the options of `buf.validate`. They are read from their bytes,
            so that their own file is not needed.
        with_services: whether to keep the services of the wanted files, and our own options.
    """

    def __init__(
        self,
        descriptors: Descriptors,
        wanted: Mapping[str, AbstractSet[str]],
        *,
        with_rules: bool = False,
        with_services: bool = False,
    ) -> None:
        self._with_rules = with_rules
        self._with_services = with_services
        # A contract's own rules extend messages of buf/validate/validate.proto.
        self._option_files = {_OPTIONS} if with_rules else {_OPTIONS, RULES_FILE}
        self._descriptors = descriptors
        self._wanted = wanted
        self.bare: dict[str, FileDescriptorProto] = {}

    def add(self, path: str) -> None:
        """Add a reduced file to `bare`, after those that it needs."""
        if path in self.bare:
            return
        file = FileDescriptorProto()
        file.CopyFrom(self._descriptors.protos[path])
        keeps_services = self._with_services and path in self._wanted
        if not keeps_services:
            file.ClearField("service")
        rules = [*_rules(file)] if self._with_rules else []
        file.DiscardUnknownFields()  # options whose extensions are not loaded
        _remove_extensions(file, but_ours=self._with_services)
        for options, data in rules:
            options.MergeFromString(data)
        self._remove_option_definitions(file)
        needed = {self._file_of(name) for name in self._wanted.get(path, ())}
        needed.update(self._needed(path))
        if keeps_services:
            needed.update(_used_by_services(self._descriptors.file(path)))
        needed.discard(path)
        # The imports are found anew: some of them were for options only, and some define nothing
        # but import the needed file publicly.
        for field in ("dependency", "public_dependency", "weak_dependency", "option_dependency"):
            if field in file.DESCRIPTOR.fields_by_name:
                file.ClearField(field)
        for dependency in sorted(needed):
            self.add(dependency)
            file.dependency.append(dependency)
        self.bare[path] = file

    def _needed(self, path: str) -> Iterator[str]:
        """Yield the files of all field types and of all extended messages."""
        file = self._descriptors.file(path)
        messages = list(messages_in_file(file))
        extensions: list[Any] = [
            *file.extensions_by_name.values()
        ]  # typed Any, because extended types are not in the stubs
        extensions += (each for message in messages for each in message.extensions)
        kept = [
            each for each in extensions if each.containing_type.file.name not in self._option_files
        ]
        yield from (each.containing_type.file.name for each in kept)
        for field in (*kept, *(field for message in messages for field in message.fields)):
            type_ = field.message_type or field.enum_type
            if type_ is not None:
                yield type_.file.name

    def _remove_option_definitions(self, file: FileDescriptorProto) -> None:
        for scope in (file, *_messages(file.message_type)):
            kept = [
                each
                for each in scope.extension
                if self._file_of(each.extendee) not in self._option_files
            ]
            del scope.extension[:]
            scope.extension.extend(kept)

    def _file_of(self, message: str) -> str:
        return self._descriptors.message(message.lstrip(".")).file.name


def _used_by_services(file: FileDescriptor) -> Iterator[str]:
    """Yield the files of the request and response types of a file's methods."""
    for service in file.services_by_name.values():
        for method in service.methods:
            yield from (method.input_type.file.name, method.output_type.file.name)


def _messages(messages: Iterable[DescriptorProto]) -> Iterator[DescriptorProto]:
    for message in messages:
        yield message
        yield from _messages(message.nested_type)


def _rules(message: Any) -> Iterator[tuple[Any, bytes]]:
    """Yield the options in a message that have rules, each with the rules as bytes."""
    for field, value in message.ListFields():
        if field.is_extension or field.message_type is None:
            continue
        for inner in [value] if hasattr(value, "ListFields") else value:
            if field.name == "options":
                data = rule_options(inner)
                if data:
                    yield inner, data
            else:
                yield from _rules(inner)


def _remove_extensions(message: Any, *, but_ours: bool) -> None:
    """Remove the extensions in a message, and in all messages inside of it."""
    for field, value in message.ListFields():
        if field.is_extension:
            if not (but_ours and field.file.name.startswith(_OURS)):
                message.ClearExtension(field)
        elif field.message_type is not None:
            for inner in [value] if hasattr(value, "ListFields") else value:
                _remove_extensions(inner, but_ours=but_ours)
