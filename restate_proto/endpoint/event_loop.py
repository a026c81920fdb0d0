"""The event loop of a process that does nothing but serve."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

from restate_proto.http2 import new_event_loop
from restate_proto.logs import get_logger
from restate_proto.runtime import is_interrupt

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["loop_name", "on_signal", "run_until_done"]

_log = get_logger("restate_proto")


def run_until_done(main: Coroutine[object, object, None]) -> None:
    """Runs a coroutine in a new event loop: uvloop's where it can be imported.

    A `SystemExit` or `KeyboardInterrupt` that user code raises in an asyncio task stops an event
    loop; it is logged, and the loop goes on.

    Args:
        main: what to run.

    Raises:
        KeyboardInterrupt: the process was interrupted, where `main` has no handler of SIGINT.
    """
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        loop = runner.get_loop()
        task = loop.create_task(main)
        while not task.done():
            try:
                loop.run_until_complete(task)
            except (KeyboardInterrupt, SystemExit) as error:
                # asyncio gives it to who awaits the task that raised it, and stops the loop.
                if task.done() or is_interrupt(error):
                    raise
                _log.warning(
                    "%s in an asyncio task: the endpoint goes on",
                    type(error).__name__,
                    exc_info=error,
                )


def on_signal(number: signal.Signals, call: Callable[[], object]) -> None:
    """Has a function called in the running event loop when a signal arrives.

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
    """The library of the running event loop: "uvloop" or "asyncio"."""
    return type(asyncio.get_running_loop()).__module__.partition(".")[0]
