"""The cells of the matrix, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LANGUAGES = ("python", "java", "kotlin", "go", "typescript")
ENCODINGS = ("binary", "json")
KINDS = ("service", "object", "workflow")
MODES = ("call", "send")


@dataclass(frozen=True)
class Cell:
    """One way for one language to reach another one."""

    caller: str
    callee: str
    encoding: str
    kind: str
    mode: str

    def __str__(self) -> str:
        return f"{self.caller} -> {self.callee}: {self.mode} to a {self.kind} in {self.encoding}"


def all_cells(languages: Sequence[str]) -> list[Cell]:
    """Every ordered pair of the languages, in every way."""
    ways = product(languages, languages, ENCODINGS, KINDS, MODES)
    return [Cell(*way) for way in ways]


@dataclass(frozen=True)
class Problem:
    """Something that is not as it should be.

    Attributes:
        case: the values that were sent.
        seen_by: whose view it is: `callee`, `caller` or `later` (what Look or Arrived gave); or
            `call` where there is none, for the call failed.
        what: the path of a field, or what failed.
        text: for people: what it is instead of what.
        limit: the mark of the known limit that it is; None where it is a failure.
    """

    case: str
    seen_by: str
    what: str
    text: str
    limit: str | None = None

    def __str__(self) -> str:
        return f"{self.case}, {self.seen_by}: {self.text}"


@dataclass
class Outcome:
    """What became of a cell.

    Attributes:
        cell: the cell.
        fields: how many fields were compared.
        problems: what was wrong.
    """

    cell: Cell
    fields: int = 0
    problems: list[Problem] = field(default_factory=list[Problem])

    @property
    def failed(self) -> bool:
        """Whether something is wrong that no known limit explains."""
        return any(problem.limit is None for problem in self.problems)

    @property
    def limits(self) -> list[str]:
        """The marks of the limits that showed."""
        return sorted({problem.limit for problem in self.problems if problem.limit})
