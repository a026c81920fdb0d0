"""The event loop that a handler sees; the journal decides the order of its tasks and callbacks.

It stands in for the real loop while the handler of an attempt is stepped. Its ready queue is
emptied after each notification, and only then is the next notification taken: so the order in which
things run depends on the journal alone. Timers are durable sleeps. What another attempt could not
repeat (sockets, threads, clocks) is refused, with advice what to write instead.
"""

from __future__ import annotations

import asyncio
from asyncio.events import (
    _get_running_loop,  # pyright: ignore[reportPrivateUsage]
    _set_running_loop,  # pyright: ignore[reportPrivateUsage]
)
from asyncio.tasks import (
    _enter_task,  # pyright: ignore[reportPrivateUsage]
)
from contextlib import contextmanager
from threading import get_ident
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, cast

from restate_proto.logs import InvocationFields, get_logger
from restate_proto.protocol import AttemptEnded, AttemptError, Phase
from restate_proto.protocol.empty_dict import EMPTY_DICT
from restate_proto.runtime.child_task import ChildTask, HandlerFuture
from restate_proto.runtime.current_task import ONE_CURRENT_TASK, leave_task_of
from restate_proto.runtime.generators import KeepsGenerators
from restate_proto.runtime.loop_clock import KeepsTime
from restate_proto.runtime.refusals import (
    STEP_OF_ASYNCIO,
    USED_BY_STRANGER,
    RefusesTheRest,
    check_creator,
    refusal_to_await,
    refuse_first_step,
)
from restate_proto.runtime.task import Stepper

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Coroutine, Generator
    from contextvars import Context

    from restate_proto.protocol.journal import Journal
    from restate_proto.runtime.loop_clock import LoopTimer

__all__ = ["HandlerLoop", "LoopOwner"]

_register_task: Any = asyncio._register_task  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]

_log = get_logger("restate_proto")

_CLOSED, _REPLAYING = Phase.CLOSED, Phase.REPLAYING

_TURN_CALLBACKS = 1_000
"""How many callbacks run before the real loop gets a turn."""

_MOST_CALLBACKS = 100_000
"""How many callbacks may run without a durable operation before the attempt fails."""


class LoopOwner(Protocol):
    """What a loop knows of the attempt that owns it."""

    def start_timer(self, timer: LoopTimer, name: str) -> Any:
        """Start the durable sleep that fires a timer."""
        ...

    def loop_broken(self, reason: str) -> None:
        """Fail the attempt: code of another invocation changed what this one's tasks wait for."""
        ...


class HandlerLoop(KeepsTime, KeepsGenerators, RefusesTheRest):
    """The event loop of one attempt's handler.

    Args:
        owner: the attempt.
        journal: its journal.
        handler: the handler's name, as `shop.v1.Cart/AddTicket`.
        thread: the id of the thread that it runs in.

    Attributes:
        callbacks: how many callbacks have run since the last notification took effect.
        generators: the asynchronous generators that were begun; None before the first.
        handler: see the argument.
        held: the task that has to go on before anything else runs.
        is_stepping: whether code of the handler is running, in any of its tasks.
        observed: the durable futures whose end a callback waits for, by the callback's number.
        ready: what to run next, in order: callbacks, and tasks with the future that they waited
            for; None before the first.
        tasks: the tasks that have not ended, by number, in the order of their creation.
        thread: see the argument.
    """

    __slots__ = (
        "__weakref__",
        "_numbers",
        "_owner",
        "_position",
        "_salt",
        "callbacks",
        "generators",
        "handler",
        "held",
        "is_over",
        "is_stepping",
        "journal",
        "now",
        "observed",
        "ready",
        "tasks",
        "thread",
        "timers",
    )

    def __init__(self, owner: LoopOwner, journal: Journal, handler: str, thread: int) -> None:
        self._owner: LoopOwner | None = owner
        self.handler = handler
        self.journal = journal
        self.is_stepping = False
        self.is_over = False
        self.ready = None
        self.tasks: dict[int, ChildTask] = EMPTY_DICT
        self.timers = EMPTY_DICT
        self.observed: dict[int, Any] = EMPTY_DICT
        self.generators = None
        self.held: Stepper | None = None
        self.now = 0.0
        self.callbacks = 0
        self._numbers = 0
        self._position = -1
        self._salt: int | None = None
        self.thread = thread

    @property
    def as_event_loop(self) -> asyncio.AbstractEventLoop:
        """This loop, as asyncio's functions are typed to take it."""
        return self  # pyright: ignore[reportReturnType] - it refuses what it does not have

    # ---- For the log ----

    @property
    def invocation(self) -> InvocationFields:
        """The fields of a log record that describe the invocation."""
        start = self.journal.start
        return InvocationFields.of(
            start.debug_id, self.handler, start.key, start.retry_count_since_last_stored_entry
        )

    @property
    def is_silent(self) -> bool:
        """Whether the handler repeats what an earlier attempt has logged."""
        return self.journal.phase is _REPLAYING

    @property
    def service(self) -> str:
        """The name of the handler's service."""
        return self.handler.rpartition("/")[0]

    # ---- From the attempt ----

    @contextmanager
    def stepping(self) -> Generator[None]:
        """Mark that code of the handler is running; the hot path sets `is_stepping` itself."""
        self.is_stepping = True
        try:
            yield
        finally:
            self.is_stepping = False

    def drain(self) -> bool:
        """Run what is ready until nothing is left, in turns of limited length.

        Returns:
            Whether nothing is left. Otherwise the attempt has ended, a task is `held`, or the real
            loop should have a turn.
        """
        journal = self.journal
        outer = _get_running_loop()
        outer_task = leave_task_of(outer) if ONE_CURRENT_TASK else None
        _set_running_loop(self.as_event_loop)
        self.is_stepping = True
        last_of_turn = self.callbacks + _TURN_CALLBACKS
        try:
            if self.held is not None:
                held, self.held = self.held, None
                held.step()
            ready = self.ready
            while ready and journal.phase is not _CLOSED and self.held is None:
                if self.callbacks >= last_of_turn:
                    self._end_turn()
                    return False
                self.callbacks += 1
                next_ = ready.popleft()
                if type(next_) is tuple:
                    task, future = cast("tuple[ChildTask, object]", next_)
                    if task.waiting is future:
                        task.step()
                elif not next_._cancelled:  # noqa: SLF001 - asyncio's own loops look there as well
                    next_._run()  # noqa: SLF001
        finally:
            self.is_stepping = False
            _set_running_loop(outer)
            if outer_task is not None and outer is not None:
                _enter_task(outer, outer_task)
        return not self.ready and self.held is None

    @property
    def needs_turn(self) -> bool:
        """Whether the real loop should have a turn before more of the ready queue runs."""
        return bool(self.ready) and self.held is None and self.journal.phase is not _CLOSED

    def _end_turn(self) -> None:
        journal = self.journal
        position = journal.command_index + journal.last_signal_index
        if position != self._position:
            self._position = position
            self.callbacks = 0
        elif self.callbacks >= _MOST_CALLBACKS:  # no input could end this
            next_ = cast("deque[Any]", self.ready)[0]
            task: Any = cast("Any", next_)[0] if isinstance(next_, tuple) else _owner_of(next_)
            name = task.get_name() if isinstance(task, Stepper) else str(task)
            text = f"{name} runs on and on without waiting for a durable operation"
            journal.fail_with(AttemptError(500, f"{self.handler}: {text}"))

    def schedule(
        self, callback: Callable[..., object], argument: object, context: Context | None
    ) -> None:
        """Schedule a callback for the attempt itself, as `call_soon` does for the handler."""
        self.enqueue(asyncio.Handle(callback, (argument,), self.as_event_loop, context))

    @property
    def waits_for_notification(self) -> bool:
        """Whether a task, a timer or a callback waits for a notification.

        It stops at the first one, because there may be thousands.
        """
        return bool(self.timers or self.observed) or any(
            task.waiting is not None for task in self.tasks.values()
        )

    def end_stubborn_tasks(self) -> bool:
        """End tasks that were cancelled with their handler, but wait for what cannot happen.

        Returns:
            Whether there were any.
        """
        stubborn = [task for task in self.tasks.values() if task.was_cancelled_at_end]
        with self.stepping():
            for task in stubborn:
                text = "%s has ignored that its handler has ended"
                _log.warning(text, task.get_name(), extra=self.invocation._asdict())
                task.abandon(AttemptEnded("the handler has ended"))
        return bool(stubborn)

    def close(self) -> list[ChildTask]:
        """Stop running callbacks.

        Returns:
            The tasks that have not ended, the newest first.
        """
        self.is_over = True
        self._owner = self.held = None
        if not self._numbers:
            return []  # asyncio was not used
        if self.ready is not None:
            self.ready.clear()
        for timer in self.timers.values():
            timer.sleep = None
        tasks = list(self.tasks.values())
        for table in (self.timers, self.observed, self.tasks):
            if table:
                table.clear()
        return tasks[::-1]

    @property
    def is_in_use(self) -> bool:
        """Whether anything exists that would be lost with the handler."""
        return bool(self.tasks) or (self.generators is not None and bool(self.generators.open()))

    def next_number(self) -> int:
        """Return the next number of the invocation, for a task, a timer or a future."""
        self._numbers += 1
        return self._numbers

    def next_hash(self) -> int:
        """Return the hash of the next object that may be put into a set, the same in every process.

        Numbers alone would be the same in all invocations, and asyncio keeps the tasks of all in
        one set.
        """
        if self._salt is None:
            self._salt = int.from_bytes(self.journal.start.id[-8:], "big")
        self._numbers += 1
        return (self._salt ^ self._numbers * 0x9E3779B97F4A7C15) & 0x1FFFFFFFFFFFFFFF

    # ---- What asyncio asks of a loop ----

    def call_soon(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """Put a callback at the end of the ready queue."""
        handle = asyncio.Handle(callback, args, self.as_event_loop, context)
        if self.is_over:
            return handle
        if not self.is_stepping or get_ident() != self.thread:
            self._refuse_stranger()
        if type(callback).__name__ == STEP_OF_ASYNCIO:
            refuse_first_step(callback)
        self.enqueue(handle)
        return handle

    def start_sleep(self, timer: LoopTimer, name: str) -> Any:
        """Start the durable sleep that fires a timer."""
        if self._owner is None:
            raise AttemptEnded("the attempt is over")
        return self._owner.start_timer(timer, name)

    def create_future(self) -> HandlerFuture:
        """Return a future that the handler's own code completes."""
        return HandlerFuture(self)

    def create_task(
        self,
        coro: Coroutine[Any, Any, Any],
        *,
        name: object = None,
        context: Context | None = None,
        eager_start: bool | None = None,
    ) -> ChildTask:
        """Create a task of the handler for a coroutine."""
        if not asyncio.iscoroutine(coro):
            raise TypeError(f"a coroutine was expected, got {coro!r}")
        if self.is_over:
            coro.close()
            raise AttemptEnded("the attempt is over")
        if not self.is_stepping or get_ident() != self.thread:
            coro.close()
            self._refuse_stranger()
        check_creator(coro)
        number = self.next_number()
        task = ChildTask(
            self, number, coro, f"Task-{number}" if name is None else str(name), context
        )
        if self.tasks is EMPTY_DICT:
            self.tasks = {}
        self.tasks[number] = task
        _register_task(task)
        if eager_start:
            task.step()
        else:
            self.enqueue((task, None))
        return task

    def get_task_factory(self) -> None:
        """Return None: the loop makes its own tasks."""

    def get_debug(self) -> bool:
        """Return False: asyncio's debug mode is off."""
        return False

    def is_running(self) -> bool:
        """Tell whether code of the handler can run here."""
        return not self.is_over

    def is_closed(self) -> bool:
        """Tell whether the attempt is over."""
        return self.is_over

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Log that a callback has raised, or that the failure of a task was never retrieved."""
        _log.error("%s", context.get("message"), exc_info=context.get("exception"))

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        """Log an error, as `call_exception_handler` does."""
        self.call_exception_handler(context)

    def refusal_of(self, future: asyncio.Future[Any]) -> BaseException | None:
        """Return the error for a task that awaits a future of another loop; None if it may."""
        return None if future.get_loop() is self.as_event_loop else refusal_to_await(future)

    def _refuse_stranger(self) -> NoReturn:
        if self._owner is not None:
            self._owner.loop_broken(USED_BY_STRANGER)
        raise RuntimeError(USED_BY_STRANGER)


def _owner_of(handle: asyncio.Handle) -> object:
    """Return the object whose method a callback is."""
    return getattr(cast("Any", handle)._callback, "__self__", None)  # noqa: SLF001
