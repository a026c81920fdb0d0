"""Make the doc comments of generated classes and methods from the comments of a contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.model.kinds import ServiceKind

if TYPE_CHECKING:
    from restate_proto.contract.schema import ErrorModel, HandlerModel, ServiceModel

__all__ = [
    "DEPRECATED",
    "deprecated_words",
    "described",
    "error_doc",
    "handler_doc",
    "service_doc",
]

DEPRECATED = "Deprecated in the contract."

_KINDS = {
    ServiceKind.SERVICE: "service",
    ServiceKind.VIRTUAL_OBJECT: "virtual object",
    ServiceKind.WORKFLOW: "workflow",
}


def described(service: ServiceModel) -> str:
    """Name a service and its kind: "the virtual object `shop.v1.Cart`"."""
    return f"the {_KINDS[service.kind]} `{service.name}`"


def service_doc(service: ServiceModel) -> str:
    """Return the docstring of a service's base: its proto comment, or what the class is for."""
    return _doc(service.comment, f"Subclass it to serve {described(service)}.", service.deprecated)


def handler_doc(handler: HandlerModel, *, says_deprecated: bool = True) -> str:
    """Return the docstring of a handler and of the methods that call it.

    Args:
        handler: the handler.
        says_deprecated: whether the docstring of a deprecated handler should say that it is.
    """
    deprecated = handler.deprecated and says_deprecated
    return _doc(handler.comment, f"The handler `{handler.name}`.", deprecated)


def error_doc(error: ErrorModel) -> str:
    """Return the docstring of the class of an error: the comment of its message, or its name."""
    return error.comment or f"The error `{error.type.full_name}`, with the code {error.code}."


def deprecated_words(service: ServiceModel, handler: HandlerModel | None = None) -> str:
    """Return the warning for callers of a deprecated service or handler."""
    name = service.full_name if handler is None else f"{service.full_name}.{handler.rpc}"
    return f"{name} is deprecated in its contract."


def _doc(comment: str | None, default: str, deprecated: bool) -> str:
    text = comment or default
    return f"{text}\n\n{DEPRECATED}" if deprecated else text
