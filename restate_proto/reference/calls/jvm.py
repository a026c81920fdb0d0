"""Find the classes, requests and keys of calls, for Java and Kotlin alike."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.contract.schema import FixedKey, TypedKey
from restate_proto.generate.jvm.messages import JavaMessages, JvmClass
from restate_proto.generate.jvm.names import ServiceNames
from restate_proto.model.key_format import KeyType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from restate_proto.contract.schema import MessageType
    from restate_proto.reference.calls.call_site import CallSite, SimpleField

__all__ = ["JvmNames", "JvmSite"]


class JvmNames:
    """The imports of a snippet, and the names that classes have with them."""

    def __init__(self) -> None:
        self._found: dict[str, JvmClass] = {}

    def use(self, class_: JvmClass) -> str:
        """Import a class and return its name: the simple one, or the full one if that is taken."""
        if not class_.package:  # a class in the default package cannot be imported
            return class_.full_name
        name = class_.names[-1]
        return name if self._found.setdefault(name, class_) == class_ else class_.full_name

    def __iter__(self) -> Iterator[str]:
        """Yield the imports, sorted."""
        return iter(sorted(found.full_name for found in self._found.values()))


@dataclass(frozen=True, slots=True)
class JvmSite:
    """A handler to call on the JVM.

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
        """Return the class of a message."""
        return self.messages.message(message)

    def builder(self, class_: str) -> str:
        """Return the expression that builds the request with the class of that name."""
        request = self.site.handler.request
        calls = "".join(
            f".{self._setter(request, field.name)}({_literal(field)})"
            for field in self.site.simple_fields()
        )
        return f"{class_}.newBuilder(){calls}.build()"

    def key(self, use: Callable[[JvmClass], str], quote: Callable[[str], str]) -> str:
        """Return the argument for the key, after a comma: a string or a message; else nothing.

        Args:
            use: imports a class and returns its name.
            quote: returns the literal of a string.
        """
        match self.site.service.key:
            case FixedKey():
                return ""
            case TypedKey(type_, text):
                values = self.site.key_values()
                calls = "".join(
                    f".{self._setter(type_, name)}({_key_literal(values[name], quote)})"
                    for name, is_enum in ((f.name, f.type is KeyType.ENUM) for f in text.fields)
                    if not is_enum
                )
                return f", {use(self.message(type_))}.newBuilder(){calls}.build()"
            case None:
                return "" if self.site.key is None else f", {quote(self.site.key)}"

    def _setter(self, message: MessageType, field: str) -> str:
        return "set" + self.messages.getter(message, field).removeprefix("get")


def _key_literal(value: str | int | bool, quote: Callable[[str], str]) -> str:
    return quote(value) if isinstance(value, str) else json.dumps(value)


def _literal(field: SimpleField) -> str:
    return f"{field.value}L" if field.is_long else json.dumps(field.value)
