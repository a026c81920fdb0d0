"""Prints the clients of a service: for handlers, and for programs outside of Restate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.generate.docstrings import described, handler_doc
from restate_proto.generate.jvm.printer import kdoc
from restate_proto.generate.kotlin.source import quote
from restate_proto.model.kinds import HandlerKind, ServiceKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restate_proto.contract.schema import HandlerModel
    from restate_proto.generate.kotlin.scope import Scope

__all__ = ["render_client"]


@dataclass(frozen=True, slots=True)
class _Style:
    """What sets the methods of one sort of client apart.

    Args:
        code: what a method does, with `{}` for the request that is built.
        returns: its type, with `{}` for the response's.
        sends: whether it sends one-way messages, which can be delayed.
    """

    code: str
    returns: str
    sends: bool = False


def render_client(scope: Scope) -> None:
    """Adds the object with the clients of a service."""
    _Renderer(scope).render()


class _Renderer:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._printer = scope.printer
        self._imports = scope.imports

    def render(self) -> None:
        printer, what = self._printer, described(self._scope.service)
        printer.line()
        printer.doc(kdoc(f"Calls {what}."))
        self._scope.deprecate(self._scope.service)
        with printer.block(f"public object {self._scope.names.client}"):
            self._constructors()
            printer.line()
            self._context_client()
            printer.line()
            self._ingress_client()

    def _constructors(self) -> None:
        context = self._imports.use("dev.restate.sdk.kotlin.Context")
        client = self._imports.use("dev.restate.client.Client")
        options = self._imports.use("dev.restate.client.RequestOptions")
        key = ["key"] if self._scope.key_type else []
        self._constructor("fromContext", f"ctx: {context}", (), "ContextClient", ["ctx", *key])
        self._printer.line()
        self._constructor("fromClient", f"client: {client}", (), "IngressClient", ["client", *key])
        self._printer.line()
        factory = f"{self._scope.names.handlers}.Metadata.SERDE_FACTORY"
        self._constructor(
            "connect",
            f"baseUri: {self._scope.string}",
            [f"requestOptions: {options} = {options}.DEFAULT"],
            "IngressClient",
            [f"{client}.connect(baseUri, {factory}, requestOptions)", *key],
        )

    def _constructor(
        self, name: str, origin: str, more: Iterable[str], class_: str, arguments: Iterable[str]
    ) -> None:
        text = "Returns the client"
        if self._scope.key_type:
            is_object = self._scope.service.kind is ServiceKind.VIRTUAL_OBJECT
            text += " for one object key" if is_object else " for one workflow id"
        inside = name == "fromContext"
        text += ", for use in a handler." if inside else ", for use outside of Restate."
        if self._scope.service.has_key_field:
            text += "\n\nWithout a key, it takes the key from each request."
        self._printer.doc(kdoc(text))
        self._printer.function(
            f"public fun {name}",
            [origin, *self._scope.key_parameters, *more],
            class_,
            f"{class_}({', '.join(arguments)})",
        )

    def _context_client(self) -> None:
        context = self._imports.use("dev.restate.sdk.kotlin.Context")
        call = self._imports.use("dev.restate.sdk.kotlin.CallDurableFuture")
        send = self._imports.use("dev.restate.sdk.kotlin.InvocationHandle")
        self._client(
            "ContextClient",
            f"ctx: {context}",
            _Style("ctx.call({})", f"{call}<{{}}>"),
            _Style("ctx.send({}, delay)", f"{send}<{{}}>", sends=True),
        )

    def _ingress_client(self) -> None:
        client = self._imports.use("dev.restate.client.Client")
        sent = self._imports.use("dev.restate.client.SendResponse")
        call = self._imports.function("dev.restate.client.kotlin.callSuspend")
        send = self._imports.function("dev.restate.client.kotlin.sendSuspend")
        self._client(
            "IngressClient",
            f"client: {client}",
            _Style(f"client.{call}(fromOutside({{}}, init)).response()", "{}"),
            _Style(f"client.{send}(fromOutside({{}}, init), delay)", f"{sent}<{{}}>", sends=True),
        )

    def _client(self, name: str, origin: str, call: _Style, send: _Style) -> None:
        printer = self._printer
        where = "from a handler" if name == "ContextClient" else "from outside of Restate"
        what = described(self._scope.service)
        fields = [f"private val {origin}"]
        if self._scope.key_type:
            fields.append(f"private val key: {self._scope.key_type}")
        printer.doc(kdoc(f"Calls {what} {where}."))
        printer.wrapped(f"public class {name} internal constructor", fields, " {")
        with printer.indented():
            for handler in self._scope.service.handlers:
                self._method(handler, self._scope.method(handler), call, handler_doc(handler))
                printer.line()
                if name == "IngressClient" and handler.kind is HandlerKind.WORKFLOW:
                    self._workflow(handler, send)
            printer.doc(kdoc("Returns the same handlers as one-way messages."))
            printer.line("public fun send(): Send = Send()")
            printer.line()
            printer.doc(kdoc(f"Sends one-way messages to {what} {where}."))
            with printer.block("public inner class Send internal constructor()"):
                for number, handler in enumerate(self._scope.service.handlers):
                    if number:
                        printer.line()
                    self._method(handler, self._scope.method(handler), send, handler_doc(handler))
        printer.line("}")

    def _method(self, handler: HandlerModel, name: str, style: _Style, doc: str) -> None:
        scope, printer = self._scope, self._printer
        delay = []
        if style.sends:
            delay = [f"delay: {self._imports.use('kotlin.time.Duration')}? = null"]
        key = ["key"] if scope.key_type else []
        request = [] if handler.request.is_empty else ["request"]
        arguments = ", ".join([*key, *request, "init"])
        built = f"{scope.names.handlers}.{scope.method(handler)}({arguments})"
        printer.doc(kdoc(doc))
        scope.deprecate(handler)
        head = f"public suspend fun {name}"
        parameters = [*scope.request(handler), *delay, scope.init(handler)]
        if style.returns == "{}" and handler.response.is_empty:  # there is nothing to return
            printer.wrapped(head, parameters, " {")
            with printer.indented():
                printer.line(style.code.format(built))
            printer.line("}")
            return
        returns = style.returns.format(self._imports.message(handler.response))
        printer.function(head, parameters, returns, style.code.format(built))

    def _workflow(self, run: HandlerModel, send: _Style) -> None:
        """Adds what is about the run handler: starting it, and asking for its result."""
        scope, printer = self._scope, self._printer
        text = "Starts the workflow and does not wait for its result."
        self._method(run, "submit", send, text)
        printer.line()
        handle = self._imports.use("dev.restate.client.Client.WorkflowHandle")
        metadata = f"{scope.names.handlers}.Metadata"
        key = f"keyOf({quote(f'{scope.service.name}/{run.name}')}, key)"
        printer.doc(kdoc("Returns the workflow's run: attach to it, read its output."))
        arguments = f"{metadata}.SERVICE_NAME, {key}, {metadata}.Serde.{scope.output(run)}"
        printer.function(
            "public fun workflowHandle",
            (),
            f"{handle}<{self._imports.message(run.response)}>",
            f"client.workflowHandle({arguments})",
        )
        printer.line()
