"""The bases of the clients that the generator writes for callers from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from restate_proto.ingress.client import IngressClient
from restate_proto.ingress.handles import IngressInvocationHandle
from restate_proto.ingress.payloads import accepted_by
from restate_proto.ingress.requests import InvocationIdRef, WorkflowRef
from restate_proto.model.arguments import check_string, wrong_type
from restate_proto.model.kinds import HandlerKind
from restate_proto.model.options import (
    CALL_OPTIONS,
    SEND_OPTIONS,
    SUBMIT_OPTIONS,
    check_option_names,
)

if TYPE_CHECKING:
    from restate_proto.model.options import CallOptions, SendOptions, SubmitOptions
    from restate_proto.model.service import HandlerDescriptor

__all__ = ["IngressServiceClient", "IngressServiceSendClient"]

Q = TypeVar("Q")
R = TypeVar("R")


class _Base:
    """Knows the service instance: the client, the key and the scope."""

    def __init__(
        self, client: IngressClient, key: str | None = None, scope: str | None = None
    ) -> None:
        """Generated code makes these: `CartClient.from_client(client, "alice")`."""
        if not isinstance(client, IngressClient):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
            raise wrong_type(self.__class__.__name__, "client", client, "an IngressClient")
        for name, value in (("key", key), ("scope", scope)):
            if value is not None:
                check_string(self.__class__.__name__, name, value)
        self._client = client
        self._core = client.core
        self._key = key
        self._scope = scope

    async def _send(
        self,
        handler: HandlerDescriptor[Q, R],
        request: Q,
        options: SendOptions,
    ) -> IngressInvocationHandle[R]:
        if options:
            check_option_names(f"{type(self).__name__}.{handler.method}", options, SEND_OPTIONS)
        receipt = await self._core.send(
            handler.target(request, self._key, self._scope),
            handler.request,
            request,
            accept=accepted_by(handler.response, handler.encoding),
            encoding=handler.encoding,
            options=options,
            submits_workflow=handler.kind is HandlerKind.WORKFLOW,
        )
        ref = InvocationIdRef(receipt.invocation_id)
        return IngressInvocationHandle(self._core, ref, handler.response, handler.encoding, receipt)


class IngressServiceClient(_Base):
    """Base of the generated clients that call handlers and wait for their results."""

    async def _call(
        self,
        handler: HandlerDescriptor[Q, R],
        request: Q,
        options: CallOptions,
    ) -> R:
        if options:
            check_option_names(f"{type(self).__name__}.{handler.method}", options, CALL_OPTIONS)
        return await self._core.call(
            handler.target(request, self._key, self._scope),
            handler.request,
            request,
            handler.response,
            handler.encoding,
            options,
        )

    async def _submit(
        self,
        handler: HandlerDescriptor[Q, R],
        request: Q,
        options: SubmitOptions,
    ) -> IngressInvocationHandle[R]:
        """Start a workflow; where one with its id was started before, that one's handle."""
        if options:
            check_option_names(f"{type(self).__name__}.submit", options, SUBMIT_OPTIONS)
        return await self._send(handler, request, {**options})

    def _handle(self, handler: HandlerDescriptor[Any, R]) -> IngressInvocationHandle[R]:
        """The handle of the workflow with the client's id."""
        if not self._key:
            raise ValueError(
                f"{handler.service}: a handle needs the workflow id; pass it to from_client(client, id)"
            )
        ref = WorkflowRef(handler.service, self._key, self._scope)
        return IngressInvocationHandle(self._core, ref, handler.response, handler.encoding)


class IngressServiceSendClient(_Base):
    """Base of the generated clients that send messages to handlers."""
