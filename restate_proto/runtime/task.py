"""Step a coroutine at once, in the call that made it ready, instead of one loop turn later."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from asyncio.events import (
    _get_running_loop,  # pyright: ignore[reportPrivateUsage]
    _set_running_loop,  # pyright: ignore[reportPrivateUsage]
)

# Documented for tasks that are not asyncio's own (Python docs, "Task lifetime support").
from asyncio.tasks import (
    _enter_task,  # pyright: ignore[reportPrivateUsage]
    _leave_task,  # pyright: ignore[reportPrivateUsage]
)
from contextvars import copy_context
from types import CodeType
from typing import TYPE_CHECKING, Any, NamedTuple

from restate_proto.errors import RestateError
from restate_proto.runtime.cancelled_error import CancelledError
from restate_proto.runtime.current_task import ONE_CURRENT_TASK, current_task, leave_task_of

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from contextvars import Context
    from types import FrameType, TracebackType

__all__ = [
    "Durable",
    "Resumption",
    "Stepper",
    "is_interrupt",
]

_GROUPS_MISCOUNT = sys.version_info < (3, 13)
"""Whether an `asyncio.TaskGroup` that waits for its last tasks leaves a cancellation request
behind.

If a task fails, the group cancels its parent even though the parent has left the body, and does not
take that request back. A timeout around the group then counts one request too many, and lets the
cancellation out.
"""


class Resumption(NamedTuple):
    """How a coroutine goes on where it waits.

    Args:
        error: the error to raise there; None if what it waited for is done.
    """

    error: BaseException | None


class Durable:
    """The base of durable futures: what a handler may await beside asyncio's own futures."""

    __slots__ = ()

    is_done: bool


class Stepper:
    """Runs a task's coroutine: until it has to wait, and on from there once the wait is over.

    It does what `asyncio.Task(eager_start=True)` does from Python 3.12 on, and has hooks for
    subclasses. The coroutine may also await a `Durable`: `_resumption` tells whether that wait is
    over at once; otherwise the task is `waiting` until `step` is called. `resume` is called when
    the event loop goes on with the coroutine. `_finished` gets the outcome in the call in which the
    coroutine ends.

    To the coroutine it is an ordinary task: `asyncio.current_task()` returns this object, so that
    `asyncio.timeout`, `asyncio.TaskGroup` and libraries on them work.

    Subclasses have the attributes that are declared here, and set them with `_begin`.
    """

    __slots__ = ()

    _loop: asyncio.AbstractEventLoop
    _cancel_requests: int
    _cancellation: BaseException | None
    _context: Context
    _coroutine: Coroutine[Any, Any, Any]
    _fut_waiter: asyncio.Future[Any] | None
    _must_cancel: bool
    _name: str
    _next_turn: asyncio.Handle | None
    is_done: bool
    is_running: bool
    waiting: Any

    def _begin(
        self, coroutine: Coroutine[Any, Any, Any], name: str, context: Context | None
    ) -> None:
        self._coroutine = coroutine
        self._name = name
        self._context = copy_context() if context is None else context
        # Named as asyncio.Task names them: libraries look at both.
        self._fut_waiter = None
        self._must_cancel = False
        self._cancellation = None  # the error of a cancellation, if not asyncio's own
        self._cancel_requests = 0
        self._next_turn = None
        self.waiting = None
        self.is_done = False
        self.is_running = False

    # ---- For subclasses ----

    def _resumption(self, awaited: Any) -> Resumption | None:
        """Return how a coroutine that awaits a `Durable` goes on; None if it has to wait."""
        raise NotImplementedError

    def _refusal(self, future: asyncio.Future[Any]) -> BaseException | None:
        """Return the error to raise if the coroutine must not wait for a future; None if it may."""
        del future

    def resume(self, error: BaseException | None = None) -> None:
        """Step the coroutine, because what it awaited in asyncio is done or it is to be stopped."""
        self.step(error)

    def _finished(self, result: Any, error: BaseException | None) -> None:
        """Take the outcome of the coroutine: what it returned or raised."""
        raise NotImplementedError

    # ---- Stepping ----

    @property
    def waits_for_turn(self) -> bool:
        """Whether the coroutine waits for the loop's next turn, as after `asyncio.sleep(0)`."""
        return self._next_turn is not None

    def step(self, error: BaseException | None = None) -> None:
        """Run the coroutine until it waits or ends.

        Whatever it raises is its outcome, even `SystemExit`: the task is one of many in this
        process.

        Args:
            error: the error to raise where the coroutine waits; None lets it go on.

        Raises:
            KeyboardInterrupt: Ctrl-C interrupted the coroutine; likewise whatever the process's
                other signal handlers raise.
        """
        if self.is_done:
            return None
        self._fut_waiter = self._next_turn = self.waiting = None
        loop = self._loop
        outer_loop = _get_running_loop()
        outer_task = None
        if outer_loop is not loop:
            if ONE_CURRENT_TASK:
                outer_task = leave_task_of(outer_loop)
            _set_running_loop(loop)
        outer = current_task(loop)
        if outer is not None:
            _leave_task(loop, outer)
        _enter_task(loop, self)  # pyright: ignore[reportArgumentType] - it acts as a task
        self.is_running = True
        result: Any = None
        try:
            return self._context.run(self._run, error)
        except StopIteration as stop:
            result, error = stop.value, None
        except BaseException as raised:  # noqa: BLE001 - passed on
            error = raised
        finally:
            self.is_running = False
            _leave_task(loop, self)  # pyright: ignore[reportArgumentType]
            if outer is not None:
                _enter_task(loop, outer)
            if outer_loop is not loop:
                _set_running_loop(outer_loop)
                if outer_task is not None and outer_loop is not None:
                    _enter_task(outer_loop, outer_task)
        self.is_done = True
        try:
            self._finished(result, error)
            if error is not None and is_interrupt(error):
                raise error
        finally:
            del error  # its traceback refers to this frame

    def stop(self, error: BaseException) -> None:
        """Raise an error where the coroutine waits, so that it ends; do nothing while it runs."""
        if self.is_done or self.is_running:
            return
        waiter = self._fut_waiter
        if self._next_turn is not None:
            self._next_turn.cancel()
        self.resume(error)
        if waiter is not None and not waiter.done():
            waiter.cancel()

    def abandon(self, error: BaseException) -> None:
        """End a coroutine that does not end by itself; whatever it awaits from now on never comes.

        Args:
            error: the outcome to pass to `_finished`.
        """
        self.stop(GeneratorExit())  # as Python does, but while its operations still work
        if self.is_done or self.is_running:
            return
        self.is_done = True
        waiter, self._fut_waiter = self._fut_waiter, None
        if self._next_turn is not None:
            self._next_turn.cancel()
        self._finished(None, error)
        if waiter is not None:
            waiter.cancel()

    def _run(self, error: BaseException | None) -> None:
        coroutine = self._coroutine
        try:
            while True:
                if self._must_cancel:
                    error = self._take_cancellation()
                yielded = coroutine.send(None) if error is None else coroutine.throw(error)
                error = None
                while self._must_cancel and isinstance(yielded, Durable) and yielded.is_done:
                    yielded = coroutine.send(None)  # it only lets output drain: this is not a wait
                if isinstance(yielded, Durable):
                    if self._must_cancel:  # cancelled while it ran: raised before anything happens
                        continue
                    resumption = self._resumption(yielded)
                    if resumption is not None:
                        error = resumption.error
                        del resumption
                    elif not self._must_cancel:  # a function given to `map` may cancel it
                        self.waiting = yielded
                        return
                    continue
                if getattr(yielded, "_asyncio_future_blocking", None):
                    yielded._asyncio_future_blocking = False  # noqa: SLF001 - asyncio's protocol
                    error = self._refusal(yielded)
                    if error is not None:
                        continue
                    self._fut_waiter = yielded
                    yielded.add_done_callback(self._wake_up)
                    if self._must_cancel and yielded.cancel():
                        self._must_cancel = False
                    return
                if yielded is None:  # asyncio.sleep(0)
                    self._next_turn = self._loop.call_soon(self.resume)
                    return
                error = RuntimeError(
                    f"{self._name} awaits something that asyncio cannot wait for: {yielded!r}"
                )
        finally:
            del error  # its traceback refers to this frame

    def _wake_up(self, future: asyncio.Future[Any]) -> None:
        if future is self._fut_waiter:  # else the coroutine was stopped in the meantime
            error = _error_of(future)
            if self._cancellation is not None and not self._must_cancel:
                cancellation, self._cancellation = self._cancellation, None
                if isinstance(error, asyncio.CancelledError):
                    error = cancellation
            self.resume(error)

    def _take_cancellation(self) -> BaseException:
        self._must_cancel = False
        error, self._cancellation = self._cancellation, None
        return asyncio.CancelledError() if error is None else error

    # ---- What asyncio and libraries expect of a task ----

    def cancel(self, msg: object = None) -> bool:
        """Request cancellation, as `asyncio.Task.cancel` does."""
        if self.is_done:
            return False
        if not (_GROUPS_MISCOUNT and _is_group_that_exits(sys._getframe(1))):  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
            self._cancel_requests += 1
        return self._cancel(None if msg is None else asyncio.CancelledError(msg), msg)

    def _cancel(self, error: BaseException | None, message: object = None) -> bool:
        """Raise an error where the coroutine waits, after cancelling what it awaits in asyncio.

        Args:
            error: the error to raise; None for asyncio's own.
            message: the message of asyncio's own error, for what the coroutine awaits.
        """
        waiter = self._fut_waiter
        if waiter is not None and waiter.cancelled():  # an earlier cancellation is on its way
            if isinstance(error, RestateError):
                self._cancellation = error
            return True
        if not isinstance(self._cancellation, RestateError):
            self._cancellation = error
        if waiter is not None and waiter.cancel(message):
            return True
        self._must_cancel = True
        if not self.is_running and self._fut_waiter is None:
            self._loop.call_soon(self._cancel_now)
        return True

    def _cancel_now(self) -> None:
        if self._must_cancel and not self.is_done and not self.is_running:
            self.resume()

    def cancelling(self) -> int:
        """Return how many cancellations were requested and not taken back."""
        return self._cancel_requests

    def uncancel(self) -> int:
        """Take back one cancellation request; return how many are left."""
        self._cancel_requests = max(0, self._cancel_requests - 1)
        if self._cancel_requests == 0 and not isinstance(self._cancellation, RestateError):
            self._must_cancel = False
        # If it is Restate's cancellation that passes through a timeout or a group, it is not
        # theirs to swallow: one request is left.
        return self._cancel_requests + isinstance(sys.exc_info()[1], CancelledError)

    def get_coro(self) -> Coroutine[Any, Any, Any]:
        """Return the coroutine."""
        return self._coroutine

    def get_context(self) -> Context:
        """Return the context variables that the coroutine sees."""
        return self._context

    def get_name(self) -> str:
        """Return the task's name."""
        return self._name

    def set_name(self, value: object) -> None:
        """Rename the task."""
        self._name = str(value)


def _is_group_that_exits(caller: FrameType) -> bool:
    if caller.f_code.co_qualname != "TaskGroup._on_task_done":
        return False
    return caller.f_locals["self"]._exiting  # noqa: SLF001


def _error_of(future: asyncio.Future[Any]) -> BaseException | None:
    try:
        future.result()
    except BaseException as error:  # noqa: BLE001 - a cancellation keeps its message
        return error
    return None


def is_interrupt(error: BaseException) -> bool:
    """Tell whether a signal handler raised an exception inside unrelated code.

    `KeyboardInterrupt` and `SystemExit` are then meant for the process. If the code itself raises
    them, such as a library that calls `sys.exit`, they are failures like any other.
    """
    if not isinstance(error, (KeyboardInterrupt, SystemExit)):
        return False
    if threading.current_thread() is not threading.main_thread():
        return False  # signal handlers run in the main thread
    if isinstance(error, KeyboardInterrupt) and (
        signal.getsignal(signal.SIGINT) is signal.default_int_handler
    ):
        return True  # Python's own leaves no trace; asyncio.run installs another
    handlers = _codes_of_signal_handlers()
    traceback: TracebackType | None = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code in handlers:
            return True
        traceback = traceback.tb_next
    return False


def _codes_of_signal_handlers() -> set[CodeType]:
    codes: set[CodeType] = set()
    for number in signal.valid_signals():
        handler = signal.getsignal(number)
        function = getattr(handler, "func", handler)  # asyncio's handler is a functools.partial
        code = getattr(function, "__code__", None)
        if isinstance(code, CodeType):
            codes.add(code)
    return codes
