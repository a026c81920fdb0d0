"""Base classes of the generated clients for code outside of handlers.

Every endpoint imports these classes with its contract, and few endpoints make such a client. So what
sends requests is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from restate_proto.model.arguments import check_string, wrong_type
from restate_proto.model.options import (
    INGRESS_CALL_OPTIONS,
    INGRESS_SEND_OPTIONS,
    SUBMIT_OPTIONS,
    check_option_names,
)

if TYPE_CHECKING:
    from restate_proto.ingress.client import IngressClient
    from restate_proto.ingress.handle import IngressInvocationHandle
    from restate_proto.ingress.handler_call import HandlerCall
    from restate_proto.ingress.invocation_ref import WorkflowRef
    from restate_proto.ingress.message_format import MessageFormat
    from restate_proto.ingress.sync_client import SyncIngressClient
    from restate_proto.ingress.sync_handle import SyncInvocationHandle
    from restate_proto.model.options import CallOptions, SendOptions, SubmitOptions
    from restate_proto.model.service import HandlerDescriptor

__all__ = [
    "IngressServiceClient",
    "IngressServiceSendClient",
    "SyncServiceClient",
    "SyncServiceSendClient",
]

C = TypeVar("C", bound="IngressClient | SyncIngressClient")
Q = TypeVar("Q")
R = TypeVar("R")


def _ingress_client() -> type[IngressClient]:
    from restate_proto.ingress.client import IngressClient  # noqa: PLC0415 - see the module

    return IngressClient


def _sync_client() -> type[SyncIngressClient]:
    from restate_proto.ingress.sync_client import SyncIngressClient  # noqa: PLC0415 - as above

    return SyncIngressClient


class _ServiceInstance(Generic[C]):
    """A service, object or workflow that generated code outside of handlers addresses.

    Generated code makes these: `CartClient.from_client(client, "alice")`.

    Args:
        client: the client.
        key: the object key or workflow id; None for a service, or to take it from each request.
        scope: the scope to address it in.
    """

    @staticmethod
    def _client_class() -> type[Any]:
        """Return the class that the client has to have."""
        raise NotImplementedError

    def __init__(self, client: C, key: str | None = None, scope: str | None = None) -> None:
        client_class = self._client_class()
        if not isinstance(client, client_class):
            expected = f"a client of the class {client_class.__name__}"
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
        return self._client.new_call(handler, self._key, self._scope, request, options)

    def _run_of(self, handler: HandlerDescriptor[Any, Any], origin: str) -> WorkflowRef:
        """Return a reference to the run of the client's workflow."""
        from restate_proto.ingress.invocation_ref import WorkflowRef  # noqa: PLC0415 - as above

        if not self._key:
            raise ValueError(
                f"{handler.service}: a handle needs the workflow id; pass it to {origin}(client, id)"
            )
        return WorkflowRef(handler.service, self._key, self._scope)


class IngressServiceClient(_ServiceInstance["IngressClient"]):
    """Base of the generated clients that call handlers and wait for their results."""

    _client_class = staticmethod(_ingress_client)

    def send(self) -> Any:
        """Return the same handlers as one-way messages."""
        raise NotImplementedError

    async def _call(self, handler: HandlerDescriptor[Q, R], request: Q, options: CallOptions) -> R:
        call = self._handler_call(handler, handler.method, request, options, INGRESS_CALL_OPTIONS)
        return await self._client.call_handler(call)

    async def _submit(
        self, handler: HandlerDescriptor[Q, R], request: Q, options: SubmitOptions
    ) -> IngressInvocationHandle[R]:
        """Start a workflow, or return the handle of the one that has this id already."""
        call = self._handler_call(handler, "submit", request, options, SUBMIT_OPTIONS)
        return await self._client.send_message(call)

    def _handle(self, handler: HandlerDescriptor[Any, R]) -> IngressInvocationHandle[R]:
        """Return the handle of the client's workflow."""
        return self._client.handle_of(self._run_of(handler, "from_client"), _response_of(handler))


class IngressServiceSendClient(_ServiceInstance["IngressClient"]):
    """Base of the generated clients that send messages to handlers."""

    _client_class = staticmethod(_ingress_client)

    async def _send(
        self, handler: HandlerDescriptor[Q, R], request: Q, options: SendOptions
    ) -> IngressInvocationHandle[R]:
        call = self._handler_call(handler, handler.method, request, options, INGRESS_SEND_OPTIONS)
        return await self._client.send_message(call)


class SyncServiceClient(_ServiceInstance["SyncIngressClient"]):
    """Base of the generated clients whose calls block until the handler has ended."""

    _client_class = staticmethod(_sync_client)

    def send(self) -> Any:
        """Return the same handlers as one-way messages."""
        raise NotImplementedError

    def _call(self, handler: HandlerDescriptor[Q, R], request: Q, options: CallOptions) -> R:
        call = self._handler_call(handler, handler.method, request, options, INGRESS_CALL_OPTIONS)
        return self._client.call_handler(call)

    def _submit(
        self, handler: HandlerDescriptor[Q, R], request: Q, options: SubmitOptions
    ) -> SyncInvocationHandle[R]:
        """Start a workflow, or return the handle of the one that has this id already."""
        call = self._handler_call(handler, "submit", request, options, SUBMIT_OPTIONS)
        return self._client.send_message(call)

    def _handle(self, handler: HandlerDescriptor[Any, R]) -> SyncInvocationHandle[R]:
        """Return the handle of the client's workflow."""
        ref = self._run_of(handler, "from_sync_client")
        return self._client.handle_of(ref, _response_of(handler))


class SyncServiceSendClient(_ServiceInstance["SyncIngressClient"]):
    """Base of the generated clients whose messages block until Restate has them."""

    _client_class = staticmethod(_sync_client)

    def _send(
        self, handler: HandlerDescriptor[Q, R], request: Q, options: SendOptions
    ) -> SyncInvocationHandle[R]:
        call = self._handler_call(handler, handler.method, request, options, INGRESS_SEND_OPTIONS)
        return self._client.send_message(call)


def _response_of(handler: HandlerDescriptor[Any, R]) -> MessageFormat[R]:
    from restate_proto.ingress.message_format import MessageFormat  # noqa: PLC0415 - as above

    return MessageFormat(handler.response, handler.encoding)
