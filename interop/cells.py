"""The cells of the matrix, and their outcomes."""

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
    """One way for one language to reach another one.

    Attributes:
        caller: the language of the handler that calls, or of the program outside; or `ingress`,
            where requests are made by hand.
        callee: the language of the handler that is called.
        encoding: `binary` or `json`.
        kind: `service`, `object` or `workflow`.
        mode: `call` or `send`; from the ingress, what is sent.
        replays: whether it is on a server that suspends at every wait, so that handlers replay.
        outside: whether it is not a handler that calls, but a program outside of Restate.
    """

    caller: str
    callee: str
    encoding: str
    kind: str
    mode: str
    replays: bool = False
    outside: bool = False

    def __str__(self) -> str:
        replayed = ", replayed" if self.replays else ""
        way = f"{self.mode}, {self.kind}, {self.encoding}{replayed}"
        outside = ", outside," if self.outside else ""
        return f"{self.caller}{outside} -> {self.callee} ({way})"

    def key(self, case: str) -> str:
        """Return the object key or workflow id for a case, which no other cell has."""
        caller = f"{self.caller}-outside" if self.outside else self.caller
        return f"{caller}-{self.callee}-{self.encoding}-{self.kind}-{self.mode}-{case}"


def all_cells(languages: Sequence[str], *, replays: bool = False) -> list[Cell]:
    """Return every ordered pair of the languages, in every way."""
    ways = product(languages, languages, ENCODINGS, KINDS, MODES)
    return [Cell(*way, replays=replays) for way in ways]


def outside_cells(caller: str, languages: Sequence[str]) -> list[Cell]:
    """Return every way from the caller's program, outside of Restate, to the languages."""
    ways = product([caller], languages, ENCODINGS, KINDS, MODES)
    return [Cell(*way, outside=True) for way in ways]


@dataclass(frozen=True)
class Problem:
    """A difference from what was expected.

    Attributes:
        case: the values that were sent.
        seen_by: whose view shows it: `callee`, `caller` or `later` (the answer of Look or Arrived);
            `call` if the call failed, so that there is no view; `wire` if the payloads show it.
        what: the path of a field, or `failed`.
        text: the actual and the expected value, for people.
        limit: the mark of the known limit that it is; None where it is a failure.
    """

    case: str
    seen_by: str
    what: str
    text: str
    limit: str | None = None

    def __str__(self) -> str:
        return f"{self.case}, {self.seen_by}: {self.text}"


@dataclass(frozen=True)
class Outcome:
    """The outcome of a cell.

    Attributes:
        cell: the cell.
        problems: the differences from what was expected.
    """

    cell: Cell
    problems: Sequence[Problem] = field(default_factory=list[Problem])

    @property
    def failed(self) -> bool:
        """Whether there is a problem that no known limit explains."""
        return any(problem.limit is None for problem in self.problems)

    @property
    def limits(self) -> list[str]:
        """The marks of the limits that explain its problems."""
        return sorted({problem.limit for problem in self.problems if problem.limit})
