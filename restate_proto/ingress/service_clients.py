"""The bases of the clients that the generator writes for callers from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from restate_proto.ingress.client import IngressClient
from restate_proto.ingress.handle import IngressInvocationHandle
from restate_proto.ingress.handler_call import HandlerCall
from restate_proto.ingress.invocation_ref import WorkflowRef
from restate_proto.ingress.message_format import MessageFormat
from restate_proto.model.arguments import check_string, wrong_type
from restate_proto.model.kinds import HandlerKind
from restate_proto.model.options import (
    INGRESS_CALL_OPTIONS,
    INGRESS_SEND_OPTIONS,
    SUBMIT_OPTIONS,
    check_option_names,
)

if TYPE_CHECKING:
    from restate_proto.model.options import CallOptions, SendOptions, SubmitOptions
    from restate_proto.model.service import HandlerDescriptor

__all__ = ["IngressServiceClient", "IngressServiceSendClient"]

Q = TypeVar("Q")
R = TypeVar("R")


class _ServiceInstance:
    """A service, object or workflow as callers from outside address it.

    Generated code makes these: `CartClient.from_client(client, "alice")`.

    Args:
        client: the client.
        key: the object key or workflow id; None for a service, or to take it from each request.
        scope: the scope to address it in.
    """

    def __init__(
        self, client: IngressClient, key: str | None = None, scope: str | None = None
    ) -> None:
        if not isinstance(client, IngressClient):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
            raise wrong_type(self.__class__.__name__, "client", client, "an IngressClient")
        for name, value in (("key", key), ("scope", scope)):
            if value is not None:
                check_string(self.__class__.__name__, name, value)
        self._client = client
        self._key = key
        self._scope = scope

    async def _send(
        self, handler: HandlerDescriptor[Q, R], request: Q, options: SendOptions
    ) -> IngressInvocationHandle[R]:
        call = self._handler_call(handler, handler.method, request, options, INGRESS_SEND_OPTIONS)
        return await self._client.send_message(call)

    def _handler_call(
        self,
        handler: HandlerDescriptor[Q, R],
        method: str,
        request: Q,
        options: CallOptions | SubmitOptions,
        known_options: frozenset[str],
    ) -> HandlerCall[Q, R]:
        if options:
            check_option_names(f"{type(self).__name__}.{method}", options, known_options)
        return HandlerCall(
            handler.target(request, self._key, self._scope),
            request,
            MessageFormat(handler.request, handler.encoding),
            MessageFormat(handler.response, handler.encoding),
            options,
            runs_once=handler.kind is HandlerKind.WORKFLOW,
        )


class IngressServiceClient(_ServiceInstance):
    """Base of the generated clients that call handlers and wait for their results."""

    async def _call(self, handler: HandlerDescriptor[Q, R], request: Q, options: CallOptions) -> R:
        call = self._handler_call(handler, handler.method, request, options, INGRESS_CALL_OPTIONS)
        return await self._client.call_handler(call)

    async def _submit(
        self, handler: HandlerDescriptor[Q, R], request: Q, options: SubmitOptions
    ) -> IngressInvocationHandle[R]:
        """Start a workflow; where one with its id was started before, that one's handle."""
        call = self._handler_call(handler, "submit", request, options, SUBMIT_OPTIONS)
        return await self._client.send_message(call)

    def _handle(self, handler: HandlerDescriptor[Any, R]) -> IngressInvocationHandle[R]:
        """The handle of the workflow with the client's id."""
        if not self._key:
            raise ValueError(
                f"{handler.service}: a handle needs the workflow id; pass it to from_client(client, id)"
            )
        ref = WorkflowRef(handler.service, self._key, self._scope)
        response_format = MessageFormat(handler.response, handler.encoding)
        return IngressInvocationHandle(self._client.senders, ref, response_format)


class IngressServiceSendClient(_ServiceInstance):
    """Base of the generated clients that send messages to handlers."""
