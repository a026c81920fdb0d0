"""A handler's coroutine as a task that can wait for durable futures."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from restate_proto.runtime.futures import DurableFuture
from restate_proto.runtime.task import EagerTask

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from restate_proto.runtime.attempt import Attempt

__all__ = ["HandlerTask"]


class HandlerTask(EagerTask):
    """Runs a handler; its attempt says what a durable future has to wait for.

    Args:
        attempt: the attempt that the handler is run for.
        coroutine: the handler's.
    """

    __slots__ = ("_attempt",)

    def __init__(self, attempt: Attempt, coroutine: Coroutine[Any, Any, Any]) -> None:
        super().__init__(attempt.loop, coroutine, attempt.handler.name)
        self._attempt = attempt

    def step(self, error: BaseException | None = None) -> None:
        """See `EagerTask.step`."""
        super().step(error)
        attempt = self._attempt
        if not self.is_done:
            attempt.paused()
        share = attempt.runtime.turn_share
        if monotonic() > share.ends_at:
            share.end()

    def _waits_for(self, yielded: Any) -> BaseException | bool:
        if isinstance(yielded, DurableFuture):
            return self._attempt.wait_for(yielded)  # pyright: ignore[reportUnknownArgumentType]
        return super()._waits_for(yielded)

    def _finished(self, result: Any, error: BaseException | None) -> None:
        self._attempt.finish(result, error)
