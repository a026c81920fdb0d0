"""The imports of a generated Kotlin file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.generate.jvm import imports
from restate_proto.generate.kotlin.names import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from restate_proto.contract.schema import MessageType
    from restate_proto.generate.jvm.messages import JavaMessages, JvmClass

__all__ = ["Imports"]


class Imports(imports.Imports):
    """Collects what a generated file imports while its body is printed.

    What Kotlin would import by itself is imported too: else a message named `String` of the same
    package would be meant by `String`.

    Args:
        package: the package of the file.
        declared: the names of the classes that the file itself declares, nested ones too.
        java: the classes of the messages.
    """

    def __init__(self, package: str, declared: Iterable[str], java: JavaMessages) -> None:
        super().__init__(package, declared, java.top_level(package), automatic=())
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
