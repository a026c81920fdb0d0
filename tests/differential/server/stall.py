"""Find out that a real server does nothing more, although somebody waits for it.

No clock decides that: a busy machine may take as long as it likes. What counts is how often in a row
somebody has looked and found everything as it was.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

__all__ = ["LOOKS", "Patience", "StalledError", "until_all_are_done"]

LOOKS: Final = 60
"""How many looks in a row have to find nothing new before nothing new is expected."""

_PAUSE: Final = 0.5

T_co = TypeVar("T_co", covariant=True)


class StalledError(Exception):
    """Somebody waits for what does not come; the message says who, and for what."""


class Patience:
    """Counts the looks that found nothing new.

    Args:
        looks: how many of them in a row are enough.
    """

    def __init__(self, looks: int = LOOKS) -> None:
        self._looks = looks
        self._left = looks
        self._last: object = None

    def is_over(self, found: object) -> bool:
        """Take what a look has found; return whether the last ones were all alike."""
        self._left = self._left - 1 if found == self._last else self._looks
        self._last = found
        return self._left <= 0


class Waiting(Protocol[T_co]):
    """Somebody who plays, and waits for the server now and then."""

    async def play(self) -> T_co:
        """Play to the end."""
        ...

    def waits_for(self) -> str:
        """What has to come before it goes on."""
        ...


async def until_all_are_done(
    all_: Sequence[Waiting[T_co]], look: Callable[[], Awaitable[object]], *, looks: int = LOOKS
) -> list[T_co]:
    """Have all of them play at once.

    Args:
        all_: those who play.
        look: returns what the server has; it changes as long as the server does something.
        looks: how many looks in a row may find nothing new.

    Returns:
        What came of each.

    Raises:
        StalledError: some wait, and the server does nothing more.
    """
    tasks = [asyncio.ensure_future(each.play()) for each in all_]
    patience = Patience(looks)
    try:
        pending = set(tasks)
        while pending:
            done, pending = await asyncio.wait(
                pending, timeout=_PAUSE, return_when=asyncio.FIRST_EXCEPTION
            )
            for task in done:
                task.result()  # its error, if it has one
            if pending and patience.is_over((len(pending), await look())):
                waiting = (each for each, task in zip(all_, tasks, strict=True) if not task.done())
                lines = [f"- {each.waits_for()}" for each in waiting]
                raise StalledError("\n".join(["the server does nothing more:", *lines]))
        return [task.result() for task in tasks]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
