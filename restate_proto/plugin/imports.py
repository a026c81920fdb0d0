"""The import statements of a generated module, and what they make its messages be called."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from restate_proto.plugin.names import is_plain_name, unique_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restate_proto.plugin.messages import MessageRuntime
    from restate_proto.plugin.printer import Printer
    from restate_proto.plugin.schema import MessageType

__all__ = ["Imports"]

_RUNTIME = ("restate_proto._codegen", "v1")
_RUNTIME_ALIAS = "_rt"


class Imports:
    """Collects what a generated module imports while its body is printed.

    Message modules are imported absolutely, by their proto path, under an alias of their own
    (`_cart_pb2`). Where a part of the path is no Python name (a proto package may be called
    `import` or `lambda`), the module is reached relatively if it can be, else by importlib.

    Args:
        module: the full name of the generated module.
        messages: all message types that the module names.
        runtime: knows where their classes are.
        import_prefix: the package that the generated tree is in; empty for an import root.
    """

    def __init__(
        self,
        module: str,
        messages: Iterable[MessageType],
        runtime: MessageRuntime,
        import_prefix: str,
    ) -> None:
        self._package = module.split(".")[:-1]
        self._standard: dict[str, set[str]] = {}
        self._names: dict[MessageType, str] = {}
        self._opaque: dict[str, str] = {}  # alias to code, where only getattr or importlib gets
        self._private: dict[str, str] = {}  # as well, of names that begin with `_`
        ordered = sorted(set(messages))
        self._modules = {message: runtime.module(message, import_prefix) for message in ordered}
        self._aliases = self._choose_aliases(module, sorted(set(self._modules.values())))
        taken = {*self._aliases.values(), _RUNTIME_ALIAS}
        for message in ordered:
            self._names[message] = self._choose_name(message, runtime.class_path(message), taken)

    def message(self, message: MessageType) -> str:
        """Returns the expression for the class of a message."""
        return self._names[message]

    def standard(self, module: str, name: str = "") -> str:
        """Imports a name of the standard library (or a module itself) and returns it."""
        self._standard.setdefault(module, set()).update([name] if name else [])
        return name or module

    def print(self, printer: Printer) -> None:
        """Adds the import statements, grouped and sorted, and what has to follow them."""
        if self._opaque:
            self.standard("typing", "TYPE_CHECKING")
            self.standard("typing", "Any")
        if any(self._is_dynamic(module) for module in self._aliases):
            self.standard("importlib")
        _print_group(printer, self._standard_imports())
        printer.line()
        _print_group(printer, self._absolute_imports())
        relative = self._relative_imports()
        if relative:
            printer.line()
        for statement in relative:
            printer.line(statement)
        if self._private:
            printer.line()
        for name, code in self._private.items():
            printer.line(f"{name} = {code}  # pyright: ignore[reportPrivateUsage]")
        self._print_opaque(printer)

    def _choose_aliases(self, module: str, modules: list[str]) -> dict[str, str]:
        """Names the modules after their last part, or all parts where two share that.

        The module that lies beside the generated one keeps the short name, so that an import from
        elsewhere does not change what it is called.
        """
        own = module.removesuffix("_restate")
        short = {name: name.rpartition(".")[2] for name in modules}
        count = Counter(short.values())
        beside = [name for name in modules if name.removesuffix("_pb2") == own]
        taken: set[str] = {_RUNTIME_ALIAS}
        aliases: dict[str, str] = {}
        for name in [*beside, *(name for name in modules if name not in beside)]:
            is_short = name in beside or count[short[name]] == 1
            chosen = short[name] if is_short else name.replace(".", "_")
            # One `_`: inside of classes Python changes names that begin with two.
            aliases[name] = unique_name(f"_{chosen.lstrip('_')}", taken)
        return aliases

    def _choose_name(self, message: MessageType, path: tuple[str, ...], taken: set[str]) -> str:
        module = self._modules[message]
        alias = self._aliases[module]
        if all(map(is_plain_name, path)) and not self._is_dynamic(module):
            code = ".".join((alias, *path))
            if not any(name.startswith("_") for name in path):
                return code
            # Outside of classes, in which Python changes names that begin with `__`.
            name = unique_name("_".join((alias, *path)), taken)
            self._private[name] = code
            return name
        code = f'importlib.import_module("{module}")' if self._is_dynamic(module) else alias
        for name in path:
            code = f"{code}.{name}" if is_plain_name(name) else f'getattr({code}, "{name}")'
        name = unique_name("_".join((alias, *path)), taken)
        self._opaque[name] = code
        return name

    def _relative(self, module: str) -> tuple[str, str] | None:
        """Returns the package, as dots and names, and the name of a module; None if it has none."""
        *package, name = module.split(".")
        common = 0
        for ours, theirs in zip(self._package, package, strict=False):
            if ours != theirs:
                break
            common += 1
        below = package[common:]
        if not common or not all(map(is_plain_name, [*below, name])):
            return None
        return "." * (len(self._package) - common + 1) + ".".join(below), name

    def _is_absolute(self, module: str) -> bool:
        return all(map(is_plain_name, module.split(".")))

    def _is_dynamic(self, module: str) -> bool:
        """Whether no import statement reaches the module."""
        return not self._is_absolute(module) and self._relative(module) is None

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

    def _absolute_imports(self) -> list[str]:
        statements = [f"from {_RUNTIME[0]} import {_RUNTIME[1]} as {_RUNTIME_ALIAS}"]
        for module, alias in self._aliases.items():
            if self._is_absolute(module):
                package, _, name = module.rpartition(".")
                origin = f"from {package} " if package else ""
                statements.append(f"{origin}import {name} as {alias}")
        return statements

    def _relative_imports(self) -> list[str]:
        statements: list[str] = []
        for module, alias in self._aliases.items():
            relative = None if self._is_absolute(module) else self._relative(module)
            if relative is not None:
                statements.append(f"from {relative[0]} import {relative[1]} as {alias}")
        return sorted(statements, key=lambda text: (-text.count("."), text))

    def _print_opaque(self, printer: Printer) -> None:
        """Adds the classes that no expression of Python's syntax names.

        Type checkers cannot follow getattr and importlib: for them there is a class that takes
        any attribute.
        """
        if not self._opaque:
            return
        printer.line()
        printer.line("if TYPE_CHECKING:")
        with printer.indented():
            printer.line("from google.protobuf.message import Message as _Message")
            for name in self._opaque:
                printer.line()
                printer.line(f"class {name}(_Message):")
                with printer.indented():
                    printer.line("def __getattr__(self, name: str) -> Any: ...")
        printer.line("else:")
        with printer.indented():
            for name, code in self._opaque.items():
                printer.line(f"{name} = {code}")


def _kind_and_name(name: str) -> tuple[bool, str]:
    # isort's order: constants first.
    return not name.isupper(), name


def _print_group(printer: Printer, statements: Iterable[str]) -> None:
    # isort's order: plain imports first.
    for statement in sorted(statements, key=lambda text: (text.startswith("from"), text)):
        printer.line(statement)
