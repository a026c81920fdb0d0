"""Run an event loop in a thread of its own, for callers that block."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import threading
import weakref
from typing import TYPE_CHECKING, Any, Final, TypeVar

from restate_proto.http2.event_loop import new_event_loop

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["LoopThread"]

T = TypeVar("T")

_threads: Final[weakref.WeakSet[LoopThread]] = weakref.WeakSet()
_of_parents: Final[list[object]] = []
"""Loops of the parent process after a fork: freeing them here would disturb them there."""


class LoopThread:
    """Runs coroutines for callers in other threads, which wait for them.

    The thread starts with the first coroutine, and again in a forked process. It ends with the
    program or with `stop`.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stopped = False
        _threads.add(self)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine and wait for its result; an interrupted caller cancels it.

        Raises:
            RuntimeError: the loop is stopped, or was stopped while the coroutine ran; or the caller
                is in the loop's own thread, which cannot wait for itself.
        """
        try:
            future = self._submit(coroutine)
        except BaseException:
            coroutine.close()
            raise
        try:
            return future.result()
        except concurrent.futures.CancelledError:
            raise RuntimeError("the client was closed before the answer came") from None
        except BaseException:
            future.cancel()
            raise
        finally:
            del future  # breaks the reference cycle between it and its exception

    @property
    def is_started(self) -> bool:
        """Whether there is a thread."""
        return self._loop is not None

    def stop(self) -> threading.Thread | None:
        """Ask the thread to end, with everything that runs in it.

        Returns:
            The thread, which callers may join.
        """
        with self._lock:
            self._stopped = True
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is not None:
            loop.call_soon_threadsafe(loop.stop)
        return thread

    def forget_parent(self) -> None:
        """Leave the parent's thread and loop alone in a forked process."""
        self._lock = threading.Lock()
        if self._loop is not None:
            _of_parents.append(self._loop)
        self._loop = self._thread = None

    def _submit(self, coroutine: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        with self._lock:
            if self._stopped:
                raise RuntimeError("the client is closed")
            if self._loop is None:
                self._start()
            if self._thread is threading.current_thread():
                raise RuntimeError(
                    "the client's own thread cannot wait for it: a function of headers must not use"
                    " the client that it makes them for"
                )
            assert self._loop is not None
            return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def _start(self) -> None:
        self._loop = new_event_loop()
        self._thread = threading.Thread(
            target=_serve, args=(self._loop,), name="restate-proto client", daemon=True
        )
        self._thread.start()


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.get_loop().run_forever()


def _after_fork() -> None:
    for thread in list(_threads):
        thread.forget_parent()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_after_fork)
