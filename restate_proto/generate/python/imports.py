"""The import statements of a generated module, and the resulting names of message classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restate_proto.contract.schema import HandlerModel, MessageType
    from restate_proto.generate.python.messages import MessageRuntime
    from restate_proto.generate.python.printer import Printer

__all__ = ["Imports"]

_RUNTIME = ("restate_proto._codegen", "v1")
_RUNTIME_ALIAS = "_rt"


class Imports:
    """Collects what a generated module imports while its body is printed.

    Args:
        module: the full name of the generated module.
        messages: all message types that the module refers to.
        runtime: knows where the classes of messages are.
        import_prefix: the package that contains the generated tree; empty for an import root.
        taken: names that the module already uses.
    """

    def __init__(
        self,
        module: str,
        messages: Iterable[MessageType],
        runtime: MessageRuntime,
        import_prefix: str,
        taken: Iterable[str],
    ) -> None:
        self._standard: dict[str, set[str]] = {}
        self._messages = runtime.imports(
            module, sorted(set(messages)), import_prefix, {_RUNTIME_ALIAS, *taken}
        )

    def response(self, handler: HandlerModel) -> str:
        """Return the type of a handler's response: its class, bytes, or None for nothing."""
        if handler.raw_response is not None:
            return "bytes"
        return "None" if handler.response.is_empty else self.message(handler.response)

    def message(self, message: MessageType) -> str:
        """Return the expression for the class of a message."""
        return self._messages.names[message]

    def standard(self, module: str, name: str = "") -> str:
        """Import a name of the standard library (or a module itself) and return it."""
        self._standard.setdefault(module, set()).update([name] if name else [])
        return name or module

    def print(self, printer: Printer) -> None:
        """Add the import statements, grouped and sorted, and the assignments that follow them."""
        messages = self._messages
        if messages.opaque:
            self.standard("typing", "TYPE_CHECKING")
            self.standard("typing", "Any")
        if any("importlib." in code for code in messages.opaque.values()):
            self.standard("importlib")
        _print_group(printer, self._standard_imports())
        printer.line()
        own = f"from {_RUNTIME[0]} import {_RUNTIME[1]} as {_RUNTIME_ALIAS}"
        _print_group(printer, [own, *messages.absolute])
        if messages.relative:
            printer.line()
        for statement in sorted(messages.relative, key=_dots_first):
            printer.line(statement)
        if messages.private:
            printer.line()
        for name, code in messages.private.items():
            printer.line(f"{name} = {code}  # pyright: ignore[reportPrivateUsage]")
        self._print_opaque(printer)

    def _standard_imports(self) -> list[str]:
        statements: list[str] = []
        for module, names in self._standard.items():
            if names:
                statements.append(
                    f"from {module} import {', '.join(sorted(names, key=_kind_and_name))}"
                )
            else:
                statements.append(f"import {module}")
        return statements

    def _print_opaque(self, printer: Printer) -> None:
        """Add the message classes that can be reached only through getattr or importlib.

        Type checkers cannot follow those, so they are shown a class that has any attribute.
        """
        opaque = self._messages.opaque
        if not opaque:
            return
        module, base = self._messages.base
        printer.line()
        printer.line("if TYPE_CHECKING:")
        with printer.indented():
            printer.line(f"from {module} import {base} as _Message")
            for name in opaque:
                printer.line()
                printer.line(f"class {name}(_Message):")
                with printer.indented():
                    printer.line("def __getattr__(self, name: str) -> Any: ...")
        printer.line("else:")
        with printer.indented():
            for name, code in opaque.items():
                printer.line(f"{name} = {code}")


def _dots_first(statement: str) -> tuple[int, str]:
    return -statement.count("."), statement


def _kind_and_name(name: str) -> tuple[bool, str]:
    # isort's order: constants come first.
    return not name.isupper(), name


def _print_group(printer: Printer, statements: Iterable[str]) -> None:
    # isort's order: plain imports come first.
    for statement in sorted(statements, key=lambda text: (text.startswith("from"), text)):
        printer.line(statement)
