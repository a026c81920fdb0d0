"""The asynchronous generators of a handler, which are ended with it and not when Python collects them."""

from __future__ import annotations

import sys
from asyncio.events import _get_running_loop  # pyright: ignore[reportPrivateUsage]
from typing import TYPE_CHECKING, Any

from restate_proto.protocol import AttemptEnded

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import AsyncGeneratorType

__all__ = ["Generators", "KeepsGenerators", "watch_generators"]

_MOST_KEPT = 100
"""How many generators are kept before those that have ended are let go."""


class Generators:
    """The asynchronous generators that the code of one handler has begun."""

    __slots__ = ("_begun",)

    def __init__(self) -> None:
        self._begun: list[AsyncGeneratorType[Any, Any]] = []

    def add(self, generator: AsyncGeneratorType[Any, Any]) -> None:
        """Keep a generator until it has ended, or the handler has.

        Python would end one that nobody has any more at a moment of its own choice.
        """
        if len(self._begun) >= _MOST_KEPT:
            self._begun = self.open()[::-1]
        self._begun.append(generator)

    def open(self) -> list[AsyncGeneratorType[Any, Any]]:
        """The generators that have not ended, the newest first."""
        return [each for each in reversed(self._begun) if each.ag_frame is not None]  # pyright: ignore[reportUnnecessaryComparison] - None at the end

    def close(self) -> None:
        """The attempt is over: end the generators that have not ended; they may wait for nothing."""
        for generator in self.open():
            closing: Any = generator.aclose()
            try:
                closing.send(None)
                closing.throw(AttemptEnded("the attempt is over"))
            except BaseException:  # noqa: BLE001, S110 - the end, whatever comes of it
                pass
        self._begun.clear()


class KeepsGenerators:
    """The base of loops that keep the generators which are begun in them."""

    __slots__ = ()

    generators: Generators | None


class _FirstIteration:
    """Tells the loop of a handler of the asynchronous generators that its code begins."""

    def __init__(self, otherwise: Callable[[AsyncGeneratorType[Any, Any]], None] | None) -> None:
        self._otherwise = otherwise

    def __call__(self, generator: AsyncGeneratorType[Any, Any]) -> None:
        loop: object = _get_running_loop()
        if isinstance(loop, KeepsGenerators):
            if loop.generators is None:
                loop.generators = Generators()
            loop.generators.add(generator)
        elif self._otherwise is not None:
            self._otherwise(generator)


def watch_generators() -> None:
    """Have the loops of handlers told of asynchronous generators, in the current thread."""
    firstiter: Any = sys.get_asyncgen_hooks().firstiter
    if not isinstance(firstiter, _FirstIteration):
        hook: Any = _FirstIteration(firstiter)
        sys.set_asyncgen_hooks(firstiter=hook)
