"""The queue of what is to be done; each step runs to its end before the next one begins."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from random import Random

__all__ = ["Steps"]


class Steps:
    """A queue of steps.

    They are done in the order of their arrival, so that a test runs in the same way each time. With
    a random generator that draws the next step, only what Restate orders keeps its order: the steps
    of a lane.

    Args:
        random: draws the next step; None takes the first.

    Attributes:
        on_step: called when a step is added; `run` does it.
    """

    on_step: Callable[[], None]

    def __init__(self, random: Random | None = None) -> None:
        self._random = random
        self._steps: deque[tuple[Hashable, Callable[[], None]]] = deque()

    def __bool__(self) -> bool:
        return bool(self._steps)

    def add(self, step: Callable[[], None], lane: Hashable = None) -> None:
        """Add a step.

        Args:
            step: does it.
            lane: steps of one lane are done in their order; None is a lane of its own.
        """
        self._steps.append((lane, step))
        self.on_step()

    def run(self) -> bool:
        """Do all steps, including those that they add; return whether there were any."""
        steps = self._steps
        if not steps:
            return False
        while steps:
            if self._random is None:
                steps.popleft()[1]()
            else:
                self._draw(self._random)()
        return True

    def _draw(self, random: Random) -> Callable[[], None]:
        steps = self._steps
        index = random.randrange(len(steps))
        lane, step = steps[index]
        if lane is not None:
            index = next(i for i, (other, _) in enumerate(steps) if other == lane)
            step = steps[index][1]
        del steps[index]
        return step
