"""`SyncInvocationHandle`: a handle of one invocation, for code that blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from datetime import datetime, timedelta

    from restate_proto.ingress.handle import IngressInvocationHandle

__all__ = ["SyncInvocationHandle"]

R = TypeVar("R")
T = TypeVar("T")


class Waiter(Protocol):
    """Waits for coroutines; `SyncIngressClient` does."""

    def wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine and wait for its result."""
        ...


class SyncInvocationHandle(Generic[R]):
    """A handle of an invocation, like `IngressInvocationHandle`; each method blocks.

    A `SyncIngressClient` and the generated clients make these.
    """

    def __init__(self, waiter: Waiter, handle: IngressInvocationHandle[R]) -> None:
        self._wait = waiter.wait
        self._handle = handle

    def __repr__(self) -> str:
        return repr(self._handle).replace("Ingress", "Sync", 1)

    @property
    def accepted(self) -> bool | None:
        """Whether the send made the invocation; as `IngressInvocationHandle.accepted`."""
        return self._handle.accepted

    @property
    def execution_time(self) -> datetime | None:
        """When a delayed message will run, in UTC; None without a delay."""
        return self._handle.execution_time

    def invocation_id(self) -> str:
        """Return the invocation's id; as `IngressInvocationHandle.invocation_id`."""
        return self._wait(self._handle.invocation_id())

    def attach(self, *, wait_for: timedelta | None = None) -> R:
        """Wait for the result; as `IngressInvocationHandle.attach`."""
        return self._wait(self._handle.attach(wait_for=wait_for))

    def output(self) -> R | None:
        """Return the result if there is one already; as `IngressInvocationHandle.output`."""
        return self._wait(self._handle.output())

    def require_output(self) -> R:
        """Return the result, which has to be there; as `IngressInvocationHandle.require_output`."""
        return self._wait(self._handle.require_output())

    def cancel(self) -> None:
        """Cancel the invocation; as `IngressInvocationHandle.cancel`."""
        self._wait(self._handle.cancel())

    def kill(self) -> None:
        """End the invocation at once; as `IngressInvocationHandle.kill`."""
        self._wait(self._handle.kill())

    def purge(self) -> bool:
        """Forget the result of the invocation; as `IngressInvocationHandle.purge`."""
        return self._wait(self._handle.purge())
