"""Prints the clients of a service: for handlers, and for programs outside of Restate."""

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
    """What sets the methods of one sort of client apart.

    Args:
        define: how a method begins.
        invoke: what it does; the base's method for it.
        returns: its type, with `{}` for the response's.
        options: the type of the options that it takes.
    """

    define: str
    invoke: str
    returns: str
    options: str


_CALL = _Style("def", "return self._call", "_rt.CallFuture[{}]", "CallOptions")
_SEND = _Style("def", "return self._send", "_rt.InvocationHandle[{}]", "SendOptions")
_INGRESS_CALL = _Style("async def", "return await self._call", "{}", "CallOptions")
_INGRESS_SEND = _Style(
    "async def", "return await self._send", "_rt.IngressInvocationHandle[{}]", "SendOptions"
)


def render_clients(printer: Printer, service: PythonService, imports: Imports) -> None:
    """Adds the four client classes of a service."""
    names = service.classes
    what = described(service.model)
    renderer = _Renderer(printer, service, imports)

    printer.class_(names.client, "_rt.ContextClient", names.docs)
    with printer.indented():
        printer.docstring(
            f"Calls {what} from a handler: `from_context` makes one. `from_client` is for outside."
        )
        renderer.constructors()
        renderer.send("_ctx", names.send_client)
        renderer.handle("_rt.InvocationRef[{}]")
        renderer.methods(_CALL)

    printer.class_(names.send_client, "_rt.ContextSendClient", names.docs)
    with printer.indented():
        printer.docstring(
            f"Sends one-way messages to {what} from a handler: `{names.client}.send` makes one."
        )
        renderer.methods(_SEND)

    printer.class_(names.ingress_client, "_rt.IngressServiceClient", names.docs)
    with printer.indented():
        printer.docstring(
            f"Calls {what} from outside of Restate: `{names.client}.from_client` makes one."
        )
        renderer.send("_client", names.ingress_send_client)
        renderer.submit()
        renderer.handle(_INGRESS_SEND.returns)
        renderer.methods(_INGRESS_CALL)

    printer.class_(names.ingress_send_client, "_rt.IngressServiceSendClient", names.docs)
    with printer.indented():
        printer.docstring(
            f"Sends one-way messages to {what} from outside: `{names.ingress_client}.send` makes one."
        )
        renderer.methods(_INGRESS_SEND)


class _Renderer:
    """Prints the methods of a service's clients."""

    def __init__(self, printer: Printer, service: PythonService, imports: Imports) -> None:
        self._printer = printer
        self._service = service
        self._imports = imports

    def constructors(self) -> None:
        """Adds `from_context` and `from_client`."""
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
            "@classmethod",
            ["cls", "ctx: _rt.Context", *parameters],
            names.client,
            f"cls(ctx, {key}, scope)",
        )
        self._constructor(
            "@staticmethod",
            ["client: _rt.IngressClient", *parameters],
            names.ingress_client,
            f"{names.ingress_client}(client, {key}, scope)",
        )

    def _constructor(
        self, decorator: str, parameters: Sequence[str], returns: str, code: str
    ) -> None:
        in_handler = decorator == "@classmethod"
        text = "Returns the client"
        if self._service.model.is_keyed and not isinstance(self._service.model.key, FixedKey):
            is_object = self._service.model.kind is ServiceKind.VIRTUAL_OBJECT
            text += " for one object key" if is_object else " for one workflow id"
        text += ", for use in a handler." if in_handler else ", for use outside of Restate."
        if self._service.model.has_key_field:
            text += "\n\nWithout a key, it takes the key from each request."
        self._printer.line()
        self._printer.line(decorator)
        if self._service.model.deprecated:
            self._deprecated()
        name = "from_context" if in_handler else "from_client"
        self._printer.signature(f"def {name}", parameters, returns)
        with self._printer.indented():
            self._printer.docstring(text)
            self._printer.line(f"return {code}")

    def send(self, origin: str, client: str) -> None:
        """Adds `send`."""
        self._printer.line()
        self._printer.signature("def send", ["self"], client)
        with self._printer.indented():
            self._printer.docstring("Returns the same handlers as one-way messages.")
            self._printer.line(f"return {client}(self.{origin}, self._key, self._scope)")

    def methods(self, style: _Style) -> None:
        """Adds a method for each handler."""
        for handler in self._service.handlers:
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

    def submit(self) -> None:
        """Adds `submit`, which starts a workflow."""
        for handler in self._run_handlers():
            self._printer.line()
            if handler.model.deprecated:
                self._deprecated(handler)
            self._printer.signature(
                "async def submit",
                [
                    "self",
                    *request_parameter(handler.model, self._imports),
                    self._options("SubmitOptions"),
                ],
                _INGRESS_SEND.returns.format(self._imports.response(handler.model)),
            )
            with self._printer.indented():
                self._printer.docstring("Starts the workflow and does not wait for its result.")
                self._invoke("return await self._submit", handler)

    def handle(self, returns: str) -> None:
        """Adds `handle`, which is about the run of a workflow.

        Args:
            returns: its type, with `{}` for the response's.
        """
        for handler in self._run_handlers():
            self._printer.line()
            self._printer.signature(
                "def handle", ["self"], returns.format(self._imports.response(handler.model))
            )
            with self._printer.indented():
                self._printer.docstring(
                    "Returns the workflow's run: attach to it, read its output."
                )
                self._printer.line(f"return self._handle({handler.constant})")

    def _run_handlers(self) -> list[PythonHandler]:
        """The run handler, where the service is a workflow."""
        handlers = self._service.handlers
        return [each for each in handlers if each.model.kind is HandlerKind.WORKFLOW]

    def _deprecated(self, handler: PythonHandler | None = None) -> None:
        """Adds what makes type checkers, and Python at run time, warn who uses what follows.

        It is on functions alone: a class that has it is reported where generated code names it.
        Bases have none, as who serves what is deprecated does what is asked for.
        """
        words = quote(deprecated_words(self._service.model, handler.model if handler else None))
        self._printer.line(f"@_rt.deprecated({words})")

    def _invoke(self, function: str, handler: PythonHandler) -> None:
        request = "None" if handler.model.request.is_empty else "request"
        self._printer.line(f"{function}({handler.constant}, {request}, options)")

    def _options(self, type_: str) -> str:
        return f"**options: {self._imports.standard('typing', 'Unpack')}[_rt.{type_}]"
