"""What the printing functions of one service share: printer, imports, names and types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.contract.schema import FixedKey, TypedKey
from restate_proto.generate.docstrings import DEPRECATED
from restate_proto.generate.jvm.names import KEY, ServiceNames, handler_constants
from restate_proto.generate.jvm.support import support_class
from restate_proto.generate.kotlin.names import escaped, method_name
from restate_proto.generate.kotlin.source import quote
from restate_proto.model.kinds import ServiceKind

if TYPE_CHECKING:
    from restate_proto.contract.schema import HandlerModel, MessageType, ServiceModel
    from restate_proto.generate.jvm.messages import JavaMessages, JvmClass
    from restate_proto.generate.kotlin.source import Imports, Printer
    from restate_proto.generate.validation import Validation

__all__ = ["Scope"]


@dataclass(frozen=True, slots=True)
class Scope:
    """A service, with what is needed to print it.

    Args:
        printer: takes the text.
        imports: collects the imports.
        java: the classes of the messages.
        service: the service.
        file: protobuf-java's class for the contract's file.
        validation: which handlers have requests that are validated.
    """

    printer: Printer
    imports: Imports
    java: JavaMessages
    service: ServiceModel
    file: JvmClass
    validation: Validation

    @property
    def names(self) -> ServiceNames:
        """The names of the classes that are generated for the service."""
        return ServiceNames.of(self.service)

    @property
    def string(self) -> str:
        """The name of Kotlin's `String` in the file."""
        return self.imports.use("kotlin.String")

    @property
    def support(self) -> str:
        """The class `RestateHandler` of the package."""
        return self.imports.use(support_class(self.file.package))

    @property
    def key_type(self) -> str:
        """The type of a client's key; empty if clients take no key."""
        if self.service.kind is ServiceKind.SERVICE:
            return ""
        return f"{self.string}?" if self.service.has_key_field else self.string

    @property
    def key_parameters(self) -> tuple[str, ...]:
        """The parameter for the key of a new client, if it takes one."""
        match self.service.key:
            case FixedKey():
                return ()
            case TypedKey(type_):
                return (f"key: {self.imports.message(type_)}",)
            case None:
                pass
        if not self.key_type:
            return ()
        return (f"key: {self.key_type}{' = null' if self.service.has_key_field else ''}",)

    @property
    def key_arguments(self) -> list[str]:
        """The argument for the key of a new client, a string; none if the service has no key."""
        match self.service.key:
            case FixedKey(value):
                return [quote(value)]
            case TypedKey():
                return [f"{self.names.base}.{KEY}.format(key)"]
            case None:
                return ["key"] if self.key_type else []

    def deprecate(self, subject: ServiceModel | HandlerModel) -> None:
        """Add the annotation to code that uses a deprecated service or handler."""
        if subject.deprecated:
            name = self.imports.use("kotlin.Deprecated")
            self.printer.line(f"@{name}({quote(DEPRECATED)})")

    def method(self, handler: HandlerModel) -> str:
        """Return the Kotlin name of a handler."""
        return escaped(method_name(self.service, handler))

    def constant(self, handler: HandlerModel) -> str:
        """Return the constant of a handler as code outside of its object writes it."""
        return f"{self.names.handlers}.{escaped(handler_constants(self.service)[handler.rpc])}"

    def request_type(self, handler: HandlerModel) -> str:
        """Return the class of a handler's request."""
        return self._class(handler.request, handler.raw_request)

    def response_type(self, handler: HandlerModel) -> str:
        """Return the class of a handler's response."""
        return self._class(handler.response, handler.raw_response)

    def _class(self, message: MessageType, raw: str | None) -> str:
        if raw is not None:
            return self.imports.use("kotlin.ByteArray")
        return (
            self.imports.use("kotlin.Unit") if message.is_empty else self.imports.message(message)
        )

    def request(self, handler: HandlerModel) -> list[str]:
        """Return the parameter for the request; none if the request is empty."""
        return [] if handler.request.is_empty else [f"request: {self.request_type(handler)}"]
