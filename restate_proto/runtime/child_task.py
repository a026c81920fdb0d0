"""The tasks that a handler creates, and the futures that they wait for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

from typing_extensions import override

from restate_proto.protocol import AttemptEnded, Phase
from restate_proto.runtime.refusals import caller_of, refuse_anyio
from restate_proto.runtime.task import Resumption, Stepper

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Coroutine
    from contextvars import Context

    from restate_proto.protocol.journal import Journal

__all__ = ["ChildTask", "HandlerFuture", "TaskLoop"]

_CLOSED = Phase.CLOSED

_MOST_AWAITS_AFTER_END = 1_000
"""How many durable operations a task may await after its handler has ended, to clean up."""


class TaskLoop(Protocol):
    """The loop of a handler, as far as its tasks and futures know it; see `HandlerLoop`."""

    held: Stepper | None
    journal: Journal
    ready: deque[Any]
    tasks: dict[int, ChildTask]

    @property
    def as_event_loop(self) -> asyncio.AbstractEventLoop:
        """The loop, as asyncio's functions are typed to take it."""
        ...

    def next_hash(self) -> int:
        """The hash of the next object that may stand in a set."""
        ...

    def refusal_of(self, future: asyncio.Future[Any]) -> BaseException | None:
        """What a task is told that awaits a future of another loop."""
        ...


class HandlerFuture(asyncio.Future[Any]):
    """A future whose place in a set is the same in every process."""

    def __init__(self, loop: TaskLoop) -> None:
        super().__init__(loop=loop.as_event_loop)
        self._hash = loop.next_hash()

    @override
    def __hash__(self) -> int:
        return self._hash


_Future: Any = asyncio.Future
"""A future's own methods, which a task's are in front of."""


class ChildTask(Stepper, asyncio.Future[Any]):  # pyright: ignore[reportIncompatibleVariableOverride] - `_loop` is the future's
    """A task that a handler's code has created, such as `asyncio.gather` and `TaskGroup` do.

    Args:
        loop: the loop of the handler.
        number: its place among the tasks of the invocation.
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
        refuse_anyio(caller_of())
        return self._hash

    @override
    def _resumption(self, awaited: Any) -> Resumption | None:
        loop = self._handler_loop
        if loop.journal.phase is _CLOSED:
            return Resumption(AttemptEnded("the attempt is over"))
        if awaited.is_done:  # it yields because much is written, and nothing else may run before
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
        """The durable future that this waits for is done."""
        self._handler_loop.ready.append((self, future))

    def forget_parents(self) -> None:
        """Nobody waits for this any more."""

    @override
    def step(self, error: BaseException | None = None) -> None:
        awaited = self.waiting
        if awaited is not None and not awaited.is_done:
            awaited.remove_parent(self)  # the wait is cancelled: forget what it was for
        super().step(error)

    @override
    def _finished(self, result: Any, error: BaseException | None) -> None:
        self._handler_loop.tasks.pop(self.number, None)
        if error is None and self._must_cancel:  # it was while it ran for the last time
            error = self._take_cancellation()
        if error is None:
            _Future.set_result(self, result)
        elif isinstance(error, asyncio.CancelledError):
            _Future.cancel(self, *error.args)
        else:
            is_told = isinstance(error, AttemptEnded | GeneratorExit)
            if isinstance(error, AttemptEnded):
                error.__traceback__ = None  # before the future keeps it, and with it all frames
            _Future.set_exception(self, error)
            if is_told or self._handler_loop.journal.phase is _CLOSED:
                self._log_traceback = False  # nobody will ask what came of it

    @property
    def was_cancelled_at_end(self) -> bool:
        """Whether the task was cancelled since the handler has ended."""
        return self._awaits_left is not None

    def cancel_at_end(self) -> None:
        """The handler has ended: the task is cancelled, and may clean up, in bounds."""
        self._awaits_left = _MOST_AWAITS_AFTER_END
        self.cancel("the handler has ended")
