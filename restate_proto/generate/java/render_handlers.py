"""Prints the class that makes the requests of a service, and has its name and serdes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.generate.docstrings import described, handler_doc
from restate_proto.generate.java.source import JavaSource
from restate_proto.generate.jvm.names import TARGETS, constants
from restate_proto.generate.jvm.printer import quote
from restate_proto.model.kinds import Encoding, HandlerKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restate_proto.generate.java.names import JavaFile, JavaHandler, JavaService

__all__ = ["render_handlers"]


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
