"""What the printer asks of a message library."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection

    from restate_proto.contract.schema import MessageType

__all__ = ["MessageImports", "MessageRuntime"]


@dataclass(slots=True)
class MessageImports:
    """How a generated module gets at the classes of messages.

    Args:
        base: the module and the name of the class that all messages derive from.
        names: the expression for each class.
        absolute: import statements.
        relative: import statements that begin with dots.
        private: names for code that type checkers take for private.
        opaque: names for code that they cannot follow, with `getattr` or `importlib`.
    """

    base: tuple[str, str]
    names: dict[MessageType, str] = field(default_factory=dict["MessageType", str])
    absolute: list[str] = field(default_factory=list[str])
    relative: list[str] = field(default_factory=list[str])
    private: dict[str, str] = field(default_factory=dict[str, str])
    opaque: dict[str, str] = field(default_factory=dict[str, str])


class MessageRuntime(Protocol):
    """How the generated code of a message library names things."""

    @property
    def codec(self) -> str:
        """The function of `restate_proto._codegen.v1` that makes a codec of a message class."""
        ...

    @property
    def has_descriptors(self) -> bool:
        """Whether the classes know their descriptors; else the Restate code brings those along."""
        ...

    def imports(
        self, module: str, messages: Collection[MessageType], import_prefix: str, taken: set[str]
    ) -> MessageImports:
        """How a generated module gets at messages.

        Args:
            module: the full name of the generated module.
            messages: the messages, sorted.
            import_prefix: the package that the generated tree is in; empty for an import root.
            taken: names that the module has; the new ones are added.
        """
        ...

    def attribute(self, message: MessageType, field: str) -> str:
        """The name that the class of a message has for a field of that proto name."""
        ...
