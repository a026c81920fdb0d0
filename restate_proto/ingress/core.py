"""What the clients and the handles share: codecs in, requests out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from restate_proto.errors import TerminalError
from restate_proto.ingress.errors import (
    IngressBadRequestError,
    IngressError,
    InvocationNotReadyError,
)
from restate_proto.ingress.payloads import accepted_by, write
from restate_proto.ingress.requests import (
    AdminAction,
    admin_request,
    attach_request,
    call_request,
    lookup_request,
    output_request,
    reject_request,
    resolve_request,
    send_request,
)
from restate_proto.ingress.responses import invocation_id, receipt, result

if TYPE_CHECKING:
    from restate_proto.ingress.payloads import Payload
    from restate_proto.ingress.requests import IngressRequest, InvocationRef
    from restate_proto.ingress.responses import IngressResponse, SendReceipt
    from restate_proto.ingress.sending import Sender
    from restate_proto.model.codec import Codec
    from restate_proto.model.kinds import Encoding
    from restate_proto.model.options import CallOptions, SendOptions
    from restate_proto.model.target import Target

__all__ = ["IngressCore"]

Q = TypeVar("Q")
R = TypeVar("R")

_NOT_FOUND = 404
_CONFLICT = 409


class IngressCore:
    """The operations of the ingress, with codecs instead of types.

    Args:
        ingress: sends requests to the ingress.
        admin: sends requests to the admin API, where its address is known.
    """

    def __init__(self, ingress: Sender, admin: Sender | None) -> None:
        self.ingress = ingress
        self.admin = admin

    async def close(self) -> None:
        """Close all connections."""
        await self.ingress.close()
        if self.admin is not None:
            await self.admin.close()

    async def call(
        self,
        target: Target,
        request_codec: Codec[Q],
        request: Q,
        response_codec: Codec[R],
        encoding: Encoding,
        options: CallOptions,
    ) -> R:
        """See `IngressClient.call`."""
        message = call_request(
            target,
            write(request_codec, request, encoding),
            accept=accepted_by(response_codec, encoding),
            **options,
        )
        response = await self._deliver(message, accepted_by(request_codec, encoding))
        return result(message, response, response_codec, encoding)

    async def send(
        self,
        target: Target,
        request_codec: Codec[Q],
        request: Q,
        *,
        accept: str,
        encoding: Encoding,
        options: SendOptions,
        submits_workflow: bool,
    ) -> SendReceipt:
        """See `IngressClient.send`."""
        message = send_request(
            target,
            write(request_codec, request, encoding),
            accept=accept,
            submits_workflow=submits_workflow,
            **options,
        )
        response = await self._deliver(message, accepted_by(request_codec, encoding))
        return receipt(message, response)

    async def _deliver(self, message: IngressRequest, content_type: str) -> IngressResponse:
        """Send a message to a handler.

        An empty one goes without a content type, as handlers with a JSON Schema want it. Those of
        SDKs that declare every input as required want one; what Restate refuses for that reason,
        no handler has seen.
        """
        try:
            return await self.ingress.send(message)
        except IngressBadRequestError:
            if message.body:
                raise
        headers = ((b"content-type", content_type.encode("ascii")), *message.headers)
        return await self.ingress.send(replace(message, headers=headers))

    async def attach(self, ref: InvocationRef, codec: Codec[R], encoding: Encoding) -> R:
        """See `IngressInvocationHandle.attach`."""
        request = attach_request(ref, accept=accepted_by(codec, encoding))
        try:
            response = await self.ingress.send(request)
        except TerminalError as error:
            # To attach to an invocation that is not there fails as if it had ended with this
            # error, which a handler could raise as well. Asking for the output tells which it is.
            if error.code != _NOT_FOUND or error.message != "not found":
                raise
            output = output_request(ref, accept=accepted_by(codec, encoding))
            try:
                response = await self.ingress.send(replace(output, what=request.what))
            except InvocationNotReadyError:  # it began just now
                raise error from None
        return result(request, response, codec, encoding)

    async def output(self, ref: InvocationRef, codec: Codec[R], encoding: Encoding) -> R:
        """See `IngressInvocationHandle.require_output`."""
        request = output_request(ref, accept=accepted_by(codec, encoding))
        return result(request, await self.ingress.send(request), codec, encoding)

    async def invocation_id(self, ref: InvocationRef) -> str:
        """See `IngressInvocationHandle.invocation_id`."""
        request = lookup_request(ref)
        return invocation_id(request, await self.ingress.send(request))

    async def resolve_awakeable(self, awakeable_id: str, payload: Payload) -> None:
        """See `IngressClient.resolve_awakeable`."""
        await self.ingress.send(resolve_request(awakeable_id, payload))

    async def reject_awakeable(self, awakeable_id: str, reason: str) -> None:
        """See `IngressClient.reject_awakeable`."""
        await self.ingress.send(reject_request(awakeable_id, reason))

    async def act(self, action: AdminAction, invocation_id: str) -> bool:
        """Ask the admin API to do something to an invocation.

        Returns:
            False where it has ended already, or, for a purge, has not ended yet.

        Raises:
            IngressError: the request failed, or the admin API's address is not known.
        """
        request = admin_request(action, invocation_id)
        if self.admin is None:
            raise IngressError(
                f"{request.what}: that goes to Restate's admin API; pass its address, as in"
                " IngressClient(base_url, admin_url='http://127.0.0.1:9070')"
            )
        try:
            await self.admin.send(request)
        except IngressError as error:
            if error.status == _CONFLICT:
                return False
            raise
        return True
