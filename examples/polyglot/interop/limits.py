"""What SDKs and message libraries cannot do: known, and shown by each run.

A limit marks cells in the matrix and has a footnote. It says exactly which problems it explains;
all other problems are failures, and so is a limit that no longer shows where it should.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from examples.polyglot.interop.cells import Cell, Problem


@dataclass(frozen=True)
class Limit:
    """A known limit.

    Attributes:
        mark: the letter in the matrix.
        text: the footnote: what cannot be done, and why.
        explains: whether a problem of a cell is this limit.
        expected: whether it is to show in a cell.
    """

    mark: str
    text: str
    explains: Callable[[Cell, Problem], bool]
    expected: Callable[[Cell], bool]


LIMITS: tuple[Limit, ...] = ()


def judge(cell: Cell, problem: Problem, limits: tuple[Limit, ...] = LIMITS) -> Problem:
    """The problem, with the mark of the limit that explains it."""
    for limit in limits:
        if limit.explains(cell, problem):
            return Problem(problem.case, problem.seen_by, problem.what, problem.text, limit.mark)
    return problem
