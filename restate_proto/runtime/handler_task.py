"""The task that runs a handler's own coroutine; the tasks that it creates are `ChildTask`s."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from typing_extensions import override

from restate_proto.runtime.eager_task import EagerTask
from restate_proto.runtime.refusals import caller_of, refuse_anyio

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Coroutine

    from restate_proto.runtime.futures import DurableFuture
    from restate_proto.runtime.handler_loop import HandlerLoop
    from restate_proto.runtime.task import Resumption

__all__ = ["HandlerTask"]


class _Owner(Protocol):
    """What the task knows of the attempt that owns it."""

    def progress(self, awaited: DurableFuture[Any] | None) -> Resumption | None: ...

    def handler_ended(self, result: Any, error: BaseException | None) -> None: ...


class HandlerTask(EagerTask):
    """Steps a handler's coroutine.

    The task knows which durable future the handler waits for (`waiting`). Its attempt decides when
    that wait is over (`Execution.progress`).

    Args:
        owner: the attempt that the handler runs for.
        loop: the handler's event loop.
        coroutine: the handler's coroutine.
        name: the handler's name.
    """

    __slots__ = ("_handler_loop", "_owner")

    def __init__(
        self, owner: _Owner, loop: HandlerLoop, coroutine: Coroutine[Any, Any, Any], name: str
    ) -> None:
        # Neither super().__init__ nor the loop's property is used: that saves two calls.
        self._loop = loop  # pyright: ignore[reportAttributeAccessIssue]
        self._begin(coroutine, name, None)
        self._owner = owner
        self._handler_loop = loop

    @override
    def _resumption(self, awaited: DurableFuture[Any]) -> Resumption | None:
        return self._owner.progress(awaited)

    @override
    def _refusal(self, future: asyncio.Future[Any]) -> BaseException | None:
        return self._handler_loop.refusal_of(future)

    def interrupt(self, error: BaseException) -> None:
        """Raise an error where the handler waits, when the loop next runs.

        If it waits for something of asyncio's, that is cancelled, as `asyncio.Task.cancel` does.
        """
        self._cancel(error)

    @override
    def __hash__(self) -> int:
        refuse_anyio(caller_of())
        return super().__hash__()

    @override
    def _finished(self, result: Any, error: BaseException | None) -> None:
        self._owner.handler_ended(result, error)
