"""Print the clients of a service: for handlers, and for programs outside of Restate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.contract.schema import FixedKey, TypedKey
from restate_proto.generate.docstrings import deprecated_words, described
from restate_proto.generate.python.names import KEY
from restate_proto.generate.python.printer import quote
from restate_proto.generate.python.render_base import request_parameter
from restate_proto.model.kinds import HandlerKind, ServiceKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from restate_proto.generate.python.imports import Imports
    from restate_proto.generate.python.names import PythonHandler, PythonService
    from restate_proto.generate.python.printer import Printer

__all__ = ["render_clients"]


@dataclass(frozen=True, slots=True)
class _Style:
    """How the methods of one kind of client differ from those of the others.

    Args:
        define: the beginning of a method.
        invoke: the method of the base class that it calls.
        returns: the return type, with `{}` for the type of the response.
        options: the type of the options that it takes.
        shares: the function that gives a method of another client the type that it has in this one;
            empty if this client has methods of its own.
    """

    define: str
    invoke: str
    returns: str
    options: str
    shares: str = ""


_CALL = _Style("def", "return self._call", "_rt.CallFuture[{}]", "CallOptions")
_SEND = _Style("def", "return self._send", "_rt.InvocationHandle[{}]", "SendOptions")
_INGRESS_CALL = _Style("async def", "return await self._call", "{}", "CallOptions")
_INGRESS_SEND = _Style(
    "async def",
    "return await self._send",
    "_rt.IngressInvocationHandle[{}]",
    "SendOptions",
    shares="_rt.ingress_send",
)
_SYNC_CALL = _Style("def", "return self._call", "{}", "CallOptions", shares="_rt.sync_call")
_SYNC_SEND = _Style(
    "def",
    "return self._send",
    "_rt.SyncInvocationHandle[{}]",
    "SendOptions",
    shares="_rt.sync_send",
)


def render_clients(printer: Printer, service: PythonService, imports: Imports) -> None:
    """Add the six client classes of a service."""
    names = service.classes
    what = described(service.model)
    renderer = _Renderer(printer, service, imports)

    printer.class_(names.client, "_rt.ContextClient", names.docs)
    with printer.indented():
        printer.docstring(
            f"Calls {what} from a handler. Create it with `from_context`; `from_client` is for outside.",
        )
        renderer.constructors()
        renderer.send("_ctx", names.send_client)
        renderer.handle("_rt.InvocationRef[{}]")
        renderer.methods(_CALL)

    printer.class_(names.send_client, "_rt.ContextSendClient", names.docs)
    with printer.indented():
        printer.docstring(
            f"Sends one-way messages to {what} from a handler. Created by `{names.client}.send`.",
        )
        renderer.methods(_SEND)

    printer.class_(names.ingress_client, "_rt.IngressServiceClient", names.docs)
    with printer.indented():
        printer.docstring(
            f"Calls {what} from outside of Restate. Created by `{names.client}.from_client`.",
        )
        renderer.send("_client", names.ingress_send_client)
        renderer.submit("async def", "return await self._submit", _INGRESS_SEND.returns)
        renderer.handle(_INGRESS_SEND.returns)
        renderer.methods(_INGRESS_CALL)

    printer.class_(names.ingress_send_client, "_rt.IngressServiceSendClient")
    with printer.indented():
        printer.docstring(
            f"Sends one-way messages to {what} from outside. Created by `{names.ingress_client}.send`.",
        )
        renderer.shared_methods(_INGRESS_SEND, names.send_client)

    printer.class_(names.sync_client, "_rt.SyncServiceClient")
    with printer.indented():
        printer.docstring(
            f"Calls {what} from blocking code. Created by `{names.client}.from_sync_client`.",
        )
        renderer.shared_methods(_SYNC_CALL, names.client)
        renderer.send("_client", names.sync_send_client)
        renderer.submit("def", "return self._submit", _SYNC_SEND.returns)
        renderer.handle(_SYNC_SEND.returns)

    printer.class_(names.sync_send_client, "_rt.SyncServiceSendClient")
    with printer.indented():
        printer.docstring(
            f"Sends one-way messages to {what} from blocking code. Created by `{names.sync_client}.send`.",
        )
        renderer.shared_methods(_SYNC_SEND, names.send_client)


class _Renderer:
    """Prints the methods of a service's clients."""

    def __init__(self, printer: Printer, service: PythonService, imports: Imports) -> None:
        self._printer = printer
        self._service = service
        self._imports = imports

    def constructors(self) -> None:
        """Add `from_context`, `from_client` and `from_sync_client`."""
        names = self._service.classes
        parameters = ["*", "scope: str | None = None"]
        key = "None"
        match self._service.model.key:
            case FixedKey(value):
                key = quote(value)
            case TypedKey(type_):
                parameters.insert(0, f"key: {self._imports.message(type_)}")
                key = f"{names.base}.{KEY}.format(key)"
            case None if self._service.model.is_keyed:
                default = " | None = None" if self._service.model.has_key_field else ""
                parameters.insert(0, f"key: str{default}")
                key = "key"
            case None:
                pass
        self._constructor(
            "from_context",
            ["cls", "ctx: _rt.Context", *parameters],
            names.client,
            f"cls(ctx, {key}, scope)",
            "for use in a handler",
        )
        self._constructor(
            "from_client",
            ["client: _rt.IngressClient", *parameters],
            names.ingress_client,
            f"{names.ingress_client}(client, {key}, scope)",
            "for use outside of Restate",
        )
        self._constructor(
            "from_sync_client",
            ["client: _rt.SyncIngressClient", *parameters],
            names.sync_client,
            f"{names.sync_client}(client, {key}, scope)",
            "for blocking code",
        )

    def _constructor(
        self, name: str, parameters: Sequence[str], returns: str, code: str, use: str
    ) -> None:
        text = "Return the client"
        if self._service.model.is_keyed and not isinstance(self._service.model.key, FixedKey):
            is_object = self._service.model.kind is ServiceKind.VIRTUAL_OBJECT
            text += " for one object key" if is_object else " for one workflow id"
        text += f", {use}."
        if self._service.model.has_key_field:
            text += "\n\nWithout a key, it takes the key from each request."
        self._printer.line()
        self._printer.line("@classmethod" if parameters[0] == "cls" else "@staticmethod")
        if self._service.model.deprecated:
            self._deprecated()
        self._printer.signature(f"def {name}", parameters, returns)
        with self._printer.indented():
            self._printer.docstring(text)
            self._printer.line(f"return {code}")

    def send(self, origin: str, client: str) -> None:
        """Add `send`; the docstring in the base class of the client says what it is for."""
        self._printer.line()
        self._printer.signature("def send", ["self"], client)
        with self._printer.indented():
            self._printer.line(f"return {client}(self.{origin}, self._key, self._scope)")

    def methods(self, style: _Style) -> None:
        """Add a method for each handler."""
        for handler in self._service.handlers:
            self._method(style, handler)

    def shared_methods(self, style: _Style, owner: str) -> None:
        """Add a line for each handler, which takes over the method of another client.

        A deprecated handler gets a method of its own, because its users should be warned and not
        this code; so does a handler whose name is private to the other client.

        Args:
            style: the kind of client.
            owner: the class of the other client.
        """
        handlers = self._service.handlers
        own = [each for each in handlers if each.model.deprecated or each.method.startswith("_")]
        for handler in handlers:
            if handler not in own:
                method = handler.method
                self._printer.line(f"{method} = {style.shares}({owner}.{method})")
        for handler in own:
            self._method(style, handler)

    def _method(self, style: _Style, handler: PythonHandler) -> None:
        self._printer.line()
        if handler.model.deprecated:
            self._deprecated(handler)
        self._printer.signature(
            f"{style.define} {handler.method}",
            [
                "self",
                *request_parameter(handler.model, self._imports),
                self._options(style.options),
            ],
            style.returns.format(self._imports.response(handler.model)),
        )
        with self._printer.indented():
            self._invoke(style.invoke, handler)

    def submit(self, define: str, invoke: str, returns: str) -> None:
        """Add `submit`, which starts a workflow.

        Args:
            define: the beginning of the method.
            invoke: the method of the base class that it calls.
            returns: the return type, with `{}` for the type of the response.
        """
        for handler in self._run_handlers():
            self._printer.line()
            if handler.model.deprecated:
                self._deprecated(handler)
            self._printer.signature(
                f"{define} submit",
                [
                    "self",
                    *request_parameter(handler.model, self._imports),
                    self._options("SubmitOptions"),
                ],
                returns.format(self._imports.response(handler.model)),
            )
            with self._printer.indented():
                self._printer.docstring("Starts the workflow without waiting for its result.")
                self._invoke(invoke, handler)

    def handle(self, returns: str) -> None:
        """Add `handle`, which returns the run of a workflow.

        Args:
            returns: the return type, with `{}` for the type of the response.
        """
        for handler in self._run_handlers():
            self._printer.line()
            self._printer.signature(
                "def handle", ["self"], returns.format(self._imports.response(handler.model))
            )
            with self._printer.indented():
                self._printer.docstring(
                    "Return the run of the workflow, to attach to it or get its output."
                )
                self._printer.line(f"return self._handle({handler.constant})")

    def _run_handlers(self) -> list[PythonHandler]:
        """Return the run handler in a list; an empty list if the service is not a workflow."""
        handlers = self._service.handlers
        return [each for each in handlers if each.model.kind is HandlerKind.WORKFLOW]

    def _deprecated(self, handler: PythonHandler | None = None) -> None:
        """Add the decorator that makes type checkers, and Python at run time, warn callers.

        Only functions get it: a class with it would be reported wherever generated code names it.
        Base classes do not get it, because serving a deprecated handler is right.
        """
        words = quote(deprecated_words(self._service.model, handler.model if handler else None))
        self._printer.line(f"@_rt.deprecated({words})")

    def _invoke(self, function: str, handler: PythonHandler) -> None:
        request = "None" if handler.model.request.is_empty else "request"
        self._printer.line(f"{function}({handler.constant}, {request}, options)")

    def _options(self, type_: str) -> str:
        return f"**options: {self._imports.standard('typing', 'Unpack')}[_rt.{type_}]"
