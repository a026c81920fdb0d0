"""`SyncIngressClient`: calls handlers from outside, for code that blocks."""

from __future__ import annotations

import asyncio
import inspect
import weakref
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack, overload

from restate_proto.ingress.client import IngressClient
from restate_proto.ingress.errors import WaitTimeoutError
from restate_proto.ingress.handler_call import call_of
from restate_proto.ingress.loop_thread import LoopThread
from restate_proto.ingress.sync_handle import SyncInvocationHandle
from restate_proto.model.kinds import Encoding

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping
    from types import TracebackType

    from restate_proto.ingress.client_options import ClientOptions
    from restate_proto.ingress.handler_call import HandlerCall
    from restate_proto.ingress.invocation_ref import InvocationRef
    from restate_proto.ingress.message_format import MessageFormat
    from restate_proto.ingress.requests import HeaderSource
    from restate_proto.model.keys import AwakeableId
    from restate_proto.model.options import CallOptions, SendOptions
    from restate_proto.model.target import Target

__all__ = ["SyncIngressClient"]

Q = TypeVar("Q")
R = TypeVar("R")
T = TypeVar("T")


class _Client(IngressClient):
    """The asynchronous client that does the work."""

    _name = "SyncIngressClient"


class SyncIngressClient:
    """Calls the services of a Restate server from outside of handlers; each call blocks its thread.

    It has the options and methods of an `IngressClient` and raises the same errors. Any number of
    threads may use one client at once, and share its connections. The requests are sent by a thread
    of its own, which starts with the first request; a forked process gets another one.

    ```python
    with SyncIngressClient("http://127.0.0.1:8080") as client:
        cart = CartClient.from_sync_client(client, "alice")
        response = cart.add_ticket(AddTicketRequest(ticket_id="t1"))
    ```

    Do not call it in a coroutine, because that blocks the event loop; use an `IngressClient` there.

    Args:
        base_url: the URL of the ingress, such as `http://127.0.0.1:8080`. It may have a path.
        **options: the options of `ClientOptions`.

    Raises:
        TypeError: as for an `IngressClient`.
        ValueError: as for an `IngressClient`.
        ImportError: as for an `IngressClient`.
    """

    def __init__(self, base_url: str, **options: Unpack[ClientOptions]) -> None:
        headers = options.get("headers")
        if callable(headers) and not inspect.iscoroutinefunction(headers):
            options["headers"] = _in_a_thread(headers)
        self._client = _Client(base_url, **options)
        self._thread = LoopThread()
        # The thread does not refer to the client, so that it ends when the client is garbage.
        weakref.finalize(self, self._thread.stop).atexit = False

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the client."""
        self.close()

    def close(self) -> None:
        """Close all connections, and end the thread; requests that still wait for an answer fail."""
        if self._thread.is_started:
            self._thread.run(self._client.close())
        thread = self._thread.stop()
        if thread is not None:
            thread.join()

    # -- calling handlers by name ------------------------------------------------------------

    def call(
        self,
        target: Target,
        request: object,
        response_type: type[R],
        *,
        encoding: Encoding = Encoding.PROTOBUF,
        **options: Unpack[CallOptions],
    ) -> R:
        """Call a handler and wait for its result; as `IngressClient.call`."""
        return self.wait(
            self._client.call(target, request, response_type, encoding=encoding, **options)
        )

    def send(
        self,
        target: Target,
        request: object,
        response_type: type[R],
        *,
        encoding: Encoding = Encoding.PROTOBUF,
        **options: Unpack[SendOptions],
    ) -> SyncInvocationHandle[R]:
        """Send a message to a handler; as `IngressClient.send`."""
        sent = self._client.send(target, request, response_type, encoding=encoding, **options)
        return SyncInvocationHandle(self, self.wait(sent))

    # -- for generated clients and handles; not part of the public interface -----------------

    new_call = staticmethod(call_of)

    def wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine of the asynchronous client, and wait for it."""
        try:
            return self._thread.run(coroutine)
        except WaitTimeoutError as error:
            if error.handle is not None:
                error.handle = SyncInvocationHandle(self, error.handle)
            raise

    def call_handler(self, call: HandlerCall[Q, R]) -> R:
        """Call a handler and wait for its result; as `call`."""
        return self.wait(self._client.call_handler(call))

    def send_message(self, call: HandlerCall[Q, R]) -> SyncInvocationHandle[R]:
        """Send a message to a handler; as `send`."""
        return SyncInvocationHandle(self, self.wait(self._client.send_message(call)))

    def handle_of(
        self, ref: InvocationRef, response_format: MessageFormat[R]
    ) -> SyncInvocationHandle[R]:
        """Return the handle of an invocation."""
        return SyncInvocationHandle(self, self._client.handle_of(ref, response_format))

    # -- existing invocations ----------------------------------------------------------------

    def invocation(
        self, invocation_id: str, response_type: type[R], *, encoding: Encoding = Encoding.PROTOBUF
    ) -> SyncInvocationHandle[R]:
        """Return a handle of the invocation with this id; as `IngressClient.invocation`."""
        found = self._client.invocation(invocation_id, response_type, encoding=encoding)
        return SyncInvocationHandle(self, found)

    def idempotent_invocation(
        self,
        target: Target,
        idempotency_key: str,
        response_type: type[R],
        *,
        encoding: Encoding = Encoding.PROTOBUF,
    ) -> SyncInvocationHandle[R]:
        """Return a handle of an idempotency key; as `IngressClient.idempotent_invocation`."""
        found = self._client.idempotent_invocation(
            target, idempotency_key, response_type, encoding=encoding
        )
        return SyncInvocationHandle(self, found)

    def workflow(
        self,
        name: str,
        key: str,
        response_type: type[R],
        *,
        scope: str | None = None,
        encoding: Encoding = Encoding.PROTOBUF,
    ) -> SyncInvocationHandle[R]:
        """Return a handle of the run of the workflow with this id; as `IngressClient.workflow`."""
        found = self._client.workflow(name, key, response_type, scope=scope, encoding=encoding)
        return SyncInvocationHandle(self, found)

    def cancel(self, invocation_id: str) -> None:
        """Cancel an invocation; as `SyncInvocationHandle.cancel`."""
        self.wait(self._client.cancel(invocation_id))

    def kill(self, invocation_id: str) -> None:
        """End an invocation at once; as `SyncInvocationHandle.kill`."""
        self.wait(self._client.kill(invocation_id))

    def purge(self, invocation_id: str) -> bool:
        """Forget an invocation that has ended; as `SyncInvocationHandle.purge`."""
        return self.wait(self._client.purge(invocation_id))

    # -- awakeables --------------------------------------------------------------------------

    @overload
    def resolve_awakeable(
        self, awakeable_id: AwakeableId[Q], message: Q, *, encoding: Encoding = Encoding.PROTOBUF
    ) -> None: ...
    @overload
    def resolve_awakeable(
        self, awakeable_id: str, message: object, *, encoding: Encoding = Encoding.PROTOBUF
    ) -> None: ...
    def resolve_awakeable(
        self,
        awakeable_id: str | AwakeableId[Any],
        message: object,
        *,
        encoding: Encoding = Encoding.PROTOBUF,
    ) -> None:
        """Complete an awakeable with a message; as `IngressClient.resolve_awakeable`."""
        self.wait(self._client.resolve_awakeable(awakeable_id, message, encoding=encoding))

    def reject_awakeable(self, awakeable_id: str | AwakeableId[Any], reason: str) -> None:
        """Complete an awakeable with a failure; as `IngressClient.reject_awakeable`."""
        self.wait(self._client.reject_awakeable(awakeable_id, reason))


def _in_a_thread(source: HeaderSource) -> HeaderSource:
    """Call a function in another thread, where it may block without holding up other requests."""

    async def headers() -> Mapping[str, str]:
        given = await asyncio.to_thread(source)
        return await given if inspect.isawaitable(given) else given

    return headers
