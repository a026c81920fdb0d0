"""Prints the class that users extend, and the object that has the names, serdes and requests of its handlers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.generate.docstrings import described, handler_doc, service_doc
from restate_proto.generate.jvm.names import CONTEXTS, TARGETS, declared_keys, handler_type
from restate_proto.generate.jvm.printer import kdoc
from restate_proto.generate.jvm.settings import Settings
from restate_proto.generate.kotlin.names import escaped
from restate_proto.generate.kotlin.source import quote
from restate_proto.model.kinds import HandlerKind

if TYPE_CHECKING:
    from restate_proto.contract.schema import HandlerModel, MessageType
    from restate_proto.generate.kotlin.scope import Scope

__all__ = ["render_base", "render_handlers"]

_DEFINITION = "dev.restate.sdk.endpoint.definition"


def render_base(scope: Scope) -> None:
    """Adds the base class of a service's handlers."""
    printer, base = scope.printer, scope.names.base
    factory = scope.imports.use(f"{_DEFINITION}.ServiceDefinitionFactory")
    printer.line()
    printer.doc(kdoc(service_doc(scope.service)))
    with printer.block(f"public abstract class {base} : {factory}<{base}>"):
        for handler in scope.service.handlers:
            _method(scope, handler)
            printer.line()
        _create(scope)
        printer.line()
        boolean, any_ = scope.imports.use("kotlin.Boolean"), scope.imports.use("kotlin.Any")
        printer.line(
            f"final override fun supports(serviceObject: {any_}?): {boolean} = "
            f"serviceObject is {base}"
        )
        _keys(scope)


def _method(scope: Scope, handler: HandlerModel) -> None:
    scope.printer.doc(kdoc(handler_doc(handler)))
    scope.printer.wrapped(
        f"public abstract suspend fun {scope.method(handler)}",
        [f"ctx: {_context(scope, handler)}", *scope.request(handler)],
        "" if handler.response.is_empty else f": {scope.imports.message(handler.response)}",
    )


def _context(scope: Scope, handler: HandlerModel) -> str:
    return scope.imports.use(f"dev.restate.sdk.kotlin.{CONTEXTS[scope.service.kind, handler.kind]}")


def _create(scope: Scope) -> None:
    printer = scope.printer
    options = scope.imports.use(f"{_DEFINITION}.HandlerRunner.Options")
    definition = scope.imports.use(f"{_DEFINITION}.ServiceDefinition")
    service_type = scope.imports.use(f"{_DEFINITION}.ServiceType")
    list_of = scope.imports.function("kotlin.collections.listOf")
    printer.wrapped(
        "final override fun create",
        [f"serviceObject: {scope.names.base}", f"overrideHandlerOptions: {options}?"],
        f": {definition} =",
    )
    with printer.indented():
        printer.line(f"{definition}.of(")
        with printer.indented():
            printer.line(f"{scope.names.handlers}.Metadata.SERVICE_NAME,")
            printer.line(f"{service_type}.{scope.service.kind.name},")
            printer.line(f"{list_of}(")
            with printer.indented():
                for handler in scope.service.handlers:
                    _definition(scope, handler)
            printer.line("),")
        _configured(scope, _settings(scope).of_service(scope.service), "")


def _definition(scope: Scope, handler: HandlerModel) -> None:
    printer = scope.printer
    no_request, no_response = handler.request.is_empty, handler.response.is_empty
    printer.line("handler(")
    with printer.indented():
        printer.line(f"{quote(handler.name)},")
        printer.line(
            f"{scope.imports.use(f'{_DEFINITION}.HandlerType')}.{handler_type(handler.kind)},"
        )
        printer.line(f"{scope.default(handler.request)},")
        printer.line(f"{scope.default(handler.response)},")
        printer.line(f"{scope.json},")
        printer.line("overrideHandlerOptions,")
        printer.line(f"{{ ctx: {_context(scope, handler)}, {'_' if no_request else 'request'} ->")
        with printer.indented():
            arguments = "ctx" if no_request else "ctx, request"
            printer.line(f"serviceObject.{scope.method(handler)}({arguments})")
            if no_response:
                printer.line(scope.default(handler.response))
        printer.line("},")
    _configured(scope, _settings(scope).of_handler(scope.service, handler), ",")


def _settings(scope: Scope) -> Settings:
    return Settings(scope.imports.use, quote, close=",\n)")


def _configured(scope: Scope, settings: list[str], after: str) -> None:
    """Ends a definition that is open, with its settings if it has any."""
    if not settings:
        scope.printer.line(f"){after}")
        return
    scope.printer.line(").configure {")
    with scope.printer.indented():
        for setting in settings:
            for line in f"it.{setting}".split("\n"):
                scope.printer.line(line)
    scope.printer.line(f"}}{after}")


def _keys(scope: Scope) -> None:
    printer = scope.printer
    declared = declared_keys(scope.service)
    if not declared:
        return
    printer.line()
    with printer.block("public companion object"):
        for key in declared:
            name, type_ = key.declaration.name, key.declaration.type
            class_ = scope.imports.use(f"dev.restate.sdk.common.{key.class_}")
            printer.doc(kdoc(f"The {key.what} `{name}`."))
            printer.line(
                f"public val {escaped(key.constant)}: {class_}<{scope.imports.message(type_)}> ="
            )
            with printer.indented():
                printer.line(f"{class_}.of({quote(name)}, {scope.new_serde(type_)})")


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
