"""The event loop that a handler sees: its tasks and callbacks run in an order that the journal decides.

One stands in for the real loop while the handler of an attempt is stepped. Its ready queue is emptied
after each notification, and only then is the next one taken: what runs when depends on the journal
alone. Timers are durable sleeps. What another attempt could not repeat (sockets, threads, clocks) is
refused, with what to write instead.
"""

from __future__ import annotations

import asyncio
import inspect
from asyncio.events import (
    _get_running_loop,  # pyright: ignore[reportPrivateUsage]
    _set_running_loop,  # pyright: ignore[reportPrivateUsage]
)
from asyncio.tasks import (
    _enter_task,  # pyright: ignore[reportPrivateUsage]
)
from collections import deque
from contextlib import contextmanager
from functools import partial
from threading import get_ident
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, cast

from restate_proto.logs import InvocationFields, get_logger
from restate_proto.protocol import AttemptEnded, Phase
from restate_proto.runtime.child_task import ChildTask, HandlerFuture
from restate_proto.runtime.current_task import ONE_CURRENT_TASK, leave_task_of
from restate_proto.runtime.generators import KeepsGenerators
from restate_proto.runtime.loop_clock import KeepsTime
from restate_proto.runtime.refusals import check_creator, refuse
from restate_proto.runtime.task import Stepper

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator
    from contextvars import Context

    from restate_proto.protocol.journal import Journal
    from restate_proto.runtime.loop_clock import LoopTimer

__all__ = ["HandlerLoop", "LoopOwner"]

_log = get_logger("restate_proto")

_CLOSED, _REPLAYING = Phase.CLOSED, Phase.REPLAYING

_TURN_CALLBACKS = 1_000
"""How many callbacks run before the real loop gets a turn."""

_MOST_CALLBACKS = 100_000
"""How many callbacks run without a durable operation before the attempt fails."""

_STEP_OF_ASYNCIO = "TaskStepMethWrapper"
"""The type of the callbacks with which `asyncio.Task` begins and goes on."""


class LoopOwner(Protocol):
    """The attempt, as far as its loop knows it."""

    def start_timer(self, timer: LoopTimer, name: str) -> Any:
        """Start the durable sleep that fires a timer."""
        ...

    def loop_broken(self, reason: str) -> None:
        """Code of another invocation has changed what this one's tasks wait for: fail the attempt."""
        ...

    def loop_spins(self, task: str) -> None:
        """The callbacks go on and on without a durable operation: fail the attempt."""
        ...


class HandlerLoop(KeepsTime, KeepsGenerators):
    """The event loop of one attempt's handler.

    Args:
        owner: the attempt.
        journal: its journal.
        handler: the handler's name, as `shop.v1.Cart/AddTicket`.

    Attributes:
        callbacks: how many have run since the last notification took effect.
        generators: the asynchronous generators that were begun; None before the first.
        held: the task that goes on first, before anything else runs.
        is_stepping: whether code of the handler runs now, in whichever of its tasks.
        observed: the durable futures whose end a callback waits for, by the callback's number.
        ready: what is to be run, in its order: callbacks, and tasks with what they have waited for.
        tasks: the tasks that have not ended, by number, in the order of their creation.
        thread: the thread that it is in.
    """

    __slots__ = (
        "__weakref__",
        "_handler",
        "_numbers",
        "_owner",
        "_position",
        "_salt",
        "callbacks",
        "generators",
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

    def __init__(self, owner: LoopOwner, journal: Journal, handler: str) -> None:
        self._owner: LoopOwner | None = owner
        self._handler = handler
        self.journal = journal
        self.is_stepping = False
        self.is_over = False
        self.ready = deque()
        self.tasks: dict[int, ChildTask] = {}
        self.timers = {}
        self.observed: dict[int, Any] = {}
        self.generators = None
        self.held: Stepper | None = None
        self.now = 0.0
        self.callbacks = 0
        self._numbers = 0
        self._position = -1
        self._salt: int | None = None
        self.thread = get_ident()

    @property
    def as_event_loop(self) -> asyncio.AbstractEventLoop:
        """This loop, as asyncio's functions are typed to take it."""
        return self  # pyright: ignore[reportReturnType] - it refuses what it does not have

    # ---- For the log ----

    @property
    def invocation(self) -> InvocationFields:
        """What a record of the log says of its invocation."""
        start = self.journal.start
        return InvocationFields.of(
            start.debug_id, self._handler, start.key, start.retry_count_since_last_stored_entry
        )

    @property
    def is_silent(self) -> bool:
        """Whether the handler does again what an attempt before has logged."""
        return self.journal.phase is _REPLAYING

    @property
    def service(self) -> str:
        """The name of the handler's service."""
        return self._handler.rpartition("/")[0]

    # ---- From the attempt ----

    @contextmanager
    def stepping(self) -> Generator[None]:
        """Code of the handler runs meanwhile; what is on the hot path sets `is_stepping` itself."""
        self.is_stepping = True
        try:
            yield
        finally:
            self.is_stepping = False

    def drain(self) -> bool:
        """Run what is ready, until nothing is, in turns of bounded length.

        Returns:
            Whether nothing is ready any more. Else the attempt has ended, a task is `held`, or the
            real loop is to have a turn.
        """
        ready, journal = self.ready, self.journal
        outer = _get_running_loop()
        outer_task = leave_task_of(outer) if ONE_CURRENT_TASK else None
        _set_running_loop(self.as_event_loop)
        self.is_stepping = True
        last_of_turn = self.callbacks + _TURN_CALLBACKS
        try:
            if self.held is not None:
                held, self.held = self.held, None
                held.step()
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
        return not ready and self.held is None

    @property
    def needs_turn(self) -> bool:
        """Whether the real loop is to have a turn before more of what is ready is run."""
        return bool(self.ready) and self.held is None and self.journal.phase is not _CLOSED

    def _end_turn(self) -> None:
        journal = self.journal
        position = journal.command_index + journal.last_signal_index
        if position != self._position:
            self._position = position
            self.callbacks = 0
        elif self.callbacks >= _MOST_CALLBACKS and self._owner is not None:
            next_ = self.ready[0]
            task: Any = cast("Any", next_)[0] if isinstance(next_, tuple) else _owner_of(next_)
            self._owner.loop_spins(task.get_name() if isinstance(task, Stepper) else str(task))

    def schedule(
        self, callback: Callable[..., object], argument: object, context: Context | None
    ) -> None:
        """As `call_soon`, from the attempt itself."""
        self.ready.append(asyncio.Handle(callback, (argument,), self.as_event_loop, context))

    @property
    def waits_for_notification(self) -> bool:
        """Whether a task, a timer or a callback waits for one; among thousands, the first says so."""
        return bool(self.timers or self.observed) or any(
            task.waiting is not None for task in self.tasks.values()
        )

    def end_stubborn_tasks(self) -> bool:
        """End the tasks that were cancelled with their handler, and wait for what cannot happen.

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
        """No callback runs any more.

        Returns:
            The tasks that have not ended, the newest first.
        """
        self.is_over = True
        self._owner = self.held = None
        if not self._numbers:
            return []  # none of asyncio was used
        self.ready.clear()
        for timer in self.timers.values():
            timer.sleep = None
        self.timers.clear()
        self.observed.clear()
        tasks = list(self.tasks.values())
        self.tasks.clear()
        return tasks[::-1]

    @property
    def is_in_use(self) -> bool:
        """Whether there is anything that would be lost with the handler."""
        return bool(self.tasks) or (self.generators is not None and bool(self.generators.open()))

    def next_number(self) -> int:
        """The next number of the invocation: of a task, a timer, a future."""
        self._numbers += 1
        return self._numbers

    def next_hash(self) -> int:
        """The hash of the next object that may stand in a set: the same in every process.

        Numbers alone would be equal in all invocations, whose tasks asyncio keeps in one set.
        """
        if self._salt is None:
            self._salt = int.from_bytes(self.journal.start.id[-8:], "big")
        self._numbers += 1
        return (self._salt ^ self._numbers * 0x9E3779B97F4A7C15) & 0x1FFFFFFFFFFFFFFF

    # ---- What asyncio asks of a loop ----

    def call_soon(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """Run a callback when what is ready before it has run."""
        handle = asyncio.Handle(callback, args, self.as_event_loop, context)
        if self.is_over:
            return handle
        if not self.is_stepping or get_ident() != self.thread:
            self._refuse_stranger()
        if type(callback).__name__ == _STEP_OF_ASYNCIO and _is_first(callback):
            refuse(
                "asyncio.Task()",
                "a task of asyncio's own knows no durable future, and stands in another place of a "
                "set in every process. Write asyncio.create_task(coroutine)",
            )
        self.ready.append(handle)
        return handle

    def start_sleep(self, timer: LoopTimer, name: str) -> Any:
        """Start the durable sleep that fires a timer."""
        if self._owner is None:
            raise AttemptEnded("the attempt is over")
        return self._owner.start_timer(timer, name)

    def create_future(self) -> HandlerFuture:
        """A future that the handler's own code completes."""
        return HandlerFuture(self)

    def create_task(
        self,
        coro: Coroutine[Any, Any, Any],
        *,
        name: object = None,
        context: Context | None = None,
        eager_start: bool | None = None,
    ) -> ChildTask:
        """Run a coroutine of the handler beside it."""
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
        self.tasks[number] = task
        asyncio._register_task(cast("Any", task))  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        if eager_start:
            task.step()
        else:
            self.ready.append((task, None))
        return task

    def get_task_factory(self) -> None:
        """Tasks are the loop's own."""

    def get_debug(self) -> bool:
        """No debug mode of asyncio's."""
        return False

    def is_running(self) -> bool:
        """Whether code of the handler can run here."""
        return not self.is_over

    def is_closed(self) -> bool:
        """Whether the attempt is over."""
        return self.is_over

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """A callback has raised, or the failure of a task was never looked at."""
        _log.error("%s", context.get("message"), exc_info=context.get("exception"))

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        """As `call_exception_handler`."""
        self.call_exception_handler(context)

    def __getattr__(self, name: str) -> Any:
        """Whatever else a loop can do: no other attempt could repeat it."""
        if name.startswith("_") or not hasattr(asyncio.AbstractEventLoop, name):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return partial(
            refuse,
            f"loop.{name}()",
            "sockets, threads and processes are not repeatable. Give the code that needs them to "
            "`ctx.run(name, function)`, whose function runs on the real event loop",
        )

    # ---- Refusals ----

    def refusal_of(self, future: asyncio.Future[Any]) -> BaseException | None:
        """What a task is told that awaits a future of another loop."""
        if future.get_loop() is self.as_event_loop:
            return None
        return RuntimeError(
            f"a handler cannot await {future!r}, which belongs to the real event loop or to another "
            "invocation: its end is not in the journal, so no other attempt could repeat it. Give "
            "the code that awaits it to `ctx.run(name, function)`"
        )

    def _refuse_stranger(self) -> NoReturn:
        reason = (
            "a Lock, Queue, Event, future or task of one invocation was used by another invocation, "
            "a thread or the function of a ctx.run. Make one for each invocation, in the handler; "
            "what invocations share belongs into a virtual object"
        )
        if self._owner is not None:
            self._owner.loop_broken(reason)
        raise RuntimeError(reason)


def _is_first(step: Any) -> bool:
    """Whether a step is a task's first. Inside of later ones, asyncio's C code lets none refuse."""
    return inspect.getcoroutinestate(step.__self__.get_coro()) == inspect.CORO_CREATED


def _owner_of(handle: asyncio.Handle) -> object:
    """The object whose method a callback is."""
    return getattr(cast("Any", handle)._callback, "__self__", None)  # noqa: SLF001
