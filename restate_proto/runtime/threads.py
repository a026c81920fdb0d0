"""A bounded pool of threads for the ordinary functions of `ctx.run`."""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import suppress
from contextvars import copy_context
from time import monotonic
from typing import TYPE_CHECKING, Any

from restate_proto.errors import RestateError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

__all__ = ["DEFAULT_RUN_THREADS", "ThreadCall", "ThreadPool", "ThreadStartError"]

DEFAULT_RUN_THREADS = 100
"""Blocking calls mostly wait, so there may be far more of them than processors."""

_IDLE_SECONDS = 10.0


class ThreadStartError(RestateError):
    """A function was not called, for the system gave no thread for it."""


class ThreadCall:
    """One call of a function in a thread; made by `ThreadPool.submit`.

    Attributes:
        future: its result, in the event loop. Where it is cancelled, a call that still waits for
            its turn is never made, and one that has begun goes on, for nobody.
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
        """Call the function, in the current thread, and tell the event loop what came of it."""
        if self.future.cancelled():
            return
        threading.current_thread().name = self._name
        self.started = monotonic()
        result = error = None
        try:
            result = self._context.run(self._function, *self._args)
        except BaseException as raised:  # noqa: BLE001 - handed on, whatever it is
            error = raised
        try:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self._loop.call_soon_threadsafe(self._settle, result, error)
        finally:
            del result, error  # whose traceback has this frame

    def _settle(self, result: Any, error: BaseException | None) -> None:
        if self.future.done():  # cancelled: the attempt has ended
            return
        if error is None:
            self.future.set_result(result)
            return
        if isinstance(error, StopIteration):  # which a future cannot hold
            stop, error = error, RuntimeError(f"{self._name} raised {type(error).__name__}")
            error.__cause__ = stop
        self.future.set_exception(error)


class ThreadPool:
    """Threads that are started when they are needed, and end when they are not.

    Other than those of `concurrent.futures`, they do not keep a process that is told to stop
    waiting for a call that never returns. The first call that waits is the next to be made.

    Args:
        size: how many threads there are at most.
    """

    __slots__ = ("_changed", "_idle", "_size", "_threads", "_waiting")

    def __init__(self, size: int = DEFAULT_RUN_THREADS) -> None:
        self._size = size
        self._changed = threading.Condition()  # guards what follows
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
        """Call a function in a thread, now or when one is free, with the caller's context variables.

        Args:
            loop: the event loop that gets the result.
            name: the thread's name meanwhile.
            function: what to call.
            args: its arguments.

        Raises:
            ThreadStartError: there is no thread, and none can be started.
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
        """Forget a call that waits for its turn, if it does."""
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
                    f"the function was not called, for no thread could be started: {error}"
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
        """The call that has waited longest, as soon as there is one; None after an idle while."""
        with self._changed:
            while not self._waiting:
                self._idle += 1
                is_notified = self._changed.wait(_IDLE_SECONDS)
                self._idle -= 1
                if not is_notified and not self._waiting:
                    return None
            return self._waiting.popitem(last=False)[0]
