"""Close a handler's asynchronous generators when it ends, not whenever Python collects them."""

from __future__ import annotations

import sys
from asyncio.events import _get_running_loop  # pyright: ignore[reportPrivateUsage]
from typing import TYPE_CHECKING, Any

from restate_proto.protocol import AttemptEnded

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import AsyncGeneratorType

__all__ = ["FirstIteration", "Generators", "KeepsGenerators", "watch_generators"]

_MOST_KEPT = 100
"""How many generators are kept before those that have ended are dropped."""


class Generators:
    """The asynchronous generators that one handler has begun."""

    __slots__ = ("_begun",)

    def __init__(self) -> None:
        self._begun: list[AsyncGeneratorType[Any, Any]] = []

    def add(self, generator: AsyncGeneratorType[Any, Any]) -> None:
        """Keep a generator until it or the handler has ended.

        Otherwise Python would close an unreferenced one at any moment, and its cleanup would not
        repeat in the same order.
        """
        if len(self._begun) >= _MOST_KEPT:
            self._begun = self.open()[::-1]
        self._begun.append(generator)

    def open(self) -> list[AsyncGeneratorType[Any, Any]]:
        """Return the generators that have not ended, the newest first."""
        return [each for each in reversed(self._begun) if each.ag_frame is not None]  # pyright: ignore[reportUnnecessaryComparison] - None at the end

    def close(self) -> None:
        """Close all generators because the attempt is over; they may no longer wait."""
        for generator in self.open():
            closing: Any = generator.aclose()
            try:
                closing.send(None)
                closing.throw(AttemptEnded("the attempt is over"))
            except BaseException:  # noqa: BLE001, S110 - nothing is left to report it to
                pass
        self._begun.clear()


class KeepsGenerators:
    """The base of loops that keep the asynchronous generators begun in them."""

    __slots__ = ()

    generators: Generators | None


class FirstIteration:
    """The hook that Python calls when an asynchronous generator begins; tells the handler's loop."""

    def __init__(self, otherwise: Callable[[AsyncGeneratorType[Any, Any]], None] | None) -> None:
        self._otherwise = otherwise

    def __call__(self, generator: AsyncGeneratorType[Any, Any]) -> None:
        """Tell the running loop, if it is a handler's, of a generator that begins."""
        loop: object = _get_running_loop()
        if isinstance(loop, KeepsGenerators):
            if loop.generators is None:
                loop.generators = Generators()
            loop.generators.add(generator)
        elif self._otherwise is not None:
            self._otherwise(generator)


def watch_generators() -> None:
    """Install the hook for asynchronous generators in the current thread."""
    firstiter: Any = sys.get_asyncgen_hooks().firstiter
    if not isinstance(firstiter, FirstIteration):
        hook: Any = FirstIteration(firstiter)
        sys.set_asyncgen_hooks(firstiter=hook)
