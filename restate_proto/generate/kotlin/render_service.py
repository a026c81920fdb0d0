"""Print the class that users extend, and the object that has the constants of its handlers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.contract.schema import FixedKey, TypedKey
from restate_proto.generate.docstrings import described, handler_doc, service_doc
from restate_proto.generate.jvm.names import (
    CONTEXTS,
    INHERITED_METHODS,
    KEY,
    declared_keys,
    handler_constants,
    handler_type,
)
from restate_proto.generate.jvm.printer import kdoc
from restate_proto.generate.jvm.settings import Settings
from restate_proto.generate.jvm.support import KEYS, VALIDATION, support_class
from restate_proto.generate.kotlin.names import escaped
from restate_proto.generate.kotlin.source import quote
from restate_proto.model.kinds import Encoding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from restate_proto.contract.schema import HandlerModel
    from restate_proto.generate.kotlin.scope import Scope

__all__ = ["render_base", "render_handlers"]

_DEFINITION = "dev.restate.sdk.endpoint.definition"


def render_base(scope: Scope) -> None:
    """Add the base class of a service's handlers."""
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
        "" if handler.response.is_empty else f": {scope.response_type(handler)}",
    )


def _context(scope: Scope, handler: HandlerModel) -> str:
    return scope.imports.use(f"dev.restate.sdk.kotlin.{CONTEXTS[scope.service.kind, handler.kind]}")


def _create(scope: Scope) -> None:
    printer = scope.printer
    options = scope.imports.use(f"{_DEFINITION}.HandlerRunner.Options")
    definition = scope.imports.use(f"{_DEFINITION}.ServiceDefinition")
    settings = Settings(scope.imports.use, quote, close=",\n)")
    printer.wrapped(
        "final override fun create",
        [f"serviceObject: {scope.names.base}", f"overrideHandlerOptions: {options}?"],
        f": {definition} =",
    )
    with printer.indented():
        printer.line(f"{scope.names.handlers}.Metadata.SERVICE.define(")
        with printer.indented():
            for handler in scope.service.handlers:
                bound = _bound(scope, handler)
                _configured(scope, bound, settings.of_handler(scope.service, handler), ",")
        _configured(scope, ")", settings.of_service(scope.service), "")


def _bound(scope: Scope, handler: HandlerModel) -> str:
    """Return the expression that binds a handler to its method."""
    bind = f"{scope.constant(handler)}.bind"
    if scope.validation.of_handler(handler):
        check = scope.imports.use(support_class(scope.file.package, VALIDATION))
        bind = f"{scope.constant(handler)}.validating({check}::check).bind"
    method = scope.method(handler)
    if handler.request.is_empty:
        context = _context(scope, handler)
        call = f"serviceObject.{method}(ctx)"
        return f"{bind}(overrideHandlerOptions) {{ ctx: {context}, _ -> {call} }}"
    if method in INHERITED_METHODS:  # several methods have that name
        context = _context(scope, handler)
        call = f"serviceObject.{method}(ctx, request)"
        return f"{bind}(overrideHandlerOptions) {{ ctx: {context}, request -> {call} }}"
    return f"{bind}(overrideHandlerOptions, serviceObject::{method})"


def _configured(scope: Scope, definition: str, settings: Sequence[str], after: str) -> None:
    """Add a definition with the contract's settings."""
    if not settings:
        scope.printer.line(f"{definition}{after}")
        return
    with scope.printer.block(f"{definition}.configure", after=after):
        for setting in settings:
            for line in f"it.{setting}".split("\n"):
                scope.printer.line(line)


def _keys(scope: Scope) -> None:
    printer = scope.printer
    declared = declared_keys(scope.service)
    key = scope.service.key
    if not declared and not isinstance(key, TypedKey):
        return
    printer.line()
    with printer.block("public companion object"):
        if isinstance(key, TypedKey):
            message = scope.imports.message(key.type)
            support = scope.imports.use(support_class(scope.file.package, KEYS))
            printer.doc(kdoc(f"The format of a key: `{key.text}`."))
            printer.assignment(
                f"public val {KEY}: {support}.KeyFormat<{message}>",
                f"{support}.KeyFormat",
                [
                    f"{message}.getDefaultInstance()",
                    quote(key.text.prefix),
                    *(quote(part) for each in key.text.fields for part in (each.name, each.after)),
                ],
            )
        for key in declared:
            message = scope.imports.message(key.declaration.type)
            class_ = scope.imports.use(f"dev.restate.sdk.common.{key.class_}")
            printer.doc(kdoc(f"The {key.what} `{key.declaration.name}`."))
            printer.assignment(
                f"public val {escaped(key.constant)}: {class_}<{message}>",
                f"{class_}.of",
                [quote(key.declaration.name), f"{message}::class.java"],
            )


def render_handlers(scope: Scope) -> None:
    """Add the object with the constants of a service's handlers."""
    printer = scope.printer
    printer.line()
    printer.doc(kdoc(f"The handlers and the name of {described(scope.service)}."))
    scope.deprecate(scope.service)
    with printer.block(f"public object {scope.names.handlers}"):
        names = handler_constants(scope.service)
        for handler in scope.service.handlers:
            type_ = scope.imports.use(f"{_DEFINITION}.HandlerType")
            arguments = [quote(handler.name), f"{type_}.{handler_type(handler.kind)}"]
            request = scope.request_type(handler)
            for parameter, raw in (
                ("rawRequest", handler.raw_request),
                ("rawResponse", handler.raw_response),
            ):
                if raw is not None:
                    arguments.append(f"{parameter} = {quote(raw)}")
            if handler.key_field is not None:
                getter = scope.java.getter(handler.request, handler.key_field)
                arguments.append(f"{request}::{getter}")
            scope.deprecate(handler)
            types = f"{request}, {scope.response_type(handler)}"
            printer.assignment(
                f"public val {escaped(names[handler.rpc])}: {scope.support}<{types}>",
                "Metadata.SERVICE.handler",
                arguments,
            )
        if scope.service.handlers:
            printer.line()
        _metadata(scope)


def _metadata(scope: Scope) -> None:
    printer, service = scope.printer, scope.service
    factory = scope.imports.use("dev.restate.serde.SerdeFactory")
    json = "true" if service.encoding is Encoding.JSON else "false"
    kind = f"{scope.imports.use(f'{_DEFINITION}.ServiceType')}.{service.kind.name}"
    descriptor = f"{scope.imports.use(scope.file)}.getDescriptor()"
    check: list[str] = []
    match service.key:
        case FixedKey(value):
            only = quote(value)
            text = quote(f'" is not "{value}", the only key of this object')
            check = [f'{{ require(it == {only}) {{ "\\"$it{text[1:]} }} }}']
        case TypedKey():
            check = [f"{{ {scope.names.base}.{KEY}.parse(it) }}"]
        case None:
            pass
    printer.doc(kdoc(f"The name of {described(service)}, and the serdes of its payloads."))
    with printer.block("public object Metadata"):
        string = scope.imports.use("kotlin.String")
        printer.line(f"public const val SERVICE_NAME: {string} = {quote(service.name)}")
        printer.assignment(
            f"internal val SERVICE: {scope.support}.Service",
            f"{scope.support}.Service",
            ["SERVICE_NAME", kind, descriptor, f"json = {json}", *check],
        )
        printer.line()
        printer.doc(kdoc("Finds the serdes of messages; other types have those of the SDK."))
        printer.line(f"public val SERDE_FACTORY: {factory} = SERVICE")
