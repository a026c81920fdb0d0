"""What the Python generator needs to know of a message library."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection

    from restate_proto.contract.schema import MessageType

__all__ = ["MessageImports", "MessageRuntime"]


@dataclass(slots=True)
class MessageImports:
    """How a generated module refers to the classes of messages.

    Args:
        base: the module and the name of the class that all messages derive from.
        names: the expression for each class.
        absolute: import statements.
        relative: import statements that begin with dots.
        private: names for expressions that type checkers consider private.
        opaque: names for expressions that type checkers cannot follow, with `getattr` or
            `importlib`.
    """

    base: tuple[str, str]
    names: dict[MessageType, str] = field(default_factory=dict["MessageType", str])
    absolute: list[str] = field(default_factory=list[str])
    relative: list[str] = field(default_factory=list[str])
    private: dict[str, str] = field(default_factory=dict[str, str])
    opaque: dict[str, str] = field(default_factory=dict[str, str])


class MessageRuntime(Protocol):
    """What a message library calls the things that generated code refers to."""

    @property
    def codec(self) -> str:
        """The function of `restate_proto._codegen.v1` that makes a codec of a message class."""
        ...

    @property
    def has_descriptors(self) -> bool:
        """Whether message classes have descriptors; if not, the generated code contains them."""
        ...

    def imports(
        self, module: str, messages: Collection[MessageType], import_prefix: str, taken: set[str]
    ) -> MessageImports:
        """Return how a generated module refers to messages.

        Args:
            module: the full name of the generated module.
            messages: the messages, sorted.
            import_prefix: the package that contains the generated tree; empty for an import root.
            taken: names that the module already uses; the new ones are added.
        """
        ...

    def attribute(self, message: MessageType, field: str) -> str:
        """Return the name of a field, given by its proto name, in the class of its message."""
        ...
