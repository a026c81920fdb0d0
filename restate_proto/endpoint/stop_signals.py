"""Tells of the signals that stop a process whose signal handlers are somebody else's."""

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
    """Have a function called when the process is told to stop by SIGTERM or SIGINT.

    Whoever handles these signals is told as well, and handles them alone in the end: handlers that
    Python knows are called from here, and event loops (`loop.add_signal_handler`) learn of signals by
    a way of their own. Where nobody handles one, and outside of the main thread, nothing is done.

    Args:
        then: called in the running event loop.
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
