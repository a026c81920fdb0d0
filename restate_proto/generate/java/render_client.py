"""Prints the clients of a service: for handlers, and for programs outside of Restate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.generate.docstrings import described, handler_doc
from restate_proto.generate.java.source import JavaSource
from restate_proto.generate.jvm.names import free_name
from restate_proto.generate.jvm.printer import quote
from restate_proto.model.kinds import HandlerKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from restate_proto.generate.java.names import JavaFile, JavaHandler, JavaService

__all__ = ["render_client"]


def render_client(file: JavaFile, service: JavaService, beside: Iterable[str]) -> str:
    """Returns the text of the class.

    Args:
        file: where the service is.
        service: the service.
        beside: the names of the other classes that are known to be in its package.
    """
    # A class cannot have the name of the one around it: that of a service `Ingress`.
    inside, outside = (
        free_name(name, service.client.names) for name in ("ContextClient", "IngressClient")
    )
    source = JavaSource(service.client, (inside, outside, "Send"), beside)
    _Renderer(service, source, inside, outside).render()
    return source.text(file.model.path)


@dataclass(frozen=True, slots=True)
class _Style:
    """What sets the methods of one sort of client apart.

    Args:
        returns: their type; `$response` is the response's.
        invoke: what they do with `builder`; `$client` is what does it.
        is_async: whether they return a `CompletableFuture`.
        sends: whether they send one-way messages, which can be delayed.
    """

    returns: str
    invoke: str
    is_async: bool = False
    sends: bool = False


_CALL = _Style("$CallDurableFuture<$response>", "return $client.call(builder);")
_SEND = _Style("$InvocationHandle<$response>", "return $client.send(builder, delay);", sends=True)
_INGRESS_CALL = _Style("$response", "return $client.call($serde.toIngress(builder)).response();")
_INGRESS_CALL_VOID = _Style("void", "$client.call($serde.toIngress(builder));")
_INGRESS_CALL_ASYNC = _Style(
    "$CompletableFuture<$response>",
    "return $client.callAsync($serde.toIngress(builder)).thenApply($Response::response);",
    is_async=True,
)
_INGRESS_SEND = _Style(
    "$SendResponse<$response>",
    "return $client.send($serde.toIngress(builder), delay);",
    sends=True,
)
_INGRESS_SEND_ASYNC = _Style(
    "$CompletableFuture<$SendResponse<$response>>",
    "return $client.sendAsync($serde.toIngress(builder), delay);",
    is_async=True,
    sends=True,
)


class _Renderer:
    def __init__(self, service: JavaService, source: JavaSource, inside: str, outside: str) -> None:
        self._service = service
        self._source = source
        self._inside, self._outside = inside, outside
        self._keyed = service.model.is_keyed

    def render(self) -> None:
        name, what = self._service.client.names[0], described(self._service.model)
        self._source.doc(f"Clients of {what}.", deprecated=self._service.model.deprecated)
        self._source.line('@$SuppressWarnings({"deprecation", "removal"})')
        with self._source.block("public final class $name", name=name):
            self._source.line("private $name() {}", name=name)
            self._factories()
            self._source.line()
            self._source.doc(f"Calls {what} from a handler.")
            self._client(self._inside, "Context", "ctx", self._context_methods)
            self._source.line()
            self._source.doc(f"Calls {what} from outside of Restate.")
            self._client(self._outside, "Client", "client", self._ingress_methods)

    def _factories(self) -> None:
        """Adds `fromContext`, `fromClient` and `connect`; keys may be left to the requests."""
        keys = ["key"] if self._keyed else [""]
        if self._service.model.has_key_field:
            keys.append("")
        for key in keys:
            missing = self._keyed and not key
            ending = "; the key is taken from each request." if missing else "."
            parameters = ["$String key"] if key else []
            argument = ", key" if key else ", null" if missing else ""
            self._factory(
                f"Returns the client for use in a handler{ending}",
                f"{self._inside} fromContext",
                ["$Context ctx", *parameters],
                f"new {self._inside}(ctx{argument})",
            )
            self._factory(
                f"Returns the client for use outside of Restate{ending}",
                f"{self._outside} fromClient",
                ["$Client client", *parameters],
                f"new {self._outside}(client{argument})",
            )
            self._factory(
                f"Connects to the ingress of Restate, such as http://localhost:8080{ending}",
                f"{self._outside} connect",
                ["$String baseUri", *parameters],
                f"fromClient($Client.connect(baseUri, $requests.Metadata.SERDE_FACTORY)"
                f"{', key' if key else ''})",
            )

    def _factory(self, doc: str, head: str, parameters: Iterable[str], code: str) -> None:
        self._source.line()
        self._source.doc(doc)
        self._source.wrapped(f"public static {head}", parameters, " {")
        with self._source.indented():
            self._source.line(f"return {code};", requests=self._service.requests.names[0])
        self._source.line("}")

    def _client(self, name: str, origin: str, field: str, methods: Callable[[], None]) -> None:
        """Adds a client class, which is made of a context or of an ingress client."""
        fields = [(f"${origin}", field), *([("$String", "key")] if self._keyed else [])]
        with self._source.block("public static final class $name", name=name):
            for type_, what in fields:
                self._source.line(f"private final {type_} {what};")
            self._source.line()
            self._source.wrapped(
                "private $name", [f"{type_} {what}" for type_, what in fields], " {", name=name
            )
            with self._source.indented():
                for _, what in fields:
                    self._source.line(f"this.{what} = {what};")
            self._source.line("}")
            methods()

    def _context_methods(self) -> None:
        for handler in self._service.handlers:
            self._methods(handler, handler.method, "ctx", _CALL)
        self._send(self._service.handlers, "ctx", [_SEND])

    def _ingress_methods(self) -> None:
        others: list[JavaHandler] = []
        for handler in self._service.handlers:
            if handler.model.kind is HandlerKind.WORKFLOW:
                self._workflow(handler)
                continue
            others.append(handler)
            is_void = handler.model.response.is_empty
            style = _INGRESS_CALL_VOID if is_void else _INGRESS_CALL
            self._methods(handler, handler.method, "client", style)
            self._methods(handler, handler.async_method, "client", _INGRESS_CALL_ASYNC)
        if others:
            self._send(others, "client", [_INGRESS_SEND, _INGRESS_SEND_ASYNC])

    def _send(self, handlers: Iterable[JavaHandler], field: str, styles: Iterable[_Style]) -> None:
        """Adds `send` and the class that it returns."""
        self._source.line()
        self._source.doc("Returns the same handlers as one-way messages.")
        with self._source.block("public Send send()"):
            self._source.line("return new Send();")
        self._source.line()
        self._source.doc("Sends one-way messages.")
        with self._source.block("public final class Send"):
            self._source.line("private Send() {}")
            for handler in handlers:
                for style in styles:
                    name = handler.async_method if style.is_async else handler.method
                    self._methods(handler, name, field, style)

    def _workflow(self, run: JavaHandler) -> None:
        """Adds what is about the run handler: `workflowHandle` and `submit`."""
        self._source.line()
        self._source.doc("Returns the run of the workflow: attach to it, or get its output.")
        model = self._service.model
        names = {
            "requests": self._service.requests.names[0],
            "constant": run.constant,
            "serde": self._service.serde.names[0],
        }
        returns = self._source.fill(
            "$Client.WorkflowHandle<$response>", response=self._source.use(run.response)
        )
        with self._source.block(f"public {returns} workflowHandle()"):
            self._source.wrapped(
                "return client.workflowHandle",
                [
                    "$requests.Metadata.SERVICE_NAME",
                    f'$serde.key({quote(f"{model.name}/{run.model.name}")}, key, "")',
                    "$requests.Metadata.Serde.${constant}_OUTPUT",
                ],
                ";",
                **names,
            )
        self._methods(run, "submit", "client", _INGRESS_SEND)
        self._methods(run, "submitAsync", "client", _INGRESS_SEND_ASYNC)

    def _methods(self, handler: JavaHandler, name: str, client: str, style: _Style) -> None:
        """Adds the forms of one method: with options or not, with a delay or not."""
        request, response = self._source.use(handler.request), self._source.use(handler.response)
        options = self._source.fill(
            "$Consumer<$RequestBuilder<$request, $response>> options",
            request=request,
            response=response,
        )
        has_request = not handler.model.request.is_empty
        parameters = [f"{request} request"] if has_request else []
        passed = ["request"] if has_request else []
        none, delay = "ignored -> {}", self._source.fill("$Duration delay")
        if style.sends:
            forms = [
                (parameters, [*passed, "null", none], ""),
                ([*parameters, options], [*passed, "null", "options"], _WITH_OPTIONS),
                ([*parameters, delay], [*passed, "delay", none], _WITH_DELAY),
            ]
            last, doc = [*parameters, delay, options], _WITH_BOTH
        else:
            forms = [(parameters, [*passed, none], "")]
            last, doc = [*parameters, options], _WITH_OPTIONS
        names = {
            "response": response,
            "client": client,
            "serde": self._service.serde.names[0],
        }
        returns = self._source.fill(style.returns, **names)
        for form, arguments, extra in forms:
            self._head(handler, extra, f"public {returns} {name}", form)
            keyword = "" if returns == "void" else "return "
            with self._source.indented():
                self._source.wrapped(f"{keyword}this.{name}", arguments, ";")
            self._source.line("}")
        self._head(handler, doc, f"public {returns} {name}", last)
        with self._source.indented():
            key = ["key"] if self._keyed else []
            self._source.wrapped(
                f"var builder = {self._service.requests.names[0]}.{handler.method}",
                [*key, *passed],
                ";",
            )
            self._source.line("options.accept(builder);")
            self._source.line(style.invoke, **names)
        self._source.line("}")

    def _head(self, handler: JavaHandler, extra: str, head: str, parameters: Iterable[str]) -> None:
        self._source.line()
        text = extra or handler_doc(handler.model, says_deprecated=False)
        self._source.doc(text, deprecated=handler.model.deprecated)
        self._source.wrapped(head, parameters, " {")


_WITH_OPTIONS = "The same, with options: an idempotency key, headers."
_WITH_DELAY = "The same, after a delay."
_WITH_BOTH = "The same, after a delay and with options."
