"""What the printing functions of one service share."""

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

__all__ = ["Scope"]


@dataclass(frozen=True, slots=True)
class Scope:
    """A service, and what prints it.

    Args:
        printer: takes the text.
        imports: takes what the text needs.
        java: the classes of the messages.
        service: the service.
        file: protobuf-java's class for the contract's file.
    """

    printer: Printer
    imports: Imports
    java: JavaMessages
    service: ServiceModel
    file: JvmClass

    @property
    def names(self) -> ServiceNames:
        """The names of what is generated for the service."""
        return ServiceNames.of(self.service)

    @property
    def string(self) -> str:
        """Kotlin's `String`."""
        return self.imports.use("kotlin.String")

    @property
    def support(self) -> str:
        """The class of the package's handlers."""
        return self.imports.use(support_class(self.file.package))

    @property
    def key_type(self) -> str:
        """The type of the key that a client has; empty where the service has none."""
        if self.service.kind is ServiceKind.SERVICE:
            return ""
        return f"{self.string}?" if self.service.has_key_field else self.string

    @property
    def key_parameters(self) -> tuple[str, ...]:
        """The parameter for the key of a client that is made, if it takes one."""
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
        """The string that a client is made with; none where the service has no key."""
        match self.service.key:
            case FixedKey(value):
                return [quote(value)]
            case TypedKey():
                return [f"{self.names.base}.{KEY}.format(key)"]
            case None:
                return ["key"] if self.key_type else []

    def deprecate(self, subject: ServiceModel | HandlerModel) -> None:
        """Adds the annotation for what a deprecated service or handler is used by."""
        if subject.deprecated:
            name = self.imports.use("kotlin.Deprecated")
            self.printer.line(f"@{name}({quote(DEPRECATED)})")

    def method(self, handler: HandlerModel) -> str:
        """Returns the Kotlin name of a handler."""
        return escaped(method_name(self.service, handler))

    def constant(self, handler: HandlerModel) -> str:
        """Returns the constant of a handler, from outside of the object that has it."""
        return f"{self.names.handlers}.{escaped(handler_constants(self.service)[handler.rpc])}"

    def request_type(self, handler: HandlerModel) -> str:
        """Returns the class of a handler's request."""
        return self._class(handler.request, handler.raw_request)

    def response_type(self, handler: HandlerModel) -> str:
        """Returns the class of a handler's response."""
        return self._class(handler.response, handler.raw_response)

    def _class(self, message: MessageType, raw: str | None) -> str:
        if raw is not None:
            return self.imports.use("kotlin.ByteArray")
        return (
            self.imports.use("kotlin.Unit") if message.is_empty else self.imports.message(message)
        )

    def request(self, handler: HandlerModel) -> list[str]:
        """Returns the parameter for the request; none where there is nothing to say."""
        return [] if handler.request.is_empty else [f"request: {self.request_type(handler)}"]
