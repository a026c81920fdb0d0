"""The client for calls from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack, overload

from restate_proto.codec.registry import codec_for
from restate_proto.http2 import BaseUrl, Http2Client
from restate_proto.ingress.errors import IngressBadRequestError
from restate_proto.ingress.handle import IngressInvocationHandle
from restate_proto.ingress.handler_call import HandlerCall
from restate_proto.ingress.invocation_ref import IdempotentRef, InvocationIdRef, WorkflowRef
from restate_proto.ingress.message_format import MessageFormat
from restate_proto.ingress.requests import (
    AdminAction,
    checked_headers,
    reject_request,
    resolve_request,
)
from restate_proto.ingress.responses import read_receipt, read_result
from restate_proto.ingress.sender import HttpSender, Senders
from restate_proto.model.arguments import check_encoding, check_string, wrong_type
from restate_proto.model.keys import AwakeableId
from restate_proto.model.kinds import Encoding
from restate_proto.model.options import (
    INGRESS_CALL_OPTIONS,
    INGRESS_SEND_OPTIONS,
    check_option_names,
)
from restate_proto.model.retry import RetryPolicy
from restate_proto.model.target import check_target
from restate_proto.rules import has_protovalidate

if TYPE_CHECKING:
    import ssl as ssl_module
    from collections.abc import Mapping
    from types import TracebackType

    from restate_proto.ingress.invocation_ref import InvocationRef
    from restate_proto.ingress.requests import HttpRequest
    from restate_proto.ingress.responses import HttpResponse
    from restate_proto.model.options import CallOptions, SendOptions
    from restate_proto.model.target import Target

__all__ = ["IngressClient"]

Q = TypeVar("Q")
R = TypeVar("R")

_MAX_CONNECTIONS = 256
"""A call waits for its handler, for days where that sleeps, and Restate allows 200 streams on each
connection: with few, waiting calls would keep the one waiting that ends their wait."""


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
        admin_url: where the admin API is, such as `http://127.0.0.1:9070`; for `cancel`, `kill`
            and `purge`.
        headers: headers for every request, such as `{"authorization": "Bearer ..."}`.
        retry: when requests are repeated whose failure is not their invocation's: those that were
            not processed, and those whose outcome is unknown where twice is the same as once. Each
            delay is varied by up to a fifth, a longer `Retry-After` is kept to, and nothing is
            waited for that would begin after the policy's `max_duration`. By default nothing is
            repeated.
        engine: the HTTP/2 engine, `"h2"` or `"ngh2"`; by default the best that is installed.
        ssl: the TLS configuration for `https:` URLs; by default certificates are verified against
            the system's issuers, or those of the environment variable `SSL_CERT_FILE`.
        validate_requests: whether requests whose messages have rules of `buf.validate` are
            validated before they are sent, as handlers of this library do it: what breaks a rule
            raises an `InvalidMessageError`, and costs no invocation.

    Raises:
        TypeError: a URL is no string, or an argument is of another wrong type.
        ValueError: a URL is none of the form `http(s)://host[:port][/path]`, a header cannot be
            sent, or the engine's name is unknown.
        ImportError: requests are to be validated, and protovalidate is not installed.

    Attributes:
        senders: what the generated clients use; no part of the public interface.
    """

    def __init__(
        self,
        base_url: str,
        *,
        admin_url: str | None = None,
        headers: Mapping[str, str] | None = None,
        retry: RetryPolicy | None = None,
        engine: str | None = None,
        ssl: ssl_module.SSLContext | None = None,
        validate_requests: bool = False,
    ) -> None:
        if validate_requests and not has_protovalidate():
            raise ImportError(
                "IngressClient(validate_requests=True) needs protovalidate: "
                "run `pip install 'restate-proto[validate]'`"
            )
        self._validate_requests = validate_requests
        common = checked_headers(headers)
        if not isinstance(retry, RetryPolicy | None):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
            raise wrong_type("IngressClient", "retry", retry, "a RetryPolicy")
        if retry is not None and retry.on_max_attempts is not None:
            raise ValueError(
                "IngressClient(retry=...): on_max_attempts is for ctx.run; leave it out: the last "
                "failure of a request is raised"
            )

        def sender(url: str, tls: ssl_module.SSLContext | None) -> HttpSender:
            transport = Http2Client(url, ssl=tls, engine=engine, max_connections=_MAX_CONNECTIONS)
            return HttpSender(transport, headers=common, policy=retry)

        admin = None
        if admin_url is not None:
            # The two may well differ: TLS ends at a proxy before the ingress.
            over_tls = BaseUrl.parse(admin_url).scheme == "https"
            admin = sender(admin_url, ssl if over_tls else None)
        self.senders = Senders(sender(base_url, ssl), admin)

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

        `asyncio.timeout` bounds the wait; the invocation goes on without it.

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
        if self._validate_requests:
            call.validate()
        request = call.call_request()
        response = await self._deliver(request, call.request_format)
        return read_result(request, response, call.response_format)

    async def send_message(self, call: HandlerCall[Q, R]) -> IngressInvocationHandle[R]:
        """Send a message to a handler; as `send`."""
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
        response_format = MessageFormat(codec_for(response_type), encoding)
        return IngressInvocationHandle(self.senders, ref, response_format)

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
