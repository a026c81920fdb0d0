"""What the printer asks of a message library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from restate_proto.plugin.schema import MessageType

__all__ = ["MessageRuntime"]


class MessageRuntime(Protocol):
    """How the generated code of a message library names things."""

    @property
    def codec(self) -> str:
        """The function of `restate_proto._codegen.v1` that makes a codec of a message class."""
        ...

    def module(self, message: MessageType, import_prefix: str) -> str:
        """The full name of the module that has the class of a message.

        Args:
            message: the message.
            import_prefix: the package that the generated tree is in; empty for an import root.
        """
        ...

    def class_path(self, message: MessageType) -> tuple[str, ...]:
        """The names that lead from the module to the class."""
        ...

    def attribute(self, field: str) -> str:
        """The name of the class's attribute for a field of that proto name."""
        ...
