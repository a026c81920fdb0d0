"""The client for calls from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, Unpack, overload

from restate_proto.codec.registry import codec_for
from restate_proto.ingress.client_options import check_client_options, make_senders
from restate_proto.ingress.errors import IngressBadRequestError
from restate_proto.ingress.handle import IngressInvocationHandle
from restate_proto.ingress.handler_call import HandlerCall
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
    from restate_proto.model.options import CallOptions, SendOptions
    from restate_proto.model.target import Target

__all__ = ["IngressClient"]

Q = TypeVar("Q")
R = TypeVar("R")


class IngressClient:
    """Calls the services of a Restate server from outside of them.

    It connects with the first request, opens more connections where many requests wait for their
    answers, and keeps them until it is closed. One client serves any number of concurrent requests
    of one event loop. Usually the generated clients are used on top of it, as in
    `CartClient.from_client(client, "alice")`; `call` and `send` reach handlers by name.

    ```python
    async with IngressClient("http://127.0.0.1:8080") as client:
        cart = CartClient.from_client(client, "alice")
        response = await cart.add_ticket(AddTicketRequest(ticket_id="t1"))
    ```

    A failed invocation is raised as the `TerminalError` that its handler ended with, all other
    failures as an `IngressError`.

    Args:
        base_url: where the ingress is, such as `http://127.0.0.1:8080`. It may have a path.
        **options: the options of `ClientOptions`.

    Raises:
        TypeError: a URL is no string, or an option is of another wrong type or there is none of
            that name.
        ValueError: a URL is none of the form `http(s)://host[:port][/path]`, a header cannot be
            sent, a file of TLS cannot be used, or an option has another value that makes no sense.
        ImportError: requests are to be validated, and protovalidate is not installed.

    Attributes:
        senders: what the generated clients use; no part of the public interface.
    """

    _name: ClassVar = "IngressClient"

    def __init__(self, base_url: str, **options: Unpack[ClientOptions]) -> None:
        check_client_options(self._name, **options)
        self._hooks = Hooks(self._name, options.get("interceptors") or ())
        self._validate_requests = options.get("validate_requests", False)
        self.senders = make_senders(self._name, base_url, options)

    async def __aenter__(self) -> Self:
        """The client itself."""
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
            RuntimeError: the client was used in another event loop, where it has to be closed.
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

        `wait_for` bounds the wait, never the work: the invocation goes on.

        Args:
            target: the handler, such as `Target.object("shop.v1.Cart", "alice", "AddTicket")`.
            request: the request: a message, or a plain value for a handler that takes JSON.
            response_type: the type of the response.
            encoding: how the request is written, and the response wanted: as the contract says.
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
        """Send a message to a handler; returns when Restate has it.

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

    # -- what the generated clients call; no part of the public interface --------------------

    async def call_handler(self, call: HandlerCall[Q, R]) -> R:
        """Call a handler and wait for its result; as `call`."""
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
        """The handle of an invocation."""
        return IngressInvocationHandle(self.senders, ref, response_format)

    def _handle_of(self, call: HandlerCall[Q, R]) -> IngressInvocationHandle[R] | None:
        ref = call.ref()
        return ref and self.handle_of(ref, call.response_format)

    async def send_message(self, call: HandlerCall[Q, R]) -> IngressInvocationHandle[R]:
        """Send a message to a handler; as `send`."""
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

        An empty one goes without a content type, as handlers with a JSON Schema want it. Those of
        SDKs that declare every input as required want one; what Restate refuses for that reason,
        no handler has seen.
        """
        try:
            return await self.senders.ingress.send(request)
        except IngressBadRequestError:
            if request.body:
                raise
        content_type = (b"content-type", request_format.content_type.encode("ascii"))
        with_type = request._replace(headers=(content_type, *request.headers))
        return await self.senders.ingress.send(with_type)

    # -- invocations that are there already --------------------------------------------------

    def invocation(
        self, invocation_id: str, response_type: type[R], *, encoding: Encoding = Encoding.PROTOBUF
    ) -> IngressInvocationHandle[R]:
        """A handle of the invocation with this id; sends nothing."""
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
        """A handle of what a handler was called for with this idempotency key; sends nothing."""
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
        """A handle of the run of the workflow with this id; sends nothing.

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
        """Cancel an invocation; as `IngressInvocationHandle.cancel`."""
        await self.senders.act(AdminAction.CANCEL, invocation_id)

    async def kill(self, invocation_id: str) -> None:
        """End an invocation at once; as `IngressInvocationHandle.kill`."""
        await self.senders.act(AdminAction.KILL, invocation_id)

    async def purge(self, invocation_id: str) -> bool:
        """Forget an invocation that has ended; as `IngressInvocationHandle.purge`."""
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
        """Complete an awakeable, so that the handler that waits for it gets the message.

        Returns when Restate has taken it. An awakeable that is complete already stays as it is.

        Args:
            awakeable_id: the awakeable's `id`: a string, or what the constant of the field gives
                that holds it.
            message: what it is completed with; of the type that the handler awaits.
            encoding: how the message is written: as the handler's contract says.

        Raises:
            IngressError: the request failed; an id that is none is a bad request.
            TypeError: the field is for messages of another type.
        """
        check_encoding("IngressClient.resolve_awakeable", encoding)
        type_: type[Any] = type(message)
        if isinstance(awakeable_id, AwakeableId):
            awakeable_id, type_ = awakeable_id.id, awakeable_id.type
        payload = MessageFormat(codec_for(type_), encoding).write(message)
        await self.senders.ingress.send(resolve_request(awakeable_id, payload))

    async def reject_awakeable(self, awakeable_id: str | AwakeableId[Any], reason: str) -> None:
        """Complete an awakeable with a failure: the handler gets a `TerminalError`, code 500.

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
