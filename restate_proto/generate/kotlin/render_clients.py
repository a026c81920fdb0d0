"""Print the clients of a service: for handlers, and for programs outside of Restate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.generate.docstrings import described, handler_doc
from restate_proto.generate.jvm.messages import JvmClass
from restate_proto.generate.jvm.names import exception_name
from restate_proto.generate.jvm.printer import kdoc
from restate_proto.model.kinds import HandlerKind, ServiceKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restate_proto.contract.schema import ErrorModel, HandlerModel
    from restate_proto.generate.kotlin.scope import Scope

__all__ = ["render_client"]


@dataclass(frozen=True, slots=True)
class _Style:
    """The parts of a method that differ between the sorts of clients.

    Args:
        code: the body of a method, with `{}` for the request.
        returns: the return type, with `{}` for the type of the response.
        make: the function that builds the request.
        doc: how the method differs from the one that documents the handler, for whose name `{}`
            stands; empty if the method documents the handler itself.
        is_ingress_call: whether a method runs outside of Restate, and fails as the handler does.
    """

    code: str
    returns: str
    make: str
    doc: str = ""
    is_ingress_call: bool = False


def render_client(scope: Scope) -> None:
    """Add the object with the clients of a service."""
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
        key = self._scope.key_arguments
        self._constructor("fromContext", f"ctx: {context}", (), "ContextClient", ["ctx", *key])
        self._printer.line()
        self._constructor("fromClient", f"client: {client}", (), "IngressClient", ["client", *key])
        self._printer.line()
        factory = f"{self._scope.names.handlers}.Metadata.SERDE_FACTORY"
        self._constructor(
            "connect",
            f"baseUri: {self._imports.use('kotlin.String')}",
            [f"requestOptions: {options} = {options}.DEFAULT"],
            "IngressClient",
            [f"{client}.connect(baseUri, {factory}, requestOptions)", *key],
        )

    def _constructor(
        self, name: str, origin: str, more: Iterable[str], class_: str, arguments: Iterable[str]
    ) -> None:
        text = "Returns the client"
        if self._scope.key_parameters:
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
        one_way = "[ContextClient.{}], as a one-way message."
        self._client(
            "ContextClient",
            f"ctx: {context}",
            _Style("ctx.call({})", f"{call}<{{}}>", "request"),
            _Style("ctx.send({}, delay)", f"{send}<{{}}>", "request", one_way),
        )

    def _ingress_client(self) -> None:
        client = self._imports.use("dev.restate.client.Client")
        sent = self._imports.use("dev.restate.client.SendResponse")
        call = self._imports.function("dev.restate.client.kotlin.callSuspend")
        send = self._imports.function("dev.restate.client.kotlin.sendSuspend")
        make, returns = "ingressRequest", f"{sent}<{{}}>"
        one_way = "[IngressClient.{}], as a one-way message."
        submit = _Style(
            f"client.{send}({{}})", returns, make, "[{}], without waiting for the result."
        )
        self._client(
            "IngressClient",
            f"client: {client}",
            _Style(f"client.{call}({{}}).response()", "{}", make, is_ingress_call=True),
            _Style(f"client.{send}({{}}, delay)", returns, make, one_way),
            submit,
        )

    def _client(
        self, name: str, origin: str, call: _Style, send: _Style, submit: _Style | None = None
    ) -> None:
        """Add a client class; `submit` is the style for starting workflows, if it does that."""
        printer = self._printer
        duration = self._imports.use("kotlin.time.Duration")
        where = "from a handler" if name == "ContextClient" else "from outside of Restate"
        what = described(self._scope.service)
        fields = [f"private val {origin}"]
        if self._scope.key_type:
            fields.append(f"private val key: {self._scope.key_type}")
        printer.doc(kdoc(f"Calls {what} {where}."))
        printer.wrapped(f"public class {name} internal constructor", fields, " {")
        with printer.indented():
            for handler in self._scope.service.handlers:
                self._method(handler, call)
                printer.line()
                if submit is not None and handler.kind is HandlerKind.WORKFLOW:
                    self._workflow(handler, submit)
            printer.doc(kdoc("Returns the same handlers as one-way messages, delayed or not."))
            printer.line(f"public fun send(delay: {duration}? = null): Send = Send(delay)")
            printer.line()
            printer.doc(kdoc(f"Sends one-way messages to {what} {where}."))
            field = f"private val delay: {duration}?"
            with printer.block(f"public inner class Send internal constructor({field})"):
                for number, handler in enumerate(self._scope.service.handlers):
                    if number:
                        printer.line()
                    self._method(handler, send)
        printer.line("}")

    def _method(self, handler: HandlerModel, style: _Style, name: str = "") -> None:
        """Add a method that calls or sends to a handler, with the handler's name or another one."""
        scope, printer = self._scope, self._printer
        method = scope.method(handler)
        printer.doc(kdoc(style.doc.format(method) if style.doc else handler_doc(handler)))
        scope.deprecate(handler)
        head = f"public suspend fun {name or method}"
        parameters = [*scope.request(handler), self._options]
        code = style.code.format(self._request(handler, style.make))
        errors = scope.service.errors_of(handler) if style.is_ingress_call else ()
        # A method that returns nothing has a block as its body: the SDK's call returns a value.
        nothing = style.returns == "{}" and handler.response.is_empty
        returns = style.returns.format(scope.response_type(handler))
        if not errors and not nothing:
            printer.function(head, parameters, returns, code)
            return
        printer.wrapped(head, parameters, " {" if nothing else f": {returns} =")
        with printer.indented():
            if errors:
                printer.wrapped(f"{scope.support}.raising", self._readers(errors), " {")
                with printer.indented():
                    printer.line(code)
                printer.line("}")
            else:
                printer.line(code)
        if nothing:
            printer.line("}")

    def _readers(self, errors: Iterable[ErrorModel]) -> list[str]:
        """Return the readers that find the errors of the contract in a failed call."""
        package = self._scope.file.package
        classes = (JvmClass(package, (exception_name(error),)) for error in errors)
        return [f"{self._imports.use(class_)}.Companion::from" for class_ in classes]

    def _request(self, handler: HandlerModel, make: str) -> str:
        """Return the call that builds a request."""
        key = ["key"] if self._scope.key_type else []
        request = self._imports.use("kotlin.Unit") if handler.request.is_empty else "request"
        return f"{self._scope.constant(handler)}.{make}({', '.join([*key, request, 'options'])})"

    @property
    def _options(self) -> str:
        """The parameter of a client's method for the options of the request."""
        builder = self._imports.use("dev.restate.common.RequestBuilder")
        return f"options: {builder}<*, *>.() -> {self._imports.use('kotlin.Unit')} = {{}}"

    def _workflow(self, run: HandlerModel, send: _Style) -> None:
        """Add the methods for the run handler: starting it, and asking for its result."""
        scope, printer = self._scope, self._printer
        self._method(run, send, "submit")
        printer.line()
        handle = self._imports.use("dev.restate.client.Client.WorkflowHandle")
        printer.doc(kdoc("Returns the run of the workflow, to attach to it or get its output."))
        printer.function(
            "public fun workflowHandle",
            (),
            f"{handle}<{scope.response_type(run)}>",
            f"{scope.constant(run)}.workflowHandle(client, key)",
        )
        printer.line()
