"""A task of the real event loop that begins at once: one that executes a run, for example."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from restate_proto.runtime.task import Stepper

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Coroutine
    from contextvars import Context

__all__ = ["EagerTask"]


class EagerTask(Stepper):
    """A task that nobody awaits: its outcome goes to `_finished` alone.

    Args:
        loop: the event loop that it runs in.
        coroutine: what to run; not started yet.
        name: a name for debuggers.
        context: the context variables that it sees; None copies the current ones.
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
        """Whether the coroutine has ended."""
        return self.is_done

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The event loop."""
        return self._loop
