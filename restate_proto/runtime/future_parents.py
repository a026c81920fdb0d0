"""What waits for a durable future: the interface of parents, and asyncio's callbacks as one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from restate_proto.protocol.empty_dict import EMPTY_DICT

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context

    from restate_proto.runtime.handler_loop import HandlerLoop

__all__ = ["DoneCallback", "Parent"]


class Parent(Protocol):
    """Something that waits for a durable future: a combination, a task or a callback."""

    is_done: bool
    """Whether it no longer waits."""

    def child_done(self, child: Any) -> None:
        """React to the end of the future."""
        ...

    def forget_parents(self) -> None:
        """Stop waiting: the future will never be done."""
        ...


class DoneCallback:
    """A function to call once a durable future is done, for asyncio.

    Args:
        future: the future, which is not done yet.
        loop: the loop of its handler, which calls the function.
        function: called with the future once it is done.
        context: the context variables that the function sees; None for the present ones.
    """

    __slots__ = ("_context", "_loop", "_number", "function", "is_done")

    def __init__(
        self,
        future: object,
        loop: HandlerLoop,
        function: Callable[[Any], object],
        context: Context | None,
    ) -> None:
        self._loop = loop
        self.function = function
        self._context = context
        self.is_done = False
        self._number = loop.next_number()
        if loop.observed is EMPTY_DICT:
            loop.observed = {}
        loop.observed[self._number] = future

    def child_done(self, child: Any) -> None:
        """Schedule the call of the function."""
        if self._loop.observed.pop(self._number, None) is not None:
            self._loop.schedule(self.function, child, self._context)

    def forget_parents(self) -> None:
        """Forget the function: the future will never be done, or the callback was removed."""
        self.is_done = True
        self._loop.observed.pop(self._number, None)
