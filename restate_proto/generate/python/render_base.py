"""Prints the class that a user subclasses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.generate.docstrings import handler_doc, service_doc
from restate_proto.generate.python.printer import Call, quote
from restate_proto.model.kinds import HandlerKind, ServiceKind

if TYPE_CHECKING:
    from restate_proto.contract.schema import HandlerModel, ServiceModel
    from restate_proto.generate.python.imports import Imports
    from restate_proto.generate.python.names import PythonService
    from restate_proto.generate.python.printer import Printer

__all__ = ["render_base", "render_docs", "request_parameter"]

_BASES = {
    ServiceKind.SERVICE: "Service",
    ServiceKind.VIRTUAL_OBJECT: "VirtualObject",
    ServiceKind.WORKFLOW: "Workflow",
}


def render_docs(printer: Printer, service: PythonService, imports: Imports) -> None:
    """Adds the class that has the docstrings of the handlers once, for the base and all clients."""
    any_ = imports.standard("typing", "Any")
    printer.class_(service.classes.docs)
    with printer.indented():
        printer.docstring("What the handlers do, for whoever reads the base or one of the clients.")
        for handler in service.handlers:
            printer.line(f"def {handler.method}(self, *args: {any_}, **options: {any_}) -> {any_}:")
            with printer.indented():
                printer.docstring(handler_doc(handler.model))


def render_base(printer: Printer, service: PythonService, imports: Imports) -> None:
    """Adds the base class of a service's handlers."""
    bases = f"_rt.{_BASES[service.model.kind]}", service.classes.docs
    printer.class_(service.classes.base, *bases)
    with printer.indented():
        printer.docstring(service_doc(service.model))
        _keys(printer, service, imports)
        for handler in service.handlers:
            printer.line()
            printer.line(f"@{imports.standard('abc')}.abstractmethod")
            printer.signature(
                f"async def {handler.method}",
                [
                    "self",
                    f"ctx: _rt.{_context(service.model, handler.model)}",
                    *request_parameter(handler.model, imports),
                ],
                imports.value(handler.model.response),
                "...",
            )


def request_parameter(handler: HandlerModel, imports: Imports) -> list[str]:
    """Returns the parameter for the request; none where there is nothing to say."""
    return [] if handler.request.is_empty else [f"request: {imports.message(handler.request)}"]


def _keys(printer: Printer, service: PythonService, imports: Imports) -> None:
    if service.keys:
        printer.line()
    for key in service.keys:
        class_var = imports.standard("typing", "ClassVar")
        message = imports.message(key.declaration.type)
        printer.statement(
            f"{key.constant}: {class_var}[_rt.{key.class_}[{message}]] = ",
            Call(f"_rt.{key.class_}", (("", quote(key.declaration.name)), ("", message))),
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
