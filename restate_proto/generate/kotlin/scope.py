"""What the printing functions of one service share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.generate.docstrings import DEPRECATED
from restate_proto.generate.jvm.names import ServiceNames, serde_constants
from restate_proto.generate.kotlin.names import escaped, method_name
from restate_proto.generate.kotlin.source import quote
from restate_proto.model.kinds import Encoding, ServiceKind

if TYPE_CHECKING:
    from restate_proto.contract.schema import HandlerModel, MessageType, ServiceModel
    from restate_proto.generate.jvm.messages import JavaMessages
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
        serde: the name of the file's serde class.
    """

    printer: Printer
    imports: Imports
    java: JavaMessages
    service: ServiceModel
    serde: str

    @property
    def names(self) -> ServiceNames:
        """The names of what is generated for the service."""
        return ServiceNames.of(self.service)

    @property
    def string(self) -> str:
        """Kotlin's `String`."""
        return self.imports.use("kotlin.String")

    @property
    def json(self) -> str:
        """The argument that says how the service's payloads are encoded."""
        return f"json = {'true' if self.service.encoding is Encoding.JSON else 'false'}"

    @property
    def key_type(self) -> str:
        """The type of the key that a client has; empty where the service has none."""
        if self.service.kind is ServiceKind.SERVICE:
            return ""
        return f"{self.string}?" if self.service.has_key_field else self.string

    @property
    def key_parameters(self) -> tuple[str, ...]:
        """The parameter for the key of a client that is made, if it takes one."""
        if not self.key_type:
            return ()
        return (f"key: {self.key_type}{' = null' if self.service.has_key_field else ''}",)

    def deprecate(self, subject: ServiceModel | HandlerModel) -> None:
        """Adds the annotation for what a deprecated service or handler is used by."""
        if subject.deprecated:
            name = self.imports.use("kotlin.Deprecated")
            self.printer.line(f"@{name}({quote(DEPRECATED)})")

    def method(self, handler: HandlerModel) -> str:
        """Returns the Kotlin name of a handler."""
        return escaped(method_name(self.service, handler))

    def input(self, handler: HandlerModel) -> str:
        """Returns the constant of the serde of a handler's request."""
        return f"{serde_constants(self.service)[handler.rpc]}_INPUT"

    def output(self, handler: HandlerModel) -> str:
        """Returns the constant of the serde of a handler's response."""
        return f"{serde_constants(self.service)[handler.rpc]}_OUTPUT"

    def default(self, message: MessageType) -> str:
        """Returns the expression for the empty message of a type."""
        return f"{self.imports.message(message)}.getDefaultInstance()"

    def new_serde(self, message: MessageType) -> str:
        """Returns the expression for a serde of a message in the service's encoding."""
        return f"{self.serde}({self.default(message)}, {self.json})"

    def request(self, handler: HandlerModel) -> list[str]:
        """Returns the parameter for the request; none where there is nothing to say."""
        if handler.request.is_empty:
            return []
        return [f"request: {self.imports.message(handler.request)}"]

    def init(self, handler: HandlerModel) -> str:
        """Returns the parameter of a client's method that says more about the request."""
        builder = self.imports.use("dev.restate.common.RequestBuilder")
        unit = self.imports.use("kotlin.Unit")
        return f"init: {builder}<{self.types(handler)}>.() -> {unit} = {{}}"

    def types(self, handler: HandlerModel) -> str:
        """Returns the type arguments of a request: `AddTicketRequest, AddTicketResponse`."""
        request = self.imports.message(handler.request)
        return f"{request}, {self.imports.message(handler.response)}"
