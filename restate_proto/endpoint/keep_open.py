"""Keep a context manager entered for as long as the event loop runs."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

__all__ = ["keep_open"]

T = TypeVar("T")

_holders: set[asyncio.Task[None]] = set()


async def keep_open(context: AbstractAsyncContextManager[T]) -> T:
    """Enter a context manager, and leave it when the event loop ends and cancels all tasks.

    One task enters and leaves it, because task groups and timeouts inside require that.

    Args:
        context: the context manager.

    Returns:
        What the context manager returns when it is entered.
    """
    loop = asyncio.get_running_loop()
    entered: asyncio.Future[T] = loop.create_future()
    holder = loop.create_task(_hold(context, entered))
    _holders.add(holder)
    holder.add_done_callback(_holders.discard)
    return await asyncio.shield(entered)


async def _hold(context: AbstractAsyncContextManager[T], entered: asyncio.Future[T]) -> None:
    try:
        async with context as value:
            entered.set_result(value)
            with suppress(asyncio.CancelledError):
                await asyncio.get_running_loop().create_future()
    except Exception as error:
        if entered.done():
            raise
        entered.set_exception(error)
