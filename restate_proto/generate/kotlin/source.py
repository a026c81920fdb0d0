"""Lays out Kotlin text, with the imports that it needs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from typing_extensions import override

from restate_proto.generate.jvm import imports, printer
from restate_proto.generate.kotlin.names import escaped

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from restate_proto.contract.schema import MessageType
    from restate_proto.generate.jvm.messages import JavaMessages, JvmClass

__all__ = ["Imports", "Printer", "quote"]

_WIDTH = 100


def quote(text: str) -> str:
    """Returns the Kotlin literal of a string."""
    return printer.quote(text, escape_dollar=True)


class Printer(printer.Printer):
    """Collects lines of text in the style of Kotlin's own conventions."""

    def __init__(self) -> None:
        super().__init__("    ")

    def wrapped(self, before: str, items: Iterable[str], after: str) -> None:
        """Adds `before(item, item)after`, its items on lines of their own where it is too long.

        Args:
            before: up to the parenthesis: `public fun add`.
            items: parameters or arguments.
            after: what follows the closing parenthesis: ` {`, or nothing.
        """
        items = tuple(items)
        short = f"{before}({', '.join(items)}){after}"
        if not items or len(self._margin) + len(short) <= _WIDTH:
            self.line(short)
            return
        self.line(f"{before}(")
        with self.indented():
            for item in items:
                self.line(f"{item},")
        self.line(f"){after}")

    @contextmanager
    @override
    def continued(self) -> Generator[None]:
        """Indents what goes on from the line before, as all else."""
        with self.indented():
            yield

    def function(self, before: str, parameters: Iterable[str], returns: str, code: str) -> None:
        """Adds a function that is one expression."""
        parameters = tuple(parameters)
        short = f"{before}({', '.join(parameters)}): {returns} = {code}"
        if len(self._margin) + len(short) <= _WIDTH:
            self.line(short)
            return
        self.wrapped(before, parameters, f": {returns} =")
        with self.indented():
            self.line(code)


class Imports(imports.Imports):
    """Collects what a generated file imports while its body is printed.

    Args:
        package: the package of the file.
        declared: the names of the classes that the file itself declares, nested ones too.
        java: the classes of the messages.
    """

    def __init__(self, package: str, declared: Iterable[str], java: JavaMessages) -> None:
        super().__init__(package, declared, java.top_level(package), automatic=("kotlin",))
        self._java = java
        self._functions: set[str] = set()

    def use(self, name: JvmClass | str) -> str:
        """Imports a class, where it needs that, and returns what to call it."""
        return escaped(super().use(name))

    def function(self, name: str) -> str:
        """Imports a function by its full name, and returns its simple one."""
        self._functions.add(name)
        return name.rpartition(".")[2]

    def message(self, message: MessageType) -> str:
        """Imports the class of a message, where it needs that, and returns what to call it."""
        return self.use(self._java.message(message))

    def __iter__(self) -> Iterator[str]:
        """Yields what to import, sorted."""
        return iter(sorted({*map(escaped, super().__iter__()), *self._functions}))
