"""The names and modules that protoc-gen-es gives to the messages of a file."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from google.protobuf.descriptor import Descriptor

from restate_proto.generate.typescript.names import safe_identifier
from restate_proto.protobuf import names_in_file, types_in_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from google.protobuf.descriptor import EnumDescriptor, FileDescriptor

    from restate_proto.contract.descriptors import Descriptors
    from restate_proto.contract.schema import MessageType

__all__ = ["EsMessages", "relative_module"]

_RUNTIME = "@bufbuild/protobuf"

# The files whose messages the runtime exports from `@bufbuild/protobuf/wkt`.
_WELL_KNOWN = frozenset(
    f"google/protobuf/{name}.proto"
    for name in (
        *("any", "api", "compiler/plugin", "descriptor", "duration", "empty", "field_mask"),
        *("source_context", "struct", "timestamp", "type", "wrappers"),
    )
)


class EsMessages:
    """Finds what protoc-gen-es generates for the files of one request.

    Args:
        descriptors: the files.
        generated: the paths of the files that code is generated for.
        extension: the extension of imported modules: `.js`, `.ts` or nothing.
    """

    def __init__(
        self, descriptors: Descriptors, generated: Iterable[str], extension: str = ".js"
    ) -> None:
        self._descriptors = descriptors
        self._generated = frozenset(generated)
        self._extension = extension
        self._names: dict[str, dict[str, tuple[str, str]]] = {}

    def shape(self, message: MessageType) -> str:
        """Return the name of the type of a message: `Outer_Inner`."""
        return self._names_of(message)[0]

    def schema(self, message: MessageType) -> str:
        """Return the name of the schema of a message: `Outer_InnerSchema`."""
        return self._names_of(message)[1]

    def module(self, message: MessageType, file: str) -> str:
        """Return the module of a message, as the code for a contract imports it.

        Args:
            message: the message.
            file: the path of the contract.
        """
        if message.file in _WELL_KNOWN and message.file not in self._generated:
            return f"{_RUNTIME}/wkt"
        target = f"{message.file.removesuffix('.proto')}_pb"
        return relative_module(target, file, self._extension)

    def _names_of(self, message: MessageType) -> tuple[str, str]:
        found = self._names.get(message.file)
        if found is None:
            found = dict(_names(self._descriptors.file(message.file)))
            self._names[message.file] = found
        return found[message.full_name]


def relative_module(target: str, file: str, extension: str) -> str:
    """Return the path of a module as another file imports it.

    Args:
        target: the path of the module without its extension: `shop/v1/cart_pb`.
        file: the path of the file that imports it.
        extension: the extension of imported modules.
    """
    path = posixpath.relpath(target, posixpath.dirname(file) or ".")
    return f"{path if path.startswith('../') else f'./{path}'}{extension}"


def _names(file: FileDescriptor) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the names of the type and the schema of each message, by its full name.

    If a name is taken, it gets a `$`, then `$1` and so on: first the types, then the schemas.
    """
    types = [type_ for type_ in types_in_file(file) if not _is_entry_of_map(type_)]
    taken: set[str] = set()
    written = {type_.full_name: "_".join(names_in_file(type_)) for type_ in types}
    shapes = {name: _free(identifier, taken) for name, identifier in written.items()}
    for name, identifier in written.items():
        yield name, (shapes[name], _free(f"{identifier}Schema", taken))


def _is_entry_of_map(type_: Descriptor | EnumDescriptor) -> bool:
    return isinstance(type_, Descriptor) and type_.GetOptions().map_entry


def _free(identifier: str, taken: set[str]) -> str:
    number = 0
    while True:
        salt = "" if not number else "$" if number == 1 else f"${number - 1}"
        name = safe_identifier(identifier + salt)
        if name not in taken:
            taken.add(name)
            return name
        number += 1
