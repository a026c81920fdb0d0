"""Prints the class that a user subclasses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.generate.docstrings import handler_doc, service_doc
from restate_proto.generate.python.printer import Call, quote
from restate_proto.model.kinds import HandlerKind, ServiceKind

if TYPE_CHECKING:
    from restate_proto.contract.schema import HandlerModel, ServiceModel
    from restate_proto.generate.python.imports import Imports
    from restate_proto.generate.python.printer import Printer

__all__ = ["render_base"]

_BASES = {
    ServiceKind.SERVICE: "Service",
    ServiceKind.VIRTUAL_OBJECT: "VirtualObject",
    ServiceKind.WORKFLOW: "Workflow",
}


def render_base(printer: Printer, service: ServiceModel, imports: Imports) -> None:
    """Adds the base class of a service's handlers."""
    printer.class_(service.classes.base, f"_rt.{_BASES[service.kind]}")
    with printer.indented():
        printer.docstring(service_doc(service))
        _keys(printer, service, imports)
        for handler in service.handlers:
            printer.line()
            printer.line(f"@{imports.standard('abc')}.abstractmethod")
            printer.signature(
                f"async def {handler.method}",
                [
                    "self",
                    f"ctx: _rt.{_context(service, handler)}",
                    f"request: {imports.message(handler.request)}",
                ],
                imports.message(handler.response),
            )
            with printer.indented():
                printer.docstring(handler_doc(handler))


def _keys(printer: Printer, service: ServiceModel, imports: Imports) -> None:
    declared = [
        *(("StateKey", declaration) for declaration in service.state),
        *(("PromiseKey", declaration) for declaration in service.promises),
        *(("SignalKey", declaration) for declaration in service.signals),
    ]
    if declared:
        printer.line()
    for key, declaration in declared:
        class_var = imports.standard("typing", "ClassVar")
        message = imports.message(declaration.type)
        printer.statement(
            f"{declaration.constant}: {class_var}[_rt.{key}[{message}]] = ",
            Call(f"_rt.{key}", (("", quote(declaration.name)), ("", message))),
        )


def _context(service: ServiceModel, handler: HandlerModel) -> str:
    match service.kind, handler.kind:
        case ServiceKind.VIRTUAL_OBJECT, HandlerKind.SHARED:
            return "ObjectSharedContext"
        case ServiceKind.VIRTUAL_OBJECT, _:
            return "ObjectContext"
        case ServiceKind.WORKFLOW, HandlerKind.WORKFLOW:
            return "WorkflowContext"
        case ServiceKind.WORKFLOW, _:
            return "WorkflowSharedContext"
        case _:
            return "Context"
