"""What the Javadoc of generated classes and methods says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.model.kinds import ServiceKind

if TYPE_CHECKING:
    from restate_proto.plugin.schema import HandlerModel, ServiceModel

__all__ = ["described", "handler_doc", "service_doc"]

_KINDS = {
    ServiceKind.SERVICE: "service",
    ServiceKind.VIRTUAL_OBJECT: "virtual object",
    ServiceKind.WORKFLOW: "workflow",
}


def described(service: ServiceModel) -> str:
    """Names a service and its kind: `the virtual object shop.v1.Cart`."""
    return f"the {_KINDS[service.kind]} {service.name}"


def service_doc(service: ServiceModel) -> str:
    """Returns the text about a service's base: its proto comment, or what the class is for."""
    return _doc(service.comment, f"Extend it to serve {described(service)}.", service.deprecated)


def handler_doc(handler: HandlerModel) -> str:
    """Returns the text about a handler and about the methods that call it."""
    return _doc(handler.comment, f"The handler {handler.name}.", handler.deprecated)


def _doc(comment: str | None, default: str, deprecated: bool) -> str:
    text = comment or default
    return f"{text}\n\nDeprecated." if deprecated else text
