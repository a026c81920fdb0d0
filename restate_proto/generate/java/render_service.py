"""Prints the class that users extend, and the one that has the names, serdes and requests of its handlers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.generate.docstrings import described, handler_doc, service_doc
from restate_proto.generate.java.source import JavaSource
from restate_proto.generate.jvm.names import (
    CONTEXTS,
    TARGETS,
    constants,
    declared_keys,
    handler_type,
)
from restate_proto.generate.jvm.printer import quote
from restate_proto.generate.jvm.settings import Settings
from restate_proto.model.kinds import Encoding, HandlerKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from restate_proto.generate.java.names import JavaFile, JavaHandler, JavaService
    from restate_proto.generate.jvm.messages import JavaMessages

__all__ = ["render_base", "render_handlers"]


def render_base(
    file: JavaFile, service: JavaService, messages: JavaMessages, beside: Iterable[str]
) -> str:
    """Returns the text of the class.

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
        self.source = source
        self._settings = Settings(source.use, quote)

    def render(self) -> None:
        name = self._service.base.names[0]
        self.source.doc(service_doc(self._service.model))
        self.source.line('@$SuppressWarnings({"deprecation", "removal"})')
        head = "public abstract class $name implements $ServiceDefinitionFactory<$name>"
        with self.source.block(head, name=name):
            self._keys()
            for handler in self._service.handlers:
                self._handler(handler)
            self._create(name)
            self.source.lines(
                """
@$Override
public final boolean supports($Object service) {
  return service instanceof $name;
}
""",
                name=name,
            )

    def _keys(self) -> None:
        model, serde = self._service.model, self._service.serde.names[0]
        json = "true" if model.encoding is Encoding.JSON else "false"
        for key in declared_keys(model):
            message = self.source.use(self._messages.message(key.declaration.type))
            self.source.doc(f"The {key.what} {key.declaration.name}.")
            names = {
                "message": message,
                "constant": key.constant,
                "quoted": quote(key.declaration.name),
                "serde": serde,
                "json": json,
            }
            self.source.line(f"public static final ${key.class_}<$message> $constant =", **names)
            with self.source.indented(), self.source.indented():
                self.source.wrapped(
                    f"${key.class_}.of",
                    ["$quoted", "new $serde<>($message.getDefaultInstance(), $json)"],
                    ";",
                    **names,
                )
            self.source.line()

    def _handler(self, handler: JavaHandler) -> None:
        parameters = [f"${CONTEXTS[self._service.model.kind, handler.model.kind]} ctx"]
        if not handler.model.request.is_empty:
            parameters.append("$request request")
        self.source.doc(handler_doc(handler.model))
        self.source.wrapped(
            "public abstract $response $method",
            parameters,
            " throws $Exception;",
            request=self.source.use(handler.request),
            response="void"
            if handler.model.response.is_empty
            else self.source.use(handler.response),
            method=handler.method,
        )
        self.source.line()

    def _create(self, name: str) -> None:
        model, requests = self._service.model, self._service.requests.names[0]
        self.source.line("@$Override")
        head = (
            "public final $ServiceDefinition create($name service, $HandlerRunner.Options options)"
        )
        with self.source.block(head, name=name):
            self.source.line("$List<$HandlerDefinition<?, ?>> handlers = new $ArrayList<>();")
            for handler in self._service.handlers:
                self._definition(handler)
            settings = self._settings.of_service(model)
            self.source.wrapped(
                "return $ServiceDefinition.of",
                [
                    f"{requests}.Metadata.SERVICE_NAME",
                    f"$ServiceType.{model.kind.value}",
                    "handlers",
                ],
                "" if settings else ";",
            )
            if settings:
                with self.source.indented(), self.source.indented():
                    self.source.line(".configure(")
                    with self.source.indented(), self.source.indented():
                        self._configure(settings, ");")
        self.source.line()

    def _definition(self, handler: JavaHandler) -> None:
        requests, model = self._service.requests.names[0], handler.model
        self.source.line("handlers.add(")
        with self.source.indented(), self.source.indented():
            self.source.line("$serde.handler(", serde=self._service.serde.names[0])
            with self.source.indented(), self.source.indented():
                self.source.line("$name,", name=quote(model.name))
                self.source.line(f"$HandlerType.{handler_type(model.kind)},")
                serdes = f"{requests}.Metadata.Serde.{handler.constant}"
                self.source.line("${serdes}_INPUT,", serdes=serdes)
                self.source.line("${serdes}_OUTPUT,", serdes=serdes)
                self._call(handler)
                self.source.line("$requests.Metadata.SERDE_FACTORY,", requests=requests)
                self.source.line("options,")
                self._configure(self._settings.of_handler(self._service.model, model), "));")

    def _call(self, handler: JavaHandler) -> None:
        call = (
            "service.$method(ctx)"
            if handler.model.request.is_empty
            else "service.$method(ctx, request)"
        )
        context = CONTEXTS[self._service.model.kind, handler.model.kind]
        head = f"(${context} ctx, $request request) ->"
        names = {
            "request": self.source.use(handler.request),
            "response": self.source.use(handler.response),
            "method": handler.method,
        }
        if not handler.model.response.is_empty:
            self.source.line(f"{head} {call},", **names)
            return
        with self.source.block(head, after=",", **names):
            self.source.line(f"{call};", **names)
            self.source.line("return $response.getDefaultInstance();", **names)

    def _configure(self, settings: Sequence[str], after: str) -> None:
        if not settings:
            self.source.line("config -> {}$after", after=after)
        elif len(settings) == 1 and "\n" not in settings[0]:
            self.source.line("config -> config.$setting$after", setting=settings[0], after=after)
        else:
            with self.source.block("config ->", after=after):
                for setting in settings:
                    for line in f"config.{setting};".split("\n"):
                        self.source.line("$line", line=line)


def render_handlers(file: JavaFile, service: JavaService, beside: Iterable[str]) -> str:
    """Returns the text of the class.

    Args:
        file: where the service is.
        service: the service.
        beside: the names of the other classes that are known to be in its package.
    """
    source = JavaSource(service.requests, ("Metadata", "Serde", *constants(service.model)), beside)
    name = service.requests.names[0]
    text = f"Requests to {described(service.model)}, and what it is called."
    source.doc(text, deprecated=service.model.deprecated)
    source.line('@$SuppressWarnings({"deprecation", "removal"})')
    with source.block("public final class $name", name=name):
        source.line("private $name() {}", name=name)
        for handler in service.handlers:
            source.line()
            _factory(source, service, handler)
        source.line()
        _metadata(source, service)
    return source.text(file.model.path)


def _factory(source: JavaSource, service: JavaService, handler: JavaHandler) -> None:
    """Adds the method that makes the request of a handler."""
    is_run = handler.model.kind is HandlerKind.WORKFLOW
    names = {
        "builder": source.fill("$WorkflowRequestBuilder" if is_run else "$RequestBuilder"),
        "request": source.use(handler.request),
        "response": source.use(handler.response),
        "method": handler.method,
        "target": TARGETS[service.model.kind],
        "handler": quote(handler.model.name),
        "constant": handler.constant,
    }
    parameters = ["$String key"] if service.model.is_keyed else []
    message = "$request.getDefaultInstance()"
    if not handler.model.request.is_empty:
        parameters.append("$request request")
        message = "request"
    text = handler_doc(handler.model, says_deprecated=False)
    source.doc(text, deprecated=handler.model.deprecated)
    source.wrapped("public static $builder<$request, $response> $method", parameters, " {", **names)
    key = "checkedKey, " if service.model.is_keyed else ""
    with source.indented():
        if service.model.is_keyed:
            where = quote(f"{service.model.name}/{handler.model.name}")
            in_request = '""' if handler.key_getter is None else f"request.{handler.key_getter}()"
            checked = f"$String checkedKey = {service.serde.names[0]}.key"
            source.wrapped(checked, [where, "key", in_request], ";")
        source.wrapped(
            "return ($builder<$request, $response>) $Request.of"
            if is_run
            else "return $Request.of",
            [
                f"$Target.$target(Metadata.SERVICE_NAME, {key}$handler)",
                "Metadata.Serde.${constant}_INPUT",
                "Metadata.Serde.${constant}_OUTPUT",
                message,
            ],
            ";",
            **names,
        )
    source.line("}")


def _metadata(source: JavaSource, service: JavaService) -> None:
    json = "true" if service.model.encoding is Encoding.JSON else "false"
    names = {"serde": service.serde.names[0], "json": json}
    source.doc(f"What {described(service.model)} is called, and how its payloads are written.")
    with source.block("public static final class Metadata"):
        source.line(
            "public static final $String SERVICE_NAME = $name;", name=quote(service.model.name)
        )
        source.line()
        source.doc("The serdes of all message types; other types have those that the SDK finds.")
        source.line(
            "public static final $SerdeFactory SERDE_FACTORY = $serde.factory($json);", **names
        )
        source.line()
        source.line("private Metadata() {}")
        source.line()
        source.doc("The serdes of the handlers' requests and responses.")
        with source.block("public static final class Serde"):
            for handler in service.handlers:
                for message, suffix in ((handler.request, "INPUT"), (handler.response, "OUTPUT")):
                    names |= {"message": source.use(message), "constant": handler.constant}
                    source.line(
                        f"public static final $Serde<$message> ${{constant}}_{suffix} =", **names
                    )
                    with source.indented(), source.indented():
                        source.line("new $serde<>($message.getDefaultInstance(), $json);", **names)
            source.line()
            source.line("private Serde() {}")
