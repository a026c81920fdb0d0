"""Report the signals that stop a process, while somebody else handles these signals."""

from __future__ import annotations

import asyncio
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import FrameType

__all__ = ["told_to_stop"]

_NUMBERS: Final = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def told_to_stop(then: Callable[[], None]) -> Generator[None]:
    """Call a function when the process is told to stop by SIGTERM or SIGINT.

    Whatever else handles these signals still gets them: handlers that Python knows are called from
    here, and event loops (`loop.add_signal_handler`) learn of signals in a way of their own.
    Afterwards the handlers are restored. Signals that nothing handles are left alone, and outside
    of the main thread nothing is done.

    Args:
        then: the function, which is called in the running event loop.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    owners = {number: signal.getsignal(number) for number in _NUMBERS}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(then)
        owner = owners[signal.Signals(number)]
        if callable(owner):
            owner(number, frame)

    mine = [number for number in _NUMBERS if callable(owners[number])]
    for number in mine:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number in mine:
            if signal.getsignal(number) is handle:
                signal.signal(number, owners[number])
