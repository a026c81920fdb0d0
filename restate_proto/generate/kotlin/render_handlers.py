"""Prints the object that builds requests to a service's handlers, and has its names and serdes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.generate.docstrings import described, handler_doc
from restate_proto.generate.jvm.docs import kdoc
from restate_proto.generate.jvm.names import TARGETS
from restate_proto.generate.kotlin.printer import quote
from restate_proto.model.kinds import HandlerKind

if TYPE_CHECKING:
    from restate_proto.contract.schema import HandlerModel, MessageType
    from restate_proto.generate.kotlin.scope import Scope

__all__ = ["render_handlers"]


def render_handlers(scope: Scope) -> None:
    """Adds the object with the requests to a service's handlers."""
    printer = scope.printer
    printer.line()
    printer.doc(kdoc(f"Builds requests to {described(scope.service)}."))
    scope.deprecate(scope.service)
    with printer.block(f"public object {scope.names.handlers}"):
        for handler in scope.service.handlers:
            _request(scope, handler)
            printer.line()
        _metadata(scope)


def _request(scope: Scope, handler: HandlerModel) -> None:
    printer = scope.printer
    is_run = handler.kind is HandlerKind.WORKFLOW
    request = scope.imports.use(f"dev.restate.common.{'Workflow' if is_run else ''}Request")
    returned = f"{request}<{scope.types(handler)}>"
    key = [f"key: {scope.key_type}"] if scope.key_type else []
    printer.doc(kdoc(handler_doc(handler)))
    scope.deprecate(handler)
    printer.wrapped(
        f"public fun {scope.method(handler)}",
        [*key, *scope.request(handler), scope.init(handler)],
        f": {returned} =",
    )
    with printer.indented():
        printer.line("newRequest(")
        with printer.indented():
            printer.line(f"{_target(scope, handler)},")
            printer.line(f"Metadata.Serde.{scope.input(handler)},")
            printer.line(f"Metadata.Serde.{scope.output(handler)},")
            empty = scope.default(handler.request)
            printer.line(f"{empty if handler.request.is_empty else 'request'},")
            printer.line("init,")
        printer.line(f") as {returned}" if is_run else ")")


def _target(scope: Scope, handler: HandlerModel) -> str:
    target = scope.imports.use("dev.restate.common.Target")
    arguments = ["Metadata.SERVICE_NAME", quote(handler.name)]
    if scope.key_type:
        key = "key"
        if handler.key_field is not None:
            key = f"key, request.{scope.java.getter(handler.request, handler.key_field)}()"
        name = quote(f"{scope.service.name}/{handler.name}")
        arguments.insert(1, f"keyOf({name}, {key})")
    return f"{target}.{TARGETS[scope.service.kind]}({', '.join(arguments)})"


def _metadata(scope: Scope) -> None:
    printer, service = scope.printer, scope.service
    printer.doc(kdoc(f"What {described(service)} is called, and what its payloads are."))
    with printer.block("public object Metadata"):
        printer.line(f"public const val SERVICE_NAME: {scope.string} = {quote(service.name)}")
        printer.line()
        factory = scope.imports.use("dev.restate.serde.SerdeFactory")
        printer.line(f"public val SERDE_FACTORY: {factory} = serdeFactory({scope.json})")
        printer.line()
        with printer.block("public object Serde"):
            for handler in service.handlers:
                _serde(scope, scope.input(handler), handler.request)
                _serde(scope, scope.output(handler), handler.response)


def _serde(scope: Scope, name: str, message: MessageType) -> None:
    serde = scope.imports.use("dev.restate.serde.Serde")
    scope.printer.line(f"public val {name}: {serde}<{scope.imports.message(message)}> =")
    with scope.printer.indented():
        scope.printer.line(scope.new_serde(message))
