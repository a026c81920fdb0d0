"""Print the base class that users subclass to implement a service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.contract.schema import TypedKey
from restate_proto.generate.docstrings import handler_doc, service_doc
from restate_proto.generate.python.names import KEY
from restate_proto.generate.python.printer import Call, quote
from restate_proto.model.kinds import HandlerKind, ServiceKind

if TYPE_CHECKING:
    from restate_proto.contract.schema import HandlerModel, ServiceModel
    from restate_proto.generate.python.imports import Imports
    from restate_proto.generate.python.messages import MessageRuntime
    from restate_proto.generate.python.names import PythonService
    from restate_proto.generate.python.printer import Expression, Printer

__all__ = ["render_base", "render_docs", "request_parameter"]

_BASES = {
    ServiceKind.SERVICE: "Service",
    ServiceKind.VIRTUAL_OBJECT: "VirtualObject",
    ServiceKind.WORKFLOW: "Workflow",
}


def render_docs(printer: Printer, service: PythonService, imports: Imports) -> None:
    """Add the class with the docstrings of the handlers, which the base and all clients inherit."""
    any_ = imports.standard("typing", "Any")
    printer.class_(service.classes.docs)
    with printer.indented():
        printer.docstring("The docstrings of the handlers, which the base and the clients share.")
        for handler in service.handlers:
            printer.line(f"def {handler.method}(self, *args: {any_}, **options: {any_}) -> {any_}:")
            with printer.indented():
                printer.docstring(handler_doc(handler.model))


def render_base(
    printer: Printer, service: PythonService, imports: Imports, runtime: MessageRuntime
) -> None:
    """Add the base class of a service's handlers."""
    bases = f"_rt.{_BASES[service.model.kind]}", service.classes.docs
    printer.class_(service.classes.base, *bases)
    with printer.indented():
        printer.docstring(service_doc(service.model))
        _keys(printer, service, imports, runtime)
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
                imports.response(handler.model),
                "...",
            )


def request_parameter(handler: HandlerModel, imports: Imports) -> list[str]:
    """Return the parameter for the request; none if the request is empty."""
    if handler.raw_request is not None:
        return ["request: bytes"]
    return [] if handler.request.is_empty else [f"request: {imports.message(handler.request)}"]


def _keys(
    printer: Printer, service: PythonService, imports: Imports, runtime: MessageRuntime
) -> None:
    key = service.model.key
    is_typed = isinstance(key, TypedKey)
    if service.keys or is_typed:
        printer.line()
    if is_typed:
        class_var = imports.standard("typing", "ClassVar")
        printer.statement(
            f"{KEY}: {class_var}[_rt.KeyFormat[{imports.message(key.type)}]] = ",
            _key_format(key, imports, runtime),
        )
    for key in service.keys:
        class_var = imports.standard("typing", "ClassVar")
        message = imports.message(key.declaration.type)
        printer.statement(
            f"{key.constant}: {class_var}[_rt.{key.class_}[{message}]] = ",
            Call(f"_rt.{key.class_}", (("", quote(key.declaration.name)), ("", message))),
        )


def _key_format(key: TypedKey, imports: Imports, runtime: MessageRuntime) -> Call:
    codec = Call(f"_rt.{runtime.codec}", (("", imports.message(key.type)),))
    arguments: list[tuple[str, Expression]] = [("", codec), ("", quote(key.text.prefix))]
    for field in key.text.fields:
        found = [quote(field.name), f"_rt.KeyType.{field.type.name}"]
        attribute = runtime.attribute(key.type, field.name)
        if field.after or attribute != field.name:
            found.append(quote(field.after))
        if attribute != field.name:
            found.append(quote(attribute))
        arguments.append(("", Call("_rt.KeyField", tuple(("", each) for each in found))))
    return Call("_rt.KeyFormat", tuple(arguments))


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
