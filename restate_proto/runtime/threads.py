"""Runs a blocking function in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["call_in_thread"]


def call_in_thread(
    loop: asyncio.AbstractEventLoop, name: str, function: Callable[..., Any], args: tuple[Any, ...]
) -> asyncio.Future[Any]:
    """Call a function in a new thread, with the caller's context variables.

    No pool: blocking calls mostly wait, so a few threads would be a bottleneck; and its threads
    would keep a process that is told to stop waiting for a call that never returns.

    Args:
        loop: the event loop that gets the result.
        name: the thread's name.
        function: what to call.
        args: its arguments.

    Returns:
        The future of its result. Cancelling it leaves the function running, for nobody.
    """
    future: asyncio.Future[Any] = loop.create_future()
    context = copy_context()

    def settle(result: Any, error: BaseException | None) -> None:
        if future.done():  # cancelled: the attempt has ended
            return
        if error is None:
            future.set_result(result)
        elif isinstance(error, StopIteration):  # which a future cannot hold
            future.set_exception(RuntimeError(f"{name} raised StopIteration"))
        else:
            future.set_exception(error)

    def work() -> None:
        try:
            outcome = (context.run(function, *args), None)
        except BaseException as error:  # noqa: BLE001 - handed on, whatever it is
            outcome = (None, error)
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, *outcome)

    threading.Thread(target=work, name=name, daemon=True).start()
    return future
