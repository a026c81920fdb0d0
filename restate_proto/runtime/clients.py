"""The base classes of generated clients that handlers use to reach other handlers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from restate_proto.codec.payload import encode
from restate_proto.model.arguments import STRING, wrong_type
from restate_proto.model.options import CALL_OPTIONS, SEND_OPTIONS, check_option_names
from restate_proto.model.target import Target
from restate_proto.runtime.calls import start_call, start_send
from restate_proto.runtime.context import Context, operations_of
from restate_proto.runtime.invocations import workflow_run

if TYPE_CHECKING:
    from restate_proto.model.options import CallOptions, SendOptions
    from restate_proto.model.service import HandlerDescriptor
    from restate_proto.runtime.invocations import CallFuture, InvocationHandle, InvocationRef

__all__ = ["ContextClient", "ContextSendClient"]

Q = TypeVar("Q")
R = TypeVar("R")


class _Client:
    """A client of one service, object or workflow, as a handler addresses it.

    Args:
        ctx: the handler's context.
        key: the object key or workflow id; None for a service, or if every request carries the key.
        scope: the scope to address it in; needs service protocol v7.
    """

    __slots__ = ("_ctx", "_key", "_scope")

    def __init__(self, ctx: Context, key: str | None = None, scope: str | None = None) -> None:
        if not isinstance(ctx, Context):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
            raise wrong_type(self.__class__.__name__, "ctx", ctx, "the context of a handler")
        if key is not None and not isinstance(key, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise wrong_type(self.__class__.__name__, "key", key, STRING)
        if scope is not None and not isinstance(scope, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise wrong_type(self.__class__.__name__, "scope", scope, STRING)
        self._ctx = ctx
        self._key = key
        self._scope = scope


class ContextClient(_Client):
    """Base of the clients whose methods return the future of a response."""

    __slots__ = ()

    def send(self) -> Any:
        """Return a client of the same handlers that sends one-way messages."""
        raise NotImplementedError

    def _call(
        self, handler: HandlerDescriptor[Q, R], request: Q, options: CallOptions
    ) -> CallFuture[R]:
        if options:
            check_option_names(f"{type(self).__name__}.{handler.method}", options, CALL_OPTIONS)
        return start_call(
            operations_of(self._ctx),
            handler.target(request, self._key, self._scope),
            encode(handler.request, request, handler.encoding),
            handler.response,
            handler.encoding,
            options,
        )

    def _handle(self, handler: HandlerDescriptor[Any, R]) -> InvocationRef[R]:
        """Return the run of the workflow with the client's id, to attach to it."""
        if not self._key:
            raise ValueError(
                f"{handler.service}: a handle needs the workflow id; pass it to "
                "from_context(ctx, id)"
            )
        target = Target(handler.service, handler.name, self._key, self._scope)
        operations = operations_of(self._ctx)
        return workflow_run(operations, target, handler.response, handler.encoding)


class ContextSendClient(_Client):
    """Base of the clients whose methods send one-way messages."""

    __slots__ = ()

    def _send(
        self, handler: HandlerDescriptor[Q, R], request: Q, options: SendOptions
    ) -> InvocationHandle[R]:
        if options:
            check_option_names(f"{type(self).__name__}.{handler.method}", options, SEND_OPTIONS)
        return start_send(
            operations_of(self._ctx),
            handler.target(request, self._key, self._scope),
            encode(handler.request, request, handler.encoding),
            handler.response,
            handler.encoding,
            options,
        )
