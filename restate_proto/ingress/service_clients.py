"""The bases of the clients that the generator writes for callers from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from restate_proto.ingress.client import IngressClient
from restate_proto.ingress.handler_call import HandlerCall
from restate_proto.ingress.invocation_ref import WorkflowRef
from restate_proto.ingress.message_format import MessageFormat
from restate_proto.ingress.sync_client import SyncIngressClient
from restate_proto.model.arguments import check_string, wrong_type
from restate_proto.model.kinds import HandlerKind
from restate_proto.model.options import (
    INGRESS_CALL_OPTIONS,
    INGRESS_SEND_OPTIONS,
    SUBMIT_OPTIONS,
    check_option_names,
)

if TYPE_CHECKING:
    from restate_proto.ingress.handle import IngressInvocationHandle
    from restate_proto.ingress.sync_handle import SyncInvocationHandle
    from restate_proto.model.options import CallOptions, SendOptions, SubmitOptions
    from restate_proto.model.service import HandlerDescriptor

__all__ = [
    "IngressServiceClient",
    "IngressServiceSendClient",
    "SyncServiceClient",
    "SyncServiceSendClient",
]

C = TypeVar("C")
Q = TypeVar("Q")
R = TypeVar("R")


class _ServiceInstance(Generic[C]):
    """A service, object or workflow as callers from outside address it.

    Generated code makes these: `CartClient.from_client(client, "alice")`.

    Args:
        client: the client.
        key: the object key or workflow id; None for a service, or to take it from each request.
        scope: the scope to address it in.
    """

    _client_class: ClassVar[type[Any]]

    def __init__(self, client: C, key: str | None = None, scope: str | None = None) -> None:
        if not isinstance(client, self._client_class):
            expected = f"a client of the class {self._client_class.__name__}"
            raise wrong_type(self.__class__.__name__, "client", client, expected)
        for name, value in (("key", key), ("scope", scope)):
            if value is not None:
                check_string(self.__class__.__name__, name, value)
        self._client = client
        self._key = key
        self._scope = scope

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

    def _run_of(self, handler: HandlerDescriptor[Any, Any], origin: str) -> WorkflowRef:
        """The workflow with the client's id."""
        if not self._key:
            raise ValueError(
                f"{handler.service}: a handle needs the workflow id; pass it to {origin}(client, id)"
            )
        return WorkflowRef(handler.service, self._key, self._scope)


class IngressServiceClient(_ServiceInstance[IngressClient]):
    """Base of the generated clients that call handlers and wait for their results."""

    _client_class = IngressClient

    def send(self) -> Any:
        """Returns the same handlers as one-way messages."""
        raise NotImplementedError

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
        return self._client.handle_of(self._run_of(handler, "from_client"), _response_of(handler))


class IngressServiceSendClient(_ServiceInstance[IngressClient]):
    """Base of the generated clients that send messages to handlers."""

    _client_class = IngressClient

    async def _send(
        self, handler: HandlerDescriptor[Q, R], request: Q, options: SendOptions
    ) -> IngressInvocationHandle[R]:
        call = self._handler_call(handler, handler.method, request, options, INGRESS_SEND_OPTIONS)
        return await self._client.send_message(call)


class SyncServiceClient(_ServiceInstance[SyncIngressClient]):
    """Base of the generated clients whose calls block until the handler has ended."""

    _client_class = SyncIngressClient

    def send(self) -> Any:
        """Returns the same handlers as one-way messages."""
        raise NotImplementedError

    def _call(self, handler: HandlerDescriptor[Q, R], request: Q, options: CallOptions) -> R:
        call = self._handler_call(handler, handler.method, request, options, INGRESS_CALL_OPTIONS)
        return self._client.call_handler(call)

    def _submit(
        self, handler: HandlerDescriptor[Q, R], request: Q, options: SubmitOptions
    ) -> SyncInvocationHandle[R]:
        """Start a workflow; where one with its id was started before, that one's handle."""
        call = self._handler_call(handler, "submit", request, options, SUBMIT_OPTIONS)
        return self._client.send_message(call)

    def _handle(self, handler: HandlerDescriptor[Any, R]) -> SyncInvocationHandle[R]:
        """The handle of the workflow with the client's id."""
        ref = self._run_of(handler, "from_sync_client")
        return self._client.handle_of(ref, _response_of(handler))


class SyncServiceSendClient(_ServiceInstance[SyncIngressClient]):
    """Base of the generated clients whose messages block until Restate has them."""

    _client_class = SyncIngressClient

    def _send(
        self, handler: HandlerDescriptor[Q, R], request: Q, options: SendOptions
    ) -> SyncInvocationHandle[R]:
        call = self._handler_call(handler, handler.method, request, options, INGRESS_SEND_OPTIONS)
        return self._client.send_message(call)


def _response_of(handler: HandlerDescriptor[Any, R]) -> MessageFormat[R]:
    return MessageFormat(handler.response, handler.encoding)
