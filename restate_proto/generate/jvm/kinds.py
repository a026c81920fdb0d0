"""What the SDK calls the kinds of services and handlers, in Java and in Kotlin."""

from __future__ import annotations

from restate_proto.model.kinds import HandlerKind, ServiceKind

__all__ = ["CONTEXTS", "TARGETS", "handler_type"]

CONTEXTS: dict[tuple[ServiceKind, HandlerKind | None], str] = {
    (ServiceKind.SERVICE, None): "Context",
    (ServiceKind.VIRTUAL_OBJECT, HandlerKind.EXCLUSIVE): "ObjectContext",
    (ServiceKind.VIRTUAL_OBJECT, HandlerKind.SHARED): "SharedObjectContext",
    (ServiceKind.WORKFLOW, HandlerKind.WORKFLOW): "WorkflowContext",
    (ServiceKind.WORKFLOW, HandlerKind.SHARED): "SharedWorkflowContext",
}
"""The class of the context that a handler gets."""

TARGETS = {
    ServiceKind.SERVICE: "service",
    ServiceKind.VIRTUAL_OBJECT: "virtualObject",
    ServiceKind.WORKFLOW: "workflow",
}
"""The method of `Target` that names a handler."""


def handler_type(kind: HandlerKind | None) -> str:
    """Returns the constant of `HandlerType`."""
    return (kind or HandlerKind.SHARED).name  # what the SDK's own generator says of services
