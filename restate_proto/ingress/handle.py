"""A handle of one invocation, for callers from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from restate_proto.errors import TerminalError
from restate_proto.ingress.errors import InvocationNotReadyError
from restate_proto.ingress.invocation_ref import (
    InvocationIdRef,
    attach_request,
    lookup_request,
    output_request,
)
from restate_proto.ingress.requests import AdminAction
from restate_proto.ingress.responses import read_invocation_id, read_result
from restate_proto.ingress.waiting import wait_at_most
from restate_proto.model.arguments import check_duration

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from restate_proto.ingress.invocation_ref import InvocationRef
    from restate_proto.ingress.message_format import MessageFormat
    from restate_proto.ingress.responses import SendReceipt
    from restate_proto.ingress.sender import Senders

__all__ = ["IngressInvocationHandle"]

R = TypeVar("R")

# The server's answer if there is no such invocation, which looks like a failure of the invocation.
_NOT_FOUND = (404, "not found")


class IngressInvocationHandle(Generic[R]):
    """A handle of an invocation: of a sent message, an idempotency key, or a workflow.

    `IngressClient` and generated clients make these. A handle of an id, an idempotency key or a
    workflow id does not say whether such an invocation exists. Methods with the same name as in a
    handler (`attach`, `output`, `invocation_id`, `cancel`) do and return the same.

    Attributes:
        ref: identifies the invocation; not part of the public interface.
    """

    def __init__(
        self,
        senders: Senders,
        ref: InvocationRef,
        response_format: MessageFormat[R],
        receipt: SendReceipt | None = None,
    ) -> None:
        self._senders = senders
        self.ref = ref
        self._format = response_format
        self._receipt = receipt
        self._id = ref.invocation_id if isinstance(ref, InvocationIdRef) else None

    def __repr__(self) -> str:
        return f"<IngressInvocationHandle of {self.ref}>"

    @property
    def accepted(self) -> bool | None:
        """Whether the send made the invocation; False if an earlier one had made it.

        An earlier send with the same idempotency key or workflow id may have made it. None if the
        handle does not come from a send.
        """
        return None if self._receipt is None else self._receipt.accepted

    @property
    def execution_time(self) -> datetime | None:
        """When a delayed message will run, in UTC; None without a delay."""
        return None if self._receipt is None else self._receipt.execution_time

    async def invocation_id(self) -> str:
        """Return the invocation's id, as Restate's UI and CLI show it.

        For a handle of an idempotency key or a workflow, the ingress computes the id. That does not
        prove that the invocation exists.

        Raises:
            IngressError: the request failed.
        """
        if self._id is None:
            request = lookup_request(self.ref)
            self._id = read_invocation_id(request, await self._senders.ingress.send(request))
        return self._id

    async def attach(self, *, wait_for: timedelta | None = None) -> R:
        """Wait for the result, for as long as it takes.

        Args:
            wait_for: how long to wait; None takes the client's option.

        Returns:
            The response message.

        Raises:
            TerminalError: the invocation failed.
            InvocationNotFoundError: there is none, or its result is no longer kept.
            WaitTimeoutError: the result did not arrive in that time; the invocation goes on.
            IngressError: the request failed otherwise.
        """
        if wait_for is not None:
            check_duration("attach", "wait_for", wait_for)
        limit = wait_for or self._senders.wait_for
        if limit is None:
            return await self._attach()
        return await wait_at_most(limit, self._attach(), f"attach to {self.ref}", lambda: self)

    async def _attach(self) -> R:
        ingress = self._senders.ingress
        request = attach_request(self.ref, accept=self._format.content_type)
        try:
            response = await ingress.send(request)
        except TerminalError as error:
            # Attaching to an invocation that does not exist fails with this error, which a handler
            # could have raised as well. Asking for the output tells the two apart.
            if (error.code, error.message) != _NOT_FOUND:
                raise
            output = output_request(self.ref, accept=self._format.content_type)
            try:
                response = await ingress.send(output._replace(what=request.what))
            except InvocationNotReadyError:  # it has just begun
                raise error from None
        return read_result(request, response, self._format)

    async def output(self) -> R | None:
        """Return the result if there is one already.

        Returns:
            The response message, or None if the invocation has not ended yet.

        Raises:
            TerminalError: the invocation failed.
            InvocationNotFoundError: there is none, or its result is no longer kept.
            IngressError: the request failed otherwise.
        """
        try:
            return await self.require_output()
        except InvocationNotReadyError:
            return None

    async def require_output(self) -> R:
        """Return the result, which has to exist already; works for a response type of `None` too.

        Returns:
            The response message.

        Raises:
            InvocationNotReadyError: the invocation has not ended yet.
            TerminalError: the invocation failed.
            InvocationNotFoundError: there is none, or its result is no longer kept.
            IngressError: the request failed otherwise.
        """
        request = output_request(self.ref, accept=self._format.content_type)
        return read_result(request, await self._senders.ingress.send(request), self._format)

    async def cancel(self) -> None:
        """Cancel the invocation: its handler gets a `CancelledError` where it waits.

        The request goes to the admin API, so the client needs an `admin_url`. The call returns when
        Restate has accepted the request, which may be long before the handler ends. An invocation
        that has ended already is left alone.

        Raises:
            InvocationNotFoundError: there is no such invocation.
            IngressError: the request failed, or the client has no `admin_url`.
        """
        await self._senders.act(AdminAction.CANCEL, await self.invocation_id())

    async def kill(self) -> None:
        """End the invocation at once, without letting its handler clean up.

        Otherwise the method works like `cancel`.

        Raises:
            InvocationNotFoundError: there is no such invocation.
            IngressError: the request failed, or the client has no `admin_url`.
        """
        await self._senders.act(AdminAction.KILL, await self.invocation_id())

    async def purge(self) -> bool:
        """Forget the result of an invocation that has ended.

        The request goes to the admin API, so the client needs an `admin_url`.

        Returns:
            False if the invocation has not ended yet, and nothing was forgotten.

        Raises:
            InvocationNotFoundError: there is no such invocation.
            IngressError: the request failed, or the client has no `admin_url`.
        """
        return await self._senders.act(AdminAction.PURGE, await self.invocation_id())
