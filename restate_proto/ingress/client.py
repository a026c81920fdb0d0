"""`IngressClient`: calls handlers from outside, with asyncio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, Unpack, overload

from restate_proto.codec.registry import codec_for
from restate_proto.http2.client import Http2Client
from restate_proto.ingress.client_options import check_client_options, make_senders
from restate_proto.ingress.errors import IngressBadRequestError
from restate_proto.ingress.handle import IngressInvocationHandle
from restate_proto.ingress.handler_call import HandlerCall, call_of
from restate_proto.ingress.interception import intercepted
from restate_proto.ingress.invocation_ref import IdempotentRef, InvocationIdRef, WorkflowRef
from restate_proto.ingress.message_format import MessageFormat
from restate_proto.ingress.requests import (
    AdminAction,
    reject_request,
    resolve_request,
)
from restate_proto.ingress.responses import read_receipt, read_result
from restate_proto.ingress.waiting import wait_at_most
from restate_proto.model.arguments import check_encoding, check_string
from restate_proto.model.hooks import Hooks
from restate_proto.model.keys import AwakeableId
from restate_proto.model.kinds import Encoding
from restate_proto.model.options import (
    INGRESS_CALL_OPTIONS,
    INGRESS_SEND_OPTIONS,
    check_option_names,
)
from restate_proto.model.target import check_target

if TYPE_CHECKING:
    from types import TracebackType

    from restate_proto.ingress.client_options import ClientOptions
    from restate_proto.ingress.invocation_ref import InvocationRef
    from restate_proto.ingress.requests import HttpRequest
    from restate_proto.ingress.responses import HttpResponse
    from restate_proto.ingress.sender import Transport
    from restate_proto.model.options import CallOptions, SendOptions
    from restate_proto.model.target import Target

__all__ = ["IngressClient"]

Q = TypeVar("Q")
R = TypeVar("R")


class IngressClient:
    """Calls the services of a Restate server from outside of handlers.

    The client connects with its first request, opens more connections when many requests wait for
    answers, and keeps them until it is closed. One client serves any number of concurrent requests
    of one event loop. Generated clients use it: `CartClient.from_client(client, "alice")`. Its own
    methods `call` and `send` reach handlers by name.

    ```python
    async with IngressClient("http://127.0.0.1:8080") as client:
        cart = CartClient.from_client(client, "alice")
        response = await cart.add_ticket(AddTicketRequest(ticket_id="t1"))
    ```

    A failed invocation raises the `TerminalError` that its handler ended with. All other failures
    raise an `IngressError`.

    Args:
        base_url: the URL of the ingress, such as `http://127.0.0.1:8080`. It may have a path.
        **options: the options of `ClientOptions`.

    Raises:
        TypeError: a URL is not a string, or an option is unknown or has the wrong type.
        ValueError: a URL does not have the form `http(s)://host[:port][/path]`, a header cannot be
            sent, a TLS file cannot be used, or the value of an option makes no sense.
        ImportError: validation is on, and protovalidate is not installed.

    Attributes:
        senders: for generated clients; not part of the public interface.
    """

    _name: ClassVar = "IngressClient"

    def _connect(self, url: str, **options: Any) -> Transport:
        """Make the transport to a server; clients that do not use HTTP override this."""
        return Http2Client(url, **options)

    def __init__(self, base_url: str, **options: Unpack[ClientOptions]) -> None:
        check_client_options(self._name, **options)
        self._hooks = Hooks(self._name, options.get("interceptors") or ())
        self._validate_requests = options.get("validate_requests", False)
        self.senders = make_senders(self._name, base_url, options, self._connect)

    async def __aenter__(self) -> Self:
        """Return the client itself."""
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the client."""
        await self.close()

    async def close(self) -> None:
        """Close all connections; requests that still wait for an answer fail.

        Raises:
            RuntimeError: the client was used in another event loop and has to be closed there.
        """
        await self.senders.close()

    # -- calling handlers by name ------------------------------------------------------------

    async def call(
        self,
        target: Target,
        request: object,
        response_type: type[R],
        *,
        encoding: Encoding = Encoding.PROTOBUF,
        **options: Unpack[CallOptions],
    ) -> R:
        """Call a handler and wait for its result, for as long as it takes.

        The option `wait_for` limits the wait; the invocation itself goes on.

        Args:
            target: the handler, such as `Target.object("shop.v1.Cart", "alice", "AddTicket")`.
            request: the request: a message, or a plain value for a handler that takes JSON.
            response_type: the type of the response.
            encoding: the contract's encoding, for the request and the response.
            **options: the options of `CallOptions`.

        Returns:
            The response.

        Raises:
            TerminalError: the invocation failed.
            WaitTimeoutError: the result was not there within `wait_for`.
            IngressError: the request failed otherwise.
            TypeError: an argument is of a wrong type, or there is no such option.
            ValueError: a key is empty or a header cannot be sent.
        """
        check_target("IngressClient.call", target)
        if options:
            check_option_names("IngressClient.call", options, INGRESS_CALL_OPTIONS)
        check_encoding("IngressClient.call", encoding)
        return await self.call_handler(_by_name(target, request, response_type, encoding, options))

    async def send(
        self,
        target: Target,
        request: object,
        response_type: type[R],
        *,
        encoding: Encoding = Encoding.PROTOBUF,
        **options: Unpack[SendOptions],
    ) -> IngressInvocationHandle[R]:
        """Send a message to a handler, and return when Restate has it.

        Args:
            target: as in `call`.
            request: as in `call`.
            response_type: the type of the response, for the handle.
            encoding: as in `call`.
            **options: the options of `SendOptions`: those of `call`, and `delay`.

        Returns:
            A handle of the invocation.

        Raises:
            IngressError: the request failed.
            TypeError: an argument is of a wrong type, or there is no such option.
            ValueError: a key is empty, the delay is negative, or a header cannot be sent.
        """
        check_target("IngressClient.send", target)
        if options:
            check_option_names("IngressClient.send", options, INGRESS_SEND_OPTIONS)
        check_encoding("IngressClient.send", encoding)
        return await self.send_message(_by_name(target, request, response_type, encoding, options))

    # -- for generated clients; not part of the public interface -----------------------------

    new_call = staticmethod(call_of)

    async def call_handler(self, call: HandlerCall[Q, R]) -> R:
        """Call a handler and wait for its result, like `call`."""
        if self._hooks.client:
            return await intercepted(self._hooks, call, self._call, is_message=False)
        return await self._call(call)

    async def _call(self, call: HandlerCall[Q, R]) -> R:
        if self._validate_requests:
            call.validate()
        limit = call.wait_for() or self.senders.wait_for
        request = call.call_request()
        answer = self._deliver(request, call.request_format)
        if limit is None:
            response = await answer
        else:
            response = await wait_at_most(
                limit, answer, request.what, lambda: self._handle_of(call)
            )
        return read_result(request, response, call.response_format)

    def handle_of(
        self, ref: InvocationRef, response_format: MessageFormat[R]
    ) -> IngressInvocationHandle[R]:
        """Return the handle of an invocation."""
        return IngressInvocationHandle(self.senders, ref, response_format)

    def _handle_of(self, call: HandlerCall[Q, R]) -> IngressInvocationHandle[R] | None:
        ref = call.ref()
        return ref and self.handle_of(ref, call.response_format)

    async def send_message(self, call: HandlerCall[Q, R]) -> IngressInvocationHandle[R]:
        """Send a message to a handler, like `send`."""
        if self._hooks.client:
            return await intercepted(self._hooks, call, self._send, is_message=True)
        return await self._send(call)

    async def _send(self, call: HandlerCall[Q, R]) -> IngressInvocationHandle[R]:
        if self._validate_requests:
            call.validate()
        request = call.send_request()
        sent = read_receipt(request, await self._deliver(request, call.request_format))
        ref = InvocationIdRef(sent.invocation_id)
        return IngressInvocationHandle(self.senders, ref, call.response_format, sent)

    async def _deliver(
        self, request: HttpRequest, request_format: MessageFormat[Q]
    ) -> HttpResponse:
        """Send a message to a handler.

        An empty message is sent without a content type first, as handlers with a JSON Schema
        require. Some SDKs declare every input as required, so that Restate refuses this. No handler
        has seen the message then, and it is sent again with a content type.
        """
        try:
            return await self.senders.ingress.send(request)
        except IngressBadRequestError:
            if request.body:
                raise
        content_type = (b"content-type", request_format.content_type.encode("ascii"))
        with_type = request._replace(headers=(content_type, *request.headers))
        return await self.senders.ingress.send(with_type)

    # -- existing invocations ----------------------------------------------------------------

    def invocation(
        self, invocation_id: str, response_type: type[R], *, encoding: Encoding = Encoding.PROTOBUF
    ) -> IngressInvocationHandle[R]:
        """Return a handle of the invocation with this id, without a request."""
        check_string("IngressClient.invocation", "invocation_id", invocation_id)
        check_encoding("IngressClient.invocation", encoding)
        return self._handle(InvocationIdRef(invocation_id), response_type, encoding)

    def idempotent_invocation(
        self,
        target: Target,
        idempotency_key: str,
        response_type: type[R],
        *,
        encoding: Encoding = Encoding.PROTOBUF,
    ) -> IngressInvocationHandle[R]:
        """Return a handle of the invocation with this idempotency key, without a request."""
        check_target("IngressClient.idempotent_invocation", target)
        check_encoding("IngressClient.idempotent_invocation", encoding)
        return self._handle(IdempotentRef(target, idempotency_key), response_type, encoding)

    def workflow(
        self,
        name: str,
        key: str,
        response_type: type[R],
        *,
        scope: str | None = None,
        encoding: Encoding = Encoding.PROTOBUF,
    ) -> IngressInvocationHandle[R]:
        """Return a handle of the run of the workflow with this id, without a request.

        Args:
            name: the Restate name of the workflow, such as `shop.v1.Signup`.
            key: the workflow id.
            response_type: the response type of its run handler.
            scope: the scope of the workflow.
            encoding: the contract's encoding.
        """
        for part, value in (("name", name), ("key", key), ("scope", scope or "")):
            check_string("IngressClient.workflow", part, value)
        check_encoding("IngressClient.workflow", encoding)
        return self._handle(WorkflowRef(name, key, scope), response_type, encoding)

    def _handle(
        self, ref: InvocationRef, response_type: type[R], encoding: Encoding
    ) -> IngressInvocationHandle[R]:
        return self.handle_of(ref, MessageFormat(codec_for(response_type), encoding))

    async def cancel(self, invocation_id: str) -> None:
        """Cancel an invocation, like `IngressInvocationHandle.cancel`."""
        await self.senders.act(AdminAction.CANCEL, invocation_id)

    async def kill(self, invocation_id: str) -> None:
        """End an invocation at once, like `IngressInvocationHandle.kill`."""
        await self.senders.act(AdminAction.KILL, invocation_id)

    async def purge(self, invocation_id: str) -> bool:
        """Forget an invocation that has ended, like `IngressInvocationHandle.purge`."""
        return await self.senders.act(AdminAction.PURGE, invocation_id)

    # -- awakeables --------------------------------------------------------------------------

    @overload
    async def resolve_awakeable(
        self, awakeable_id: AwakeableId[Q], message: Q, *, encoding: Encoding = Encoding.PROTOBUF
    ) -> None: ...
    @overload
    async def resolve_awakeable(
        self, awakeable_id: str, message: object, *, encoding: Encoding = Encoding.PROTOBUF
    ) -> None: ...
    async def resolve_awakeable(
        self,
        awakeable_id: str | AwakeableId[Any],
        message: object,
        *,
        encoding: Encoding = Encoding.PROTOBUF,
    ) -> None:
        """Resolve an awakeable: the handler that waits for it gets the message.

        The call returns when Restate has accepted it. An awakeable that has been completed before
        stays as it is.

        Args:
            awakeable_id: the awakeable's `id`, as a string or as `KEY.of(message)`, where the
                generated constant KEY stands for the field that holds it.
            message: the value, of the type that the handler awaits.
            encoding: the encoding of the handler's contract.

        Raises:
            IngressError: the request failed; an invalid id is a bad request.
            TypeError: the awakeable is for messages of another type.
        """
        check_encoding("IngressClient.resolve_awakeable", encoding)
        type_: type[Any] = type(message)
        if isinstance(awakeable_id, AwakeableId):
            awakeable_id, type_ = awakeable_id.id, awakeable_id.type
        payload = MessageFormat(codec_for(type_), encoding).write(message)
        await self.senders.ingress.send(resolve_request(awakeable_id, payload))

    async def reject_awakeable(self, awakeable_id: str | AwakeableId[Any], reason: str) -> None:
        """Reject an awakeable: the handler that waits for it gets a `TerminalError`, code 500.

        Args:
            awakeable_id: as in `resolve_awakeable`.
            reason: the message of that error.

        Raises:
            IngressError: as in `resolve_awakeable`.
        """
        if isinstance(awakeable_id, AwakeableId):
            awakeable_id = awakeable_id.id
        await self.senders.ingress.send(reject_request(awakeable_id, reason))


def _by_name(
    target: Target,
    request: Q,
    response_type: type[R],
    encoding: Encoding,
    options: CallOptions | SendOptions,
) -> HandlerCall[Q, R]:
    return HandlerCall(
        target,
        request,
        MessageFormat(codec_for(type(request)), encoding),
        MessageFormat(codec_for(response_type), encoding),
        options,
    )
