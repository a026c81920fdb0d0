"""A bounded pool of threads for the ordinary functions of `ctx.run`."""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import suppress
from contextvars import copy_context
from time import monotonic
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from restate_proto.errors import RestateError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

__all__ = [
    "DEFAULT_RUN_THREADS",
    "AwaitedThreads",
    "ThreadCall",
    "ThreadPool",
    "ThreadStartError",
]

DEFAULT_RUN_THREADS = 100
"""Far more than there are processors, because blocking calls mostly wait."""

_IDLE_SECONDS = 10.0


class ThreadStartError(RestateError):
    """A function was not called because the system could not start a thread for it."""


class ThreadCall:
    """One call of a function in a thread; made by `ThreadPool.submit`.

    Attributes:
        future: the result, in the event loop. If it is cancelled, a call that still waits for a
            thread is never made; one that has begun goes on, and its result is dropped.
        started: when the function was called, as `time.monotonic()`; None before that.
    """

    __slots__ = ("_args", "_context", "_function", "_loop", "_name", "future", "started")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        name: str,
        function: Callable[..., Any],
        args: tuple[Any, ...],
    ) -> None:
        self.future: asyncio.Future[Any] = loop.create_future()
        self.started: float | None = None
        self._loop = loop
        self._name = name
        self._function = function
        self._args = args
        self._context = copy_context()

    def make(self) -> None:
        """Call the function in the current thread, and pass its outcome to the event loop."""
        if self.future.cancelled():
            return
        threading.current_thread().name = self._name
        self.started = monotonic()
        result = error = None
        try:
            result = self._context.run(self._function, *self._args)
        except BaseException as raised:  # noqa: BLE001 - passed on
            error = raised
        try:
            with suppress(RuntimeError):  # the loop may be closed: nothing waits any more
                self._loop.call_soon_threadsafe(self._settle, result, error)
        finally:
            del result, error  # its traceback refers to this frame

    def _settle(self, result: Any, error: BaseException | None) -> None:
        if self.future.done():  # cancelled: the attempt has ended
            return
        if error is None:
            self.future.set_result(result)
            return
        if isinstance(error, StopIteration):  # a future cannot hold it
            stop, error = error, RuntimeError(f"{self._name} raised {type(error).__name__}")
            error.__cause__ = stop
        self.future.set_exception(error)


class ThreadPool:
    """Threads that are started when needed, and end when idle.

    Unlike those of `concurrent.futures`, they do not keep a stopping process waiting for a call
    that never returns. Calls are made in the order in which they were submitted.

    Args:
        size: the most threads there may be.
    """

    __slots__ = ("_changed", "_idle", "_size", "_threads", "_waiting")

    def __init__(self, size: int = DEFAULT_RUN_THREADS) -> None:
        self._size = size
        self._changed = threading.Condition()  # guards the attributes below
        self._waiting: OrderedDict[ThreadCall, None] = OrderedDict()
        self._threads = 0
        self._idle = 0

    def submit(
        self,
        loop: asyncio.AbstractEventLoop,
        name: str,
        function: Callable[..., Any],
        args: tuple[Any, ...],
    ) -> ThreadCall:
        """Call a function with the caller's context variables in a thread, once one is free.

        Args:
            loop: the event loop that gets the result.
            name: the thread's name during the call.
            function: the function to call.
            args: its arguments.

        Raises:
            ThreadStartError: no thread is running, and none can be started.
        """
        call = ThreadCall(loop, name, function, args)
        with self._changed:
            self._waiting[call] = None
            if self._idle >= len(self._waiting):
                self._changed.notify()
            elif self._threads < self._size:
                self._start_thread(call)
        return call

    def withdraw(self, call: ThreadCall) -> None:
        """Drop a call that still waits for a thread."""
        with self._changed:
            self._waiting.pop(call, None)

    def _start_thread(self, call: ThreadCall) -> None:
        thread = threading.Thread(target=self._work, name="ctx.run", daemon=True)
        try:
            thread.start()
        except (RuntimeError, MemoryError) as error:
            if self._threads == 0:
                del self._waiting[call]
                raise ThreadStartError(
                    f"the function was not called, because no thread could be started: {error}"
                ) from error
        else:
            self._threads += 1

    def _work(self) -> None:
        try:
            while (call := self._next_call()) is not None:
                call.make()
                del call
        finally:
            with self._changed:
                self._threads -= 1

    def _next_call(self) -> ThreadCall | None:
        """Wait for the oldest call and return it; None if there is none within the idle time."""
        with self._changed:
            while not self._waiting:
                self._idle += 1
                is_notified = self._changed.wait(_IDLE_SECONDS)
                self._idle -= 1
                if not is_notified and not self._waiting:
                    return None
            return self._waiting.popitem(last=False)[0]


class AwaitedThreads(ThreadPool):
    """Makes calls one after the other, each in a thread that the event loop waits for.

    How long functions take then has no influence on the order of events, so a program behaves the
    same each time it runs.
    """

    __slots__ = ()

    @override
    def submit(
        self,
        loop: asyncio.AbstractEventLoop,
        name: str,
        function: Callable[..., Any],
        args: tuple[Any, ...],
    ) -> ThreadCall:
        call = ThreadCall(loop, name, function, args)
        loop.call_soon(self._wait_for, call)
        return call

    def _wait_for(self, call: ThreadCall) -> None:
        thread = threading.Thread(target=call.make, daemon=True)
        thread.start()
        thread.join()
