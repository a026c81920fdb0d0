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

# What the server answers where it has no such invocation, as if that had failed.
_NOT_FOUND = (404, "not found")


class IngressInvocationHandle(Generic[R]):
    """An invocation: of a message that was sent, of an idempotency key, or of a workflow.

    An `IngressClient` and the generated clients make these. A handle for a known id, idempotency
    key or workflow id says nothing about whether there is such an invocation. What has the same
    name as in a handler (`attach`, `output`, `invocation_id`, `cancel`) does and returns the same.
    """

    def __init__(
        self,
        senders: Senders,
        ref: InvocationRef,
        response_format: MessageFormat[R],
        receipt: SendReceipt | None = None,
    ) -> None:
        self._senders = senders
        self._ref = ref
        self._format = response_format
        self._receipt = receipt
        self._id = ref.invocation_id if isinstance(ref, InvocationIdRef) else None

    def __repr__(self) -> str:
        return f"<IngressInvocationHandle of {self._ref}>"

    @property
    def accepted(self) -> bool | None:
        """Whether the send made the invocation; False where an earlier one had made it.

        That is so where the earlier one had the same idempotency key or workflow id. None where
        the handle does not come from a send.
        """
        return None if self._receipt is None else self._receipt.accepted

    @property
    def execution_time(self) -> datetime | None:
        """When a delayed message is going to run, in UTC; None where there was no delay."""
        return None if self._receipt is None else self._receipt.execution_time

    async def invocation_id(self) -> str:
        """The invocation's id, which Restate's UI and CLI know it by.

        For a handle of an idempotency key or a workflow the ingress computes it: that does not
        prove that the invocation exists.

        Raises:
            IngressError: the ingress did not say.
        """
        if self._id is None:
            request = lookup_request(self._ref)
            self._id = read_invocation_id(request, await self._senders.ingress.send(request))
        return self._id

    async def attach(self, *, wait_for: timedelta | None = None) -> R:
        """Wait for the result, for as long as it takes.

        Args:
            wait_for: how long to wait; None waits as long as the client's option says.

        Returns:
            The response message.

        Raises:
            TerminalError: the invocation failed.
            InvocationNotFoundError: there is none, or its result is no longer kept.
            WaitTimeoutError: the result was not there in that time; the invocation goes on.
            IngressError: the request failed otherwise.
        """
        if wait_for is not None:
            check_duration("attach", "wait_for", wait_for)
        limit = wait_for or self._senders.wait_for
        if limit is None:
            return await self._attach()
        return await wait_at_most(limit, self._attach(), f"attach to {self._ref}", lambda: self)

    async def _attach(self) -> R:
        ingress = self._senders.ingress
        request = attach_request(self._ref, accept=self._format.content_type)
        try:
            response = await ingress.send(request)
        except TerminalError as error:
            # To attach to an invocation that is not there fails as if it had ended with this
            # error, which a handler could raise as well. Asking for the output tells which it is.
            if (error.code, error.message) != _NOT_FOUND:
                raise
            output = output_request(self._ref, accept=self._format.content_type)
            try:
                response = await ingress.send(output._replace(what=request.what))
            except InvocationNotReadyError:  # it began just now
                raise error from None
        return read_result(request, response, self._format)

    async def output(self) -> R | None:
        """The result if there is one already.

        Returns:
            The response message, or None where the invocation has not ended yet.

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
        """The result, which has to be there already; also for a response type of `None`.

        Returns:
            The response message.

        Raises:
            InvocationNotReadyError: the invocation has not ended yet.
            TerminalError: the invocation failed.
            InvocationNotFoundError: there is none, or its result is no longer kept.
            IngressError: the request failed otherwise.
        """
        request = output_request(self._ref, accept=self._format.content_type)
        return read_result(request, await self._senders.ingress.send(request), self._format)

    async def cancel(self) -> None:
        """Cancel the invocation: its handler gets a `CancelledError` where it waits.

        This goes to the admin API, so the client needs an `admin_url`. It returns when Restate
        has taken the request, which may be long before the handler has ended. An invocation that
        has ended already is left as it is.

        Raises:
            InvocationNotFoundError: there is no such invocation.
            IngressError: the request failed, or the client has no `admin_url`.
        """
        await self._senders.act(AdminAction.CANCEL, await self.invocation_id())

    async def kill(self) -> None:
        """End the invocation at once, without letting its handler clean up.

        Otherwise as `cancel`.

        Raises:
            InvocationNotFoundError: there is no such invocation.
            IngressError: the request failed, or the client has no `admin_url`.
        """
        await self._senders.act(AdminAction.KILL, await self.invocation_id())

    async def purge(self) -> bool:
        """Forget the result of the invocation, which has ended.

        This goes to the admin API, so the client needs an `admin_url`.

        Returns:
            False where the invocation has not ended yet, and nothing was forgotten.

        Raises:
            InvocationNotFoundError: there is no such invocation.
            IngressError: the request failed, or the client has no `admin_url`.
        """
        return await self._senders.act(AdminAction.PURGE, await self.invocation_id())
