"""Build the text of one Java file: lines in which `$Duration` is a class, and its imports."""

from __future__ import annotations

from string import Template
from typing import TYPE_CHECKING

from restate_proto.generate.docstrings import DEPRECATED
from restate_proto.generate.jvm.imports import Imports
from restate_proto.generate.jvm.messages import JvmClass
from restate_proto.generate.jvm.printer import Printer, javadoc

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping
    from contextlib import AbstractContextManager


__all__ = ["BYTES", "VOID", "JavaSource"]

BYTES = "byte[]"
"""The type of bytes, which is an array and needs no import."""

VOID = JvmClass("java.lang", ("Void",))
"""The class for google.protobuf.Empty."""

_SDK = "dev.restate.sdk"
_PACKAGES = {
    "java.lang": "Deprecated Exception Object Override String SuppressWarnings",
    "java.time": "Duration",
    "java.util": "Map Optional",
    "java.util.concurrent": "CompletableFuture",
    "dev.restate.client": "Client IngressException RequestOptions Response SendResponse",
    _SDK: "CallDurableFuture Context InvocationHandle ObjectContext SharedObjectContext "
    "SharedWorkflowContext WorkflowContext",
    f"{_SDK}.common": "DurablePromiseKey StateKey TerminalException",
    f"{_SDK}.endpoint.definition": "HandlerRunner HandlerType ServiceDefinition "
    "ServiceDefinitionFactory ServiceType",
    "dev.restate.serde": "SerdeFactory",
    "org.jspecify.annotations": "NullMarked Nullable",
}
_CLASSES = {
    name: f"{package}.{name}" for package, names in _PACKAGES.items() for name in names.split()
}


class JavaSource:
    """Collects the text of a file.

    Args:
        top: the class that the file declares.
        declared: the names of the classes in that class, of its type parameters, and of constants
            that hide a class of their name.
        beside: the names of the other classes that are known to be in the package.
    """

    def __init__(self, top: JvmClass, declared: Iterable[str], beside: Iterable[str]) -> None:
        self._package = top.package
        self._imports = Imports(top.package, [*top.names, *declared], beside)
        self._printer = Printer()

    def use(self, name: JvmClass | str) -> str:
        """Import a class if necessary, and return its name; also takes `BYTES`."""
        return BYTES if name == BYTES else self._imports.use(name)

    def nullable(self, name: JvmClass | str) -> str:
        """Import a class like `use`, and return the type of its values and null."""
        outer, dot, inner = self.use(name).rpartition(".")
        return self.fill("$outer@$Nullable $inner", outer=f"{outer}{dot}", inner=inner)

    def value(self, name: JvmClass | str) -> str:
        """Import a class like `use`, and return the type of its values: for Void, only null."""
        return self.nullable(name) if name == VOID else self.use(name)

    def fill(self, text: str, **values: str) -> str:
        """Replace `$name` by the value of that name, or else by the class, which is imported."""
        return Template(text).substitute(_Names(values, self._imports))

    @staticmethod
    def escape(text: str) -> str:
        """Return what `fill` makes this text of: literals and names of classes may have a `$`."""
        return text.replace("$", "$$")

    def line(self, text: str = "", **values: str) -> None:
        """Add a line, see `fill`."""
        self._printer.line(self.fill(text, **values))

    def lines(self, text: str, **values: str) -> None:
        """Add lines that bring their own indentation, see `fill`."""
        for line in text.strip("\n").split("\n"):
            self.line(line, **values)

    def block(self, head: str, **values: str) -> AbstractContextManager[None]:
        """Add `head {` and, after what is added inside, `}`; see `fill`."""
        return self._printer.block(self.fill(head, **values))

    def indented(self) -> AbstractContextManager[None]:
        """Indent what is added inside."""
        return self._printer.indented()

    def doc(self, text: str, *, deprecated: bool = False) -> None:
        """Add a Javadoc comment of any text, and the annotation if its subject is deprecated."""
        self.javadoc(javadoc(text), deprecated=deprecated)

    def javadoc(self, lines: Iterable[str], *, deprecated: bool = False) -> None:
        """Add a Javadoc comment of lines that may have markup; see `doc`."""
        tag = ["", f"@deprecated {DEPRECATED}"] if deprecated else []
        self._printer.doc([*lines, *tag])
        if deprecated:
            self.line("@$Deprecated")

    def raw(self, lines: Iterable[str]) -> None:
        """Add lines in which `$` has no special meaning."""
        for line in lines:
            self._printer.line(line)

    def assignment(self, left: str, call: str, arguments: Iterable[str]) -> None:
        """Add `left = call(argument, argument);`, wrapped if it is too long; see `raw`."""
        self._printer.assignment(left, call, arguments, ";")

    def invocation(self, call: str, arguments: Iterable[str], then: str) -> None:
        """Add `call(argument, argument)then;`, wrapped if it is too long; see `raw`."""
        self._printer.invocation(call, arguments, f"{then};")

    def wrapped(self, before: str, items: Iterable[str], after: str, **values: str) -> None:
        """Add `before(item, item)after`, wrapped if it is too long; see `fill`."""
        filled = [self.fill(item, **values) for item in items]
        self._printer.wrapped(self.fill(before, **values), filled, self.fill(after, **values))

    def text(self, proto_file: str) -> str:
        """Return the whole file.

        Args:
            proto_file: the .proto file that it is generated from.
        """
        return "\n".join([*self._head(proto_file), *self._printer.lines]) + "\n"

    def _head(self, proto_file: str) -> Generator[str]:
        yield f"// Generated by protoc-gen-java-restate from {proto_file}. DO NOT EDIT."
        if self._package:
            yield f"package {self._package};"
        yield ""
        imports = [f"import {name};" for name in self._imports]
        yield from imports
        if imports:
            yield ""


class _Names(dict[str, str]):
    def __init__(self, values: Mapping[str, str], imports: Imports) -> None:
        super().__init__(values)
        self._imports = imports

    def __missing__(self, key: str) -> str:
        return self._imports.use(_CLASSES[key])
