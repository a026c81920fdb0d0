"""A task of the real event loop whose first step runs at once, such as one that executes a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from restate_proto.runtime.task import Stepper

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Coroutine
    from contextvars import Context

__all__ = ["EagerTask"]


class EagerTask(Stepper):
    """A task that is not awaited: its outcome goes to `_finished` only.

    Args:
        loop: the event loop that it runs in.
        coroutine: the coroutine to run; not started yet.
        name: a name for debuggers.
        context: the context variables that the coroutine sees; None copies the current ones.
    """

    __slots__ = (
        "__weakref__",
        "_cancel_requests",
        "_cancellation",
        "_context",
        "_coroutine",
        "_fut_waiter",
        "_loop",
        "_must_cancel",
        "_name",
        "_next_turn",
        "is_done",
        "is_running",
        "waiting",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        coroutine: Coroutine[Any, Any, Any],
        name: str,
        context: Context | None = None,
    ) -> None:
        self._loop = loop
        self._begin(coroutine, name, context)

    def done(self) -> bool:
        """Tell whether the coroutine has ended."""
        return self.is_done

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Return the event loop."""
        return self._loop
