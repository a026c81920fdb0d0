"""Print the clients of a service: for handlers, and for programs outside of Restate."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.contract.schema import FixedKey, TypedKey
from restate_proto.generate.docstrings import described, handler_doc
from restate_proto.generate.java.source import JavaSource
from restate_proto.generate.jvm.messages import JvmClass
from restate_proto.generate.jvm.names import KEY, exception_name, free_name
from restate_proto.generate.jvm.printer import quote
from restate_proto.generate.jvm.support import support_class
from restate_proto.model.kinds import HandlerKind

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from restate_proto.contract.schema import ErrorModel
    from restate_proto.generate.java.names import JavaFile, JavaHandler, JavaService
    from restate_proto.generate.jvm.messages import JavaMessages

__all__ = ["render_client"]


def render_client(
    file: JavaFile, service: JavaService, messages: JavaMessages, beside: Iterable[str]
) -> str:
    """Return the text of the class.

    Args:
        file: where the service is.
        service: the service.
        messages: the protobuf-java classes of the request.
        beside: the names of the other classes that are known to be in its package.
    """
    # A nested class cannot have the name of an outer class, as it would for a service `Ingress`.
    inside, outside = (
        free_name(name, service.client.names) for name in ("ContextClient", "IngressClient")
    )
    source = JavaSource(service.client, (inside, outside, "Send"), beside)
    support = source.use(support_class(file.package))
    _Renderer(service, messages, source, support, inside, outside).render()
    return source.text(file.model.path)


@dataclass(frozen=True, slots=True)
class _Style:
    """The parts of a method that differ between the sorts of clients.

    Args:
        returns: the return type; `$response` stands for the type of the response.
        invoke: the method that is called with the request.
        more: the argument that follows the request.
        then: the text that follows the call.
        doc: how the method differs from the one that documents the handler, which is `$name` of
            `$client`; empty if the method documents the handler itself.
    """

    returns: str
    invoke: str
    more: str = ""
    then: str = ""
    doc: str = ""

    @property
    def is_inside(self) -> bool:
        """Whether handlers call these methods."""
        return self.invoke.startswith("ctx.")

    @property
    def is_async(self) -> bool:
        """Whether the methods return a `CompletableFuture` of what others return."""
        return self.invoke.endswith("Async")

    @property
    def is_ingress_call(self) -> bool:
        """Whether the methods run outside of Restate, and fail as the handler does."""
        return self.invoke.startswith("client.call")


_ONE_WAY = "{@link $client#$name}, as a one-way message."
_ASYNC = "{@link #$name}, asynchronously."

_CALL = _Style("$CallDurableFuture<$response>", "ctx.call")
_SEND = _Style("$InvocationHandle<$response>", "ctx.send", "delay", doc=_ONE_WAY)
_INGRESS_CALL = _Style("$response", "client.call", then=".response()")
_INGRESS_CALL_VOID = _Style("void", "client.call")
_INGRESS_CALL_ASYNC = _Style(
    "$CompletableFuture<$response>",
    "client.callAsync",
    then=".thenApply($Response::response)",
    doc=_ASYNC,
)
_INGRESS_SEND = _Style("$SendResponse<$response>", "client.send", "delay", doc=_ONE_WAY)
_INGRESS_SEND_ASYNC = _Style(
    "$CompletableFuture<$SendResponse<$response>>", "client.sendAsync", "delay", doc=_ASYNC
)
_SUBMIT = _Style(
    "$SendResponse<$response>", "client.send", doc="{@link #$name}, without waiting for the result."
)
_SUBMIT_ASYNC = _Style(
    "$CompletableFuture<$SendResponse<$response>>",
    "client.sendAsync",
    doc="{@link #submit}, asynchronously.",
)


class _Renderer:
    def __init__(
        self,
        service: JavaService,
        messages: JavaMessages,
        source: JavaSource,
        support: str,
        inside: str,
        outside: str,
    ) -> None:
        self._service = service
        self._messages = messages
        self._source = source
        self._support = support
        self._inside, self._outside = inside, outside
        self._keyed = service.model.is_keyed

    def render(self) -> None:
        name, what = self._service.client.names[0], described(self._service.model)
        self._source.doc(f"Clients of {what}.", deprecated=self._service.model.deprecated)
        self._source.line('@$SuppressWarnings({"deprecation", "removal"})')
        self._source.line("@$NullMarked")
        with self._source.block(f"public final class {name}"):
            self._source.line(f"private {name}() {{}}")
            self._factories()
            self._source.line()
            self._source.doc(f"Calls {what} from a handler.")
            with self._client(self._inside, "Context", "ctx"):
                for handler in self._service.handlers:
                    self._method(handler, _CALL)
                self._send([_SEND], self._inside)
            self._source.line()
            self._source.doc(f"Calls {what} from outside of Restate.")
            with self._client(self._outside, "Client", "client"):
                self._ingress_methods()

    def _factories(self) -> None:
        """Add `fromContext`, `fromClient` and `connect`; requests may provide the key instead."""
        contract = self._service.model.key
        keys = ["key"] if self._keyed else [""]
        if isinstance(contract, FixedKey):
            keys = [""]
        elif self._service.model.has_key_field:
            keys.append("")
        for key in keys:
            missing = self._keyed and not key and contract is None
            ending = "; the key is taken from each request." if missing else "."
            parameters = ["$String key"] if key else []
            passed = ", key" if key else ""
            argument = ", null" if missing else passed
            match contract:
                case FixedKey(value):
                    argument = self._source.escape(f", {quote(value)}")
                case TypedKey(type_):
                    class_ = self._source.use(self._messages.message(type_))
                    parameters = [self._source.escape(f"{class_} key")]
                    argument = f", {self._service.base.names[0]}.{KEY}.format(key)"
                case None:
                    pass
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
                f"connect(baseUri, $RequestOptions.DEFAULT{passed})",
            )
            factory = f"{self._service.constants.names[0]}.Metadata.SERDE_FACTORY"
            options = self._source.nullable("dev.restate.client.RequestOptions")
            self._factory(
                f"Connects to the ingress of Restate with options, such as headers{ending}",
                f"{self._outside} connect",
                ["$String baseUri", f"{options} options", *parameters],
                f"fromClient($Client.connect(baseUri, {factory}, options){passed})",
            )

    def _factory(self, doc: str, head: str, parameters: Iterable[str], code: str) -> None:
        self._source.line()
        self._source.doc(doc)
        self._source.wrapped(f"public static {head}", parameters, " {")
        with self._source.indented():
            self._source.line(f"return {code};")
        self._source.line("}")

    @contextmanager
    def _client(self, name: str, origin: str, field: str) -> Generator[None]:
        """Add a client class, which wraps a context or an ingress client."""
        fields = [(f"${origin}", field)]
        if self._keyed:
            string = (
                self._source.nullable if self._service.model.has_key_field else self._source.use
            )
            fields.append((string("java.lang.String"), "key"))
        with self._source.block(f"public static final class {name}"):
            for type_, what in fields:
                self._source.line(f"private final {type_} {what};")
            self._source.line()
            parameters = [f"{type_} {what}" for type_, what in fields]
            self._source.wrapped(f"private {name}", parameters, " {")
            with self._source.indented():
                for _, what in fields:
                    self._source.line(f"this.{what} = {what};")
            self._source.line("}")
            yield

    def _ingress_methods(self) -> None:
        for handler in self._service.handlers:
            is_void = handler.model.response.is_empty
            self._method(handler, _INGRESS_CALL_VOID if is_void else _INGRESS_CALL)
            self._method(handler, _INGRESS_CALL_ASYNC)
            if handler.model.kind is HandlerKind.WORKFLOW:
                self._workflow(handler)
        self._send([_INGRESS_SEND, _INGRESS_SEND_ASYNC], self._outside)

    def _workflow(self, run: JavaHandler) -> None:
        """Add the methods for the run handler: `submit` and `workflowHandle`."""
        self._method(run, _SUBMIT, name="submit")
        self._method(run, _SUBMIT_ASYNC, name="submitAsync")
        self._source.line()
        self._source.doc("Returns the run of the workflow, to attach to it or get its output.")
        head = "public $Client.WorkflowHandle<$response> workflowHandle()"
        with self._source.block(head, response=self._source.value(run.response)):
            self._source.line(f"return {self._constant(run)}.workflowHandle(client, key);")

    def _send(self, styles: Iterable[_Style], client: str) -> None:
        """Add `send` and the class that it returns."""
        self._source.line()
        self._source.doc("Returns the same handlers as one-way messages.")
        with self._source.block("public Send send()"):
            self._source.line("return new Send(null);")
        self._source.line()
        self._source.doc("Returns the same handlers as one-way messages with a delay.")
        with self._source.block("public Send send($Duration delay)"):
            self._source.line("return new Send(delay);")
        self._source.line()
        self._source.doc("Sends one-way messages.")
        duration = self._source.nullable("java.time.Duration")
        with self._source.block("public final class Send"):
            self._source.line(f"private final {duration} delay;")
            self._source.line()
            with self._source.block(f"private Send({duration} delay)"):
                self._source.line("this.delay = delay;")
            for handler in self._service.handlers:
                for style in styles:
                    self._method(handler, style, client)

    def _method(
        self, handler: JavaHandler, style: _Style, client: str = "", name: str = ""
    ) -> None:
        """Add a method that calls or sends to a handler.

        Args:
            handler: the handler.
            style: the sort of the client.
            client: the class whose method documents the handler, if it is another class.
            name: the name of the method, if it is not the handler's.
        """
        model = handler.model
        parameters = [] if model.request.is_empty else ["$request request"]
        self._source.line()
        if style.doc:
            link = self._source.fill(style.doc, client=client, name=handler.method)
            self._source.javadoc([link], deprecated=model.deprecated)
        else:
            text = handler_doc(model, says_deprecated=False)
            self._source.doc(text, deprecated=model.deprecated)
        returns = self._source.fill(style.returns, response=self._source.value(handler.response))
        self._source.wrapped(
            "public $returns $name",
            [*parameters, "$option... options"],
            " {",
            returns=returns,
            name=name or (handler.async_method if style.is_async else handler.method),
            request=self._source.use(handler.request),
            option=f"{self._support}.Option",
        )
        with self._source.indented():
            key = ["key"] if self._keyed else []
            passed = ", ".join([*key, "null" if model.request.is_empty else "request", "options"])
            make = "request" if style.is_inside else "ingressRequest"
            request = f"{self._constant(handler)}.{make}({passed})"
            arguments = [request, style.more] if style.more else [request]
            invoke = style.invoke
            errors = self._service.model.errors_of(model) if style.is_ingress_call else ()
            if errors:
                call = f"{'' if style.is_async else '() -> '}{invoke}({', '.join(arguments)})"
                invoke, arguments = f"{self._support}.raising", [call, *self._readers(errors)]
            self._source.invocation(
                invoke if returns == "void" else f"return {invoke}",
                arguments,
                self._source.fill(style.then),
            )
        self._source.line("}")

    def _readers(self, errors: Iterable[ErrorModel]) -> list[str]:
        """Return the readers that find the errors of the contract in a failed call."""
        package = self._service.client.package
        classes = (JvmClass(package, (exception_name(error),)) for error in errors)
        return [f"{self._source.use(class_)}::from" for class_ in classes]

    def _constant(self, handler: JavaHandler) -> str:
        return f"{self._service.constants.names[0]}.{handler.constant}"
