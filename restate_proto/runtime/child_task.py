"""The tasks that a handler creates, and the futures of its loop that they wait for."""

from __future__ import annotations

import asyncio
from sys import modules
from typing import TYPE_CHECKING, Any, Protocol

from typing_extensions import override

from restate_proto.protocol import AttemptEnded, Phase
from restate_proto.runtime.refusals import caller_of, refuse_anyio
from restate_proto.runtime.task import Resumption, Stepper

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from contextvars import Context

    from restate_proto.protocol.journal import Journal

__all__ = ["ChildTask", "HandlerFuture", "TaskLoop"]

_CLOSED = Phase.CLOSED

_MOST_AWAITS_AFTER_END = 1_000
"""How many durable operations a task may await while it cleans up after its handler's end."""


class TaskLoop(Protocol):
    """What tasks and futures know of their handler's loop; `HandlerLoop` implements it."""

    held: Stepper | None
    journal: Journal
    tasks: dict[int, ChildTask]

    def enqueue(self, what: Any) -> None:
        """Put something at the end of the ready queue."""
        ...

    @property
    def as_event_loop(self) -> asyncio.AbstractEventLoop:
        """The loop, as asyncio's functions are typed to take it."""
        ...

    def next_hash(self) -> int:
        """Return the hash of the next object that may stand in a set."""
        ...

    def refusal_of(self, future: asyncio.Future[Any]) -> BaseException | None:
        """Return the error for a task that awaits a future of another loop; None if it may."""
        ...


class HandlerFuture(asyncio.Future[Any]):
    """A future whose hash, and so its place in a set, is the same in every process."""

    def __init__(self, loop: TaskLoop) -> None:
        super().__init__(loop=loop.as_event_loop)
        self._hash = loop.next_hash()

    @override
    def __hash__(self) -> int:
        return self._hash


_Future: Any = asyncio.Future
"""Gives a task access to the methods of a future that its own methods override."""


class ChildTask(Stepper, asyncio.Future[Any]):  # pyright: ignore[reportIncompatibleVariableOverride] - `_loop` is the future's
    """A task that a handler's code creates, directly or through `asyncio.gather` or a `TaskGroup`.

    Args:
        loop: the handler's loop.
        number: its number among the tasks of the invocation.
        coroutine: what it runs.
        name: its name.
        context: the context variables that the coroutine sees; None copies the current ones.
    """

    __slots__ = (
        "_awaits_left",
        "_cancel_requests",
        "_cancellation",
        "_context",
        "_coroutine",
        "_fut_waiter",
        "_handler_loop",
        "_hash",
        "_must_cancel",
        "_name",
        "_next_turn",
        "is_done",
        "is_running",
        "number",
        "waiting",
    )

    def __init__(
        self,
        loop: TaskLoop,
        number: int,
        coroutine: Coroutine[Any, Any, Any],
        name: str,
        context: Context | None,
    ) -> None:
        _Future.__init__(self, loop=loop.as_event_loop)
        self._handler_loop = loop
        self._hash = loop.next_hash()
        self._awaits_left: int | None = None
        self.number = number
        self._begin(coroutine, name, context)

    @override
    def __hash__(self) -> int:
        if "anyio" in modules:  # every set of tasks asks for the hash; anyio keeps tasks in sets
            refuse_anyio(caller_of())
        return self._hash

    @override
    def _resumption(self, awaited: Any) -> Resumption | None:
        loop = self._handler_loop
        if loop.journal.phase is _CLOSED:
            return Resumption(AttemptEnded("the attempt is over"))
        if awaited.is_done:  # it yields only until output is sent; nothing may run before it
            loop.held = self
        else:
            if self._awaits_left is not None:
                self._awaits_left -= 1
                if self._awaits_left < 0:
                    return Resumption(AttemptEnded("the handler has ended"))
            awaited.add_parent(self)
        return None

    @override
    def _refusal(self, future: asyncio.Future[Any]) -> BaseException | None:
        return self._handler_loop.refusal_of(future)

    def child_done(self, future: Any) -> None:
        """Get ready to go on, because the awaited durable future is done."""
        self._handler_loop.enqueue((self, future))

    def forget_parents(self) -> None:
        """Do nothing: a task has no parents."""

    @override
    def step(self, error: BaseException | None = None) -> None:
        awaited = self.waiting
        if awaited is not None and not awaited.is_done:
            awaited.remove_parent(self)  # the wait was cancelled
        super().step(error)

    @override
    def _finished(self, result: Any, error: BaseException | None) -> None:
        self._handler_loop.tasks.pop(self.number, None)
        if error is None and self._must_cancel:  # cancelled during its last step
            error = self._take_cancellation()
        if error is None:
            _Future.set_result(self, result)
        elif isinstance(error, asyncio.CancelledError):
            _Future.cancel(self, *error.args)
        else:
            is_told = isinstance(error, AttemptEnded | GeneratorExit)
            if isinstance(error, AttemptEnded):
                # The future keeps its error, and a traceback would keep all frames alive.
                error.__traceback__ = None
            _Future.set_exception(self, error)
            if is_told or self._handler_loop.journal.phase is _CLOSED:
                self._log_traceback = False  # nobody will retrieve the outcome

    @property
    def was_cancelled_at_end(self) -> bool:
        """Whether the task was cancelled because its handler has ended."""
        return self._awaits_left is not None

    def cancel_at_end(self) -> None:
        """Cancel the task because its handler has ended; it may clean up within a bound."""
        self._awaits_left = _MOST_AWAITS_AFTER_END
        self.cancel("the handler has ended")
