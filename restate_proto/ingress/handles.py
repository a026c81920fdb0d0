"""A handle of one invocation, for callers from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from restate_proto.ingress.errors import InvocationNotReadyError
from restate_proto.ingress.requests import AdminAction, InvocationIdRef

if TYPE_CHECKING:
    from datetime import datetime

    from restate_proto.ingress.core import IngressCore
    from restate_proto.ingress.requests import InvocationRef
    from restate_proto.ingress.responses import SendReceipt
    from restate_proto.model.codec import Codec
    from restate_proto.model.kinds import Encoding

__all__ = ["IngressInvocationHandle"]

R = TypeVar("R")


class IngressInvocationHandle(Generic[R]):
    """An invocation: of a message that was sent, of an idempotency key, or of a workflow.

    An `IngressClient` and the generated clients make these. A handle for a known id, idempotency
    key or workflow id says nothing about whether there is such an invocation.
    """

    def __init__(
        self,
        core: IngressCore,
        ref: InvocationRef,
        codec: Codec[R],
        encoding: Encoding,
        receipt: SendReceipt | None = None,
    ) -> None:
        self._core = core
        self._ref = ref
        self._codec = codec
        self._encoding = encoding
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
            self._id = await self._core.invocation_id(self._ref)
        return self._id

    async def attach(self) -> R:
        """Wait for the result, for as long as it takes (`asyncio.timeout` bounds it).

        Returns:
            The response message.

        Raises:
            TerminalError: the invocation failed.
            InvocationNotFoundError: there is none, or its result is no longer kept.
            IngressError: the request failed otherwise.
        """
        return await self._core.attach(self._ref, self._codec, self._encoding)

    async def output(self) -> R | None:
        """The result if there is one already, as `output()` of a handle in a handler.

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
        return await self._core.output(self._ref, self._codec, self._encoding)

    async def cancel(self) -> bool:
        """Ask the invocation to end: its handler gets a `CancelledError` and may clean up.

        This goes to the admin API, so the client needs an `admin_url`. It returns when Restate
        has taken the wish, which may be long before the handler has ended.

        Returns:
            False where the invocation had ended already.

        Raises:
            InvocationNotFoundError: there is no such invocation.
            IngressError: the request failed, or the client has no `admin_url`.
        """
        return await self._core.act(AdminAction.CANCEL, await self.invocation_id())

    async def kill(self) -> bool:
        """End the invocation at once, without letting its handler clean up; see `cancel`."""
        return await self._core.act(AdminAction.KILL, await self.invocation_id())

    async def purge(self) -> bool:
        """Forget the result of the invocation, which has ended; see `cancel`.

        Returns:
            False where the invocation has not ended yet.
        """
        return await self._core.act(AdminAction.PURGE, await self.invocation_id())
