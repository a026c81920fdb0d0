"""The bases of the clients that the generator writes for callers from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from restate_proto.ingress.client import IngressClient
from restate_proto.ingress.handles import IngressInvocationHandle
from restate_proto.ingress.payloads import accepted_by
from restate_proto.ingress.requests import InvocationIdRef, WorkflowRef
from restate_proto.model.arguments import check_string, wrong_type
from restate_proto.model.kinds import HandlerKind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

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
        delay: timedelta | None,
        idempotency_key: str | None,
        headers: Mapping[str, str] | None,
        limit_key: str | None,
    ) -> IngressInvocationHandle[R]:
        receipt = await self._core.send(
            handler.target(request, self._key, self._scope),
            handler.request,
            request,
            accept=accepted_by(handler.response, handler.encoding),
            encoding=handler.encoding,
            delay=delay,
            idempotency_key=idempotency_key,
            headers=headers,
            limit_key=limit_key,
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
        idempotency_key: str | None,
        headers: Mapping[str, str] | None,
        limit_key: str | None,
    ) -> R:
        return await self._core.call(
            handler.target(request, self._key, self._scope),
            handler.request,
            request,
            handler.response,
            handler.encoding,
            idempotency_key=idempotency_key,
            headers=headers,
            limit_key=limit_key,
        )

    async def _submit(
        self,
        handler: HandlerDescriptor[Q, R],
        request: Q,
        delay: timedelta | None,
        headers: Mapping[str, str] | None,
        limit_key: str | None,
    ) -> IngressInvocationHandle[R]:
        """Start a workflow; where one with its id was started before, that one's handle."""
        return await self._send(handler, request, delay, None, headers, limit_key)

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
