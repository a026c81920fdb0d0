"""Set up the event loop of a process that does nothing but serve."""

from __future__ import annotations

import asyncio
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from restate_proto.endpoint.garbage import collecting_rarely
from restate_proto.http2.event_loop import new_event_loop
from restate_proto.logs import get_logger
from restate_proto.runtime import is_interrupt

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

__all__ = ["cancellable", "loop_name", "on_signal", "run_until_done"]

_log = get_logger("restate_proto")


def run_until_done(main: Coroutine[object, object, None]) -> None:
    """Run a coroutine in a new event loop, uvloop's if it can be imported.

    Python's garbage collector runs less often meanwhile; see `collecting_rarely`.

    User code may raise `SystemExit` or `KeyboardInterrupt` in an asyncio task, which would stop the
    event loop. Such an exception is logged instead, and the loop goes on.

    Args:
        main: what to run.

    Raises:
        KeyboardInterrupt: the process was interrupted, and `main` does not handle SIGINT.
    """
    with collecting_rarely(), asyncio.Runner(loop_factory=new_event_loop) as runner:
        loop = runner.get_loop()
        task = loop.create_task(main)
        while not task.done():
            try:
                loop.run_until_complete(task)
            except (KeyboardInterrupt, SystemExit) as error:
                # asyncio raises it in the awaiter of the task and stops the loop as well.
                if task.done() or is_interrupt(error):
                    raise
                _log.warning(
                    "%s in an asyncio task: the endpoint goes on",
                    type(error).__name__,
                    exc_info=error,
                )


@contextmanager
def cancellable(stop: asyncio.Event) -> Generator[Callable[[], None]]:
    """Give a block of the running task a function that ends it by cancellation.

    Args:
        stop: whether that is wanted. A cancellation for another reason leaves the block.
    """
    task = asyncio.current_task()
    is_over = False

    def cancel() -> None:
        if task is not None and not is_over:
            task.cancel()

    try:
        yield cancel
    except asyncio.CancelledError:
        if not stop.is_set():
            raise
    finally:
        is_over = True


def on_signal(number: signal.Signals, call: Callable[[], object]) -> None:
    """Call a function in the running event loop when a signal arrives.

    Args:
        number: the signal.
        call: the function.
    """
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(number, call)
    except NotImplementedError:  # Windows
        signal.signal(number, lambda _number, _frame: loop.call_soon_threadsafe(call))


def loop_name() -> str:
    """Name the library of the running event loop: "uvloop" or "asyncio"."""
    return type(asyncio.get_running_loop()).__module__.partition(".")[0]
