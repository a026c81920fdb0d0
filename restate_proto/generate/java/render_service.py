"""Print the class that users extend, and the one that has the constants of its handlers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.contract.schema import FixedKey, TypedKey
from restate_proto.generate.docstrings import described, handler_doc, service_doc
from restate_proto.generate.java.source import JavaSource
from restate_proto.generate.jvm.names import (
    CONTEXTS,
    INHERITED_METHODS,
    KEY,
    constants,
    declared_keys,
    handler_type,
)
from restate_proto.generate.jvm.printer import quote
from restate_proto.generate.jvm.settings import Settings
from restate_proto.generate.jvm.support import KEYS, VALIDATION, support_class
from restate_proto.model.kinds import Encoding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from restate_proto.generate.java.names import JavaFile, JavaHandler, JavaService
    from restate_proto.generate.jvm.messages import JavaMessages

__all__ = ["render_base", "render_handlers"]


def render_base(
    file: JavaFile, service: JavaService, messages: JavaMessages, beside: Iterable[str]
) -> str:
    """Return the text of the class.

    Args:
        file: where the service is.
        service: the service.
        messages: the protobuf-java classes of the request.
        beside: the names of the other classes that are known to be in its package.
    """
    source = JavaSource(service.base, constants(service.model), beside)
    _Renderer(service, messages, source).render()
    return source.text(file.model.path)


class _Renderer:
    def __init__(self, service: JavaService, messages: JavaMessages, source: JavaSource) -> None:
        self._service = service
        self._messages = messages
        self._source = source
        self._settings = Settings(source.use, quote)

    def render(self) -> None:
        name = self._service.base.names[0]
        self._source.doc(service_doc(self._service.model))
        self._source.line('@$SuppressWarnings({"deprecation", "removal"})')
        self._source.line("@$NullMarked")
        head = "public abstract class $name implements $ServiceDefinitionFactory<$name>"
        with self._source.block(head, name=name):
            self._keys()
            for handler in self._service.handlers:
                self._handler(handler)
            self._create(name)
            self._source.lines(
                """
@$Override
public final boolean supports($Object service) {
  return service instanceof $name;
}
""",
                name=name,
            )

    def _keys(self) -> None:
        key = self._service.model.key
        if isinstance(key, TypedKey):
            message = self._source.use(self._messages.message(key.type))
            support = self._source.use(support_class(self._service.base.package, KEYS))
            self._source.doc(f"The format of a key: `{key.text}`.")
            self._source.assignment(
                f"public static final {support}.KeyFormat<{message}> {KEY}",
                f"{support}.KeyFormat.of",
                [
                    f"{message}.getDefaultInstance()",
                    quote(key.text.prefix),
                    *(quote(part) for each in key.text.fields for part in (each.name, each.after)),
                ],
            )
            self._source.line()
        for key in declared_keys(self._service.model):
            message = self._source.use(self._messages.message(key.declaration.type))
            class_ = self._source.fill(f"${key.class_}")
            name = quote(key.declaration.name)
            self._source.doc(f"The {key.what} {key.declaration.name}.")
            self._source.assignment(
                f"public static final {class_}<{message}> {key.constant}",
                f"{class_}.of",
                [name, f"{message}.class"],
            )
            self._source.line()

    def _handler(self, handler: JavaHandler) -> None:
        parameters = [f"{self._context(handler)} ctx"]
        if not handler.model.request.is_empty:
            parameters.append("$request request")
        nothing = handler.model.response.is_empty
        returns = "void" if nothing else self._source.use(handler.response)
        self._source.doc(handler_doc(handler.model))
        self._source.wrapped(
            "public abstract $returns $method",
            parameters,
            " throws $Exception;",
            returns=returns,
            method=handler.method,
            request=self._source.use(handler.request),
        )
        self._source.line()

    def _context(self, handler: JavaHandler) -> str:
        return self._source.fill(f"${CONTEXTS[self._service.model.kind, handler.model.kind]}")

    def _create(self, name: str) -> None:
        constants = self._service.constants.names[0]
        bound = [self._bound(handler) for handler in self._service.handlers]
        for lines in bound[:-1]:
            lines[-1] += ","
        configured = self._configured(self._settings.of_service(self._service.model))
        text = [
            f"return {constants}.Metadata.SERVICE.define(",
            *(f"        {line}" for lines in bound for line in lines),
        ]
        text[-1] += ")"
        text += [f"    {line}" for line in configured]
        text[-1] += ";"
        self._source.line("@$Override")
        head = (
            "public final $ServiceDefinition create($name service, "
            "$HandlerRunner.@$Nullable Options options)"
        )
        with self._source.block(head, name=name):
            self._source.raw(text)
        self._source.line()

    def _bound(self, handler: JavaHandler) -> list[str]:
        """Return the lines that bind a handler to its method with the contract's settings."""
        constant = f"{self._service.constants.names[0]}.{handler.constant}"
        if handler.is_validated:
            check = self._source.use(support_class(self._service.base.package, VALIDATION))
            constant += f".validating({check}::check)"
        settings = self._settings.of_handler(self._service.model, handler.model)
        return [
            f"{constant}.bind({self._method(handler)}, options)",
            *(f"    {line}" for line in self._configured(settings)),
        ]

    def _method(self, handler: JavaHandler) -> str:
        """Return the expression that calls the method of a handler."""
        if handler.method not in INHERITED_METHODS:
            return f"service::{handler.method}"
        # A method reference would be ambiguous, because several methods have that name.
        context = self._context(handler)
        if handler.model.request.is_empty:
            return f"({context} ctx) -> service.{handler.method}(ctx)"
        request = self._source.use(handler.request)
        return f"({context} ctx, {request} request) -> service.{handler.method}(ctx, request)"

    def _configured(self, settings: Sequence[str]) -> list[str]:
        """Return the call that configures a definition."""
        if not settings:
            return []
        if len(settings) == 1 and "\n" not in settings[0]:
            return [f".configure(config -> config.{settings[0]})"]
        lines = [line for setting in settings for line in f"config.{setting};".split("\n")]
        return [".configure(", "    config -> {", *(f"      {line}" for line in lines), "    })"]


def render_handlers(file: JavaFile, service: JavaService, beside: Iterable[str]) -> str:
    """Return the text of the class.

    Args:
        file: where the service is.
        service: the service.
        beside: the names of the other classes that are known to be in its package.
    """
    source = JavaSource(service.constants, ("Metadata", *constants(service.model)), beside)
    name = service.constants.names[0]
    text = f"The handlers and the name of {described(service.model)}."
    source.doc(text, deprecated=service.model.deprecated)
    source.line('@$SuppressWarnings({"deprecation", "removal"})')
    source.line("@$NullMarked")
    support = source.use(support_class(file.package))
    with source.block(f"public final class {name}"):
        for handler in service.handlers:
            request, response = source.use(handler.request), source.use(handler.response)
            if handler.model.deprecated:
                source.doc(f"The handler `{handler.model.name}`.", deprecated=True)
            arguments = [
                quote(handler.model.name),
                source.fill(f"$HandlerType.{handler_type(handler.model.kind)}"),
                f"{request}.class",
                f"{response}.class",
            ]
            if handler.key_getter is not None:
                arguments.append(f"{request}::{handler.key_getter}")
            raw = handler.model.raw_request, handler.model.raw_response
            if raw != (None, None):
                types = ("null" if each is None else quote(each) for each in raw)
                arguments = [f"{', '.join(arguments)}).raw({', '.join(types)}"]
            types = f"{source.value(handler.request)}, {source.value(handler.response)}"
            source.assignment(
                f"public static final {support}<{types}> {handler.constant}",
                "Metadata.SERVICE.handler",
                arguments,
            )
        if service.handlers:
            source.line()
        source.line(f"private {name}() {{}}")
        source.line()
        _metadata(file, source, service, support)
    return source.text(file.model.path)


def _metadata(file: JavaFile, source: JavaSource, names: JavaService, support: str) -> None:
    service = names.model
    json = "true" if service.encoding is Encoding.JSON else "false"
    kind = source.fill(f"$ServiceType.{service.kind.value}")
    descriptor = f"{source.use(file.file_class)}.getDescriptor()"
    source.doc(f"The name of {described(service)}, and the serdes of its payloads.")
    with source.block("public static final class Metadata"):
        name = quote(service.name)
        source.line("public static final $String SERVICE_NAME = $name;", name=name)
        arguments = ["SERVICE_NAME", kind, descriptor, json]
        match service.key:
            case FixedKey(value):
                arguments[-1] += f").withKey({quote(value)}"
            case TypedKey():
                arguments[-1] += f").withKeys({names.base.names[0]}.{KEY}::parse"
            case None:
                pass
        source.assignment(
            f"static final {support}.Service SERVICE", f"new {support}.Service", arguments
        )
        source.line()
        source.doc("The serdes of all message types; other types get those that the SDK finds.")
        source.line("public static final $SerdeFactory SERDE_FACTORY = SERVICE;")
        source.line()
        source.line("private Metadata() {}")
