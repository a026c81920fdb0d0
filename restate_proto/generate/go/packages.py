"""Find the Go packages of a request: paths, names, and what protoc-gen-go declares in them."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from google.protobuf.descriptor import Descriptor, EnumDescriptor

from restate_proto.contract.problems import PluginError
from restate_proto.generate.go.names import go_name
from restate_proto.generate.plugin import given_options
from restate_proto.protobuf import names_in_file, types_in_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restate_proto.contract.descriptors import Descriptors

__all__ = ["GoOptions", "GoPackages"]

_KEYWORDS = frozenset(
    """
    break case chan const continue default defer else fallthrough for func go goto if import
    interface map package range return select struct switch type var
    """.split()  # noqa: SIM905 - a table of words reads better
)

_OPTIONS = {
    "all_services": "true|false",
    "validate": "true|false",
    "paths": "import|source_relative",
    "module": "PREFIX",
    "M<path of a .proto file>": "IMPORT_PATH",
}


class GoOptions:
    """The options of the generator, which are those of protoc-gen-go, `all_services` and `validate`.

    Args:
        parameter: the parameter that protoc passes.

    Raises:
        PluginError: an option is unknown, is given twice, or does not take its value.
    """

    def __init__(self, parameter: str) -> None:
        parts = [part.strip() for part in parameter.split(",")]
        own = ",".join(part for part in parts if not part.startswith("M"))
        given = given_options(own, _OPTIONS)
        self.import_paths = dict(
            part[1:].split("=", 1) for part in parts if part.startswith("M") and "=" in part
        )
        self.all_services = given.get("all_services", "false")
        self.validate = given.get("validate", "false")
        self.module = given.get("module")
        paths = given.get("paths", "import")
        if paths not in {"import", "source_relative"}:
            raise PluginError(
                f'paths="{paths}" is not one of import, source_relative; write paths=source_relative'
            )
        self.is_source_relative = paths == "source_relative"
        if self.is_source_relative and self.module is not None:
            raise PluginError("module= works only with paths=import; remove one of them")


class GoPackages:
    """Finds the packages of the files of one request by the rules of protoc-gen-go.

    Args:
        descriptors: the files.
        options: the options of the generator.
    """

    def __init__(self, descriptors: Descriptors, options: GoOptions) -> None:
        self._descriptors = descriptors
        self._options = options

    def path(self, file: str) -> str:
        """Return the import path of a file's package.

        Raises:
            PluginError: the file does not name its package.
        """
        path = self._written(file)[0]
        if path is None:
            raise PluginError(f"{file}: {self.problem(file)}")
        return path

    def problem(self, file: str) -> str | None:
        """Return what is wrong with the package of a file, and what to write instead."""
        if self._written(file)[0] is not None:
            return None
        return (
            f"{file} has no Go package; write "
            f'option go_package = "example.com/{posixpath.dirname(file) or "gen"}"; in it, '
            f"or give protoc --go-restate_opt=M{file}=IMPORT_PATH"
        )

    def name(self, file: str) -> str:
        """Return the name of a file's package."""
        path, name = self._written(file)
        if name is not None:
            return name
        given = self._go_package(file)[0]
        return _sanitized(posixpath.basename(given or path or ""))

    def prefix(self, file: str) -> str:
        """Return the path of a contract's generated files, without the ending.

        Raises:
            PluginError: the file is outside of the module that the option `module` names.
        """
        stem = file.removesuffix(".proto")
        if self._options.is_source_relative:
            return stem
        made = posixpath.join(self.path(file), posixpath.basename(stem))
        if self._options.module is None:
            return made
        module = f"{self._options.module}/"
        if not made.startswith(module):
            raise PluginError(
                f"{file} is of the Go package {self.path(file)}, which is not in the module "
                f"{self._options.module}; correct go_package or module="
            )
        return made.removeprefix(module)

    def beside(self, file: str, name: str) -> str:
        """Return the path of a file in the folder of a contract's generated files."""
        return posixpath.join(posixpath.dirname(self.prefix(file)), name)

    def declared(self, package: str) -> Iterator[tuple[str, str]]:
        """Yield the names that protoc-gen-go declares in a package, each with what has the name."""
        for path, proto in self._descriptors.protos.items():
            if self._written(path)[0] != package:
                continue
            for type_ in types_in_file(self._descriptors.file(path)):
                if not (isinstance(type_, Descriptor) and type_.GetOptions().map_entry):
                    yield from _declared(type_)
            for extension in proto.extension:
                yield f"E_{go_name(extension.name)}", f"extension {extension.name}"

    def _written(self, file: str) -> tuple[str | None, str | None]:
        """Return the import path and the name of a file's package, as far as they are given."""
        given, given_name = self._go_package(file)
        path, _, name = self._options.import_paths.get(file, "").partition(";")
        return path or given, name or given_name

    def _go_package(self, file: str) -> tuple[str | None, str | None]:
        option = self._descriptors.protos[file].options.go_package
        path, _, name = option.partition(";")
        return path or None, name or None


def _declared(type_: Descriptor | EnumDescriptor) -> Iterator[tuple[str, str]]:
    name = go_name(".".join(names_in_file(type_)))
    if isinstance(type_, EnumDescriptor):
        title = f"enum {type_.full_name}"
        outer = ".".join(names_in_file(type_)[:-1])
        before = go_name(outer) if outer else name
        yield from ((each, title) for each in (name, f"{name}_name", f"{name}_value"))
        yield from ((f"{before}_{value.name}", title) for value in type_.values)
        return
    title = f"message {type_.full_name}"
    yield name, title
    for oneof in type_.oneofs:
        yield from ((f"{name}_{go_name(field.name)}", title) for field in oneof.fields)


def _sanitized(name: str) -> str:
    """Turn any text into the name of a package."""
    name = re.sub(r"\W", "_", name)
    return f"_{name}" if name in _KEYWORDS or not name[:1].isalpha() else name
