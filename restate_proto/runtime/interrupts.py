"""Tells Ctrl-C, and what else signals do, from exceptions that code raises by itself."""

from __future__ import annotations

import signal
import threading
from types import CodeType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["is_interrupt"]


def is_interrupt(error: BaseException) -> bool:
    """Whether a signal handler of this process raised an exception, in the middle of other code.

    `KeyboardInterrupt` and `SystemExit` are meant for the process then; where code raises them by
    itself, such as a library that calls `sys.exit`, they are failures as all others.
    """
    if not isinstance(error, (KeyboardInterrupt, SystemExit)):
        return False
    if threading.current_thread() is not threading.main_thread():
        return False  # signal handlers run in the main thread
    if isinstance(error, KeyboardInterrupt) and (
        signal.getsignal(signal.SIGINT) is signal.default_int_handler
    ):
        return True  # which leaves no trace; a loop of asyncio.run has another handler
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
        function = getattr(handler, "func", handler)  # asyncio's is a functools.partial
        code = getattr(function, "__code__", None)
        if isinstance(code, CodeType):
            codes.add(code)
    return codes
