"""What calls in Java and Kotlin have in common."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.generate.jvm.messages import JavaMessages, JvmClass
from restate_proto.generate.jvm.names import ServiceNames

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restate_proto.contract.schema import MessageType
    from restate_proto.reference.calls.call_site import CallSite, SimpleField

__all__ = ["JvmNames", "JvmSite"]


class JvmNames:
    """The imports of a snippet, and what they make classes be called."""

    def __init__(self) -> None:
        self._found: dict[str, JvmClass] = {}

    def use(self, class_: JvmClass) -> str:
        """Imports a class, and returns what to call it: its own name, or all where that is taken."""
        if not class_.package:  # nothing can be imported from there
            return class_.full_name
        name = class_.names[-1]
        return name if self._found.setdefault(name, class_) == class_ else class_.full_name

    def __iter__(self) -> Iterator[str]:
        """Yields what to import, sorted."""
        return iter(sorted(found.full_name for found in self._found.values()))


@dataclass(frozen=True, slots=True)
class JvmSite:
    """A handler to be called on the JVM.

    Args:
        site: the handler.
        messages: the protobuf-java classes of the contract.
    """

    site: CallSite
    messages: JavaMessages

    @property
    def client(self) -> JvmClass:
        """The class of the generated clients."""
        package = self.messages.package(self.site.handler.location.file)
        return JvmClass(package, (ServiceNames.of(self.site.service).client,))

    def message(self, message: MessageType) -> JvmClass:
        """The class of a message."""
        return self.messages.message(message)

    def builder(self, class_: str) -> str:
        """The expression that builds the request, of a class that is called this."""
        request = self.site.handler.request
        calls = "".join(
            f".{self._setter(request, field)}({_literal(field)})"
            for field in self.site.simple_fields()
        )
        return f"{class_}.newBuilder(){calls}.build()"

    def _setter(self, message: MessageType, field: SimpleField) -> str:
        return "set" + self.messages.getter(message, field.name).removeprefix("get")


def _literal(field: SimpleField) -> str:
    return f"{field.value}L" if field.is_long else json.dumps(field.value)
