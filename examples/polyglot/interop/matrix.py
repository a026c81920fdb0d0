"""The matrix, for people and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from examples.polyglot.interop.cells import ENCODINGS, KINDS, MODES, Cell, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from examples.polyglot.interop.limits import Limit

_FINE, _FAILED, _ABSENT = "✓", "✗", "-"
_TITLES = {"python": "Python", "java": "Java", "kotlin": "Kotlin", "go": "Go"} | {
    "typescript": "TypeScript"
}
_GAP = "   "


def title(language: str) -> str:
    """How a language is written."""
    return _TITLES[language]


def mark(outcome: Outcome | None) -> str:
    """What stands for an outcome: ✓, ✗, the first of its limits, or - where it was not run."""
    if outcome is None:
        return _ABSENT
    if outcome.failed:
        return _FAILED
    return outcome.limits[0] if outcome.limits else _FINE


def render(outcomes: Sequence[Outcome], languages: Sequence[str]) -> str:
    """The matrix as text: a table for each encoding, callers down and callees across.

    Args:
        outcomes: what became of the cells.
        languages: the rows and columns.
    """
    by_cell = {outcome.cell: outcome for outcome in outcomes}
    width = max(len(KINDS) * (len(MODES) + 1), *(len(title(language)) for language in languages))
    lines: list[str] = []
    for encoding in ENCODINGS:
        head = [title(language).ljust(width) for language in languages]
        lines += [_row(f"{encoding}: from", ["to", *head])]
        for caller in languages:
            marks = [_marks(by_cell, caller, callee, encoding) for callee in languages]
            lines.append(_row(title(caller), ["  ", *(text.ljust(width) for text in marks)]))
        lines.append("")
    order = ", ".join(f"{' and '.join(MODES)} to a {kind}" for kind in KINDS)
    lines.append(f"The marks of a cell: {order}.")
    lines.append(f"{_FINE} as it was sent; a letter: but for a known limit; {_FAILED} failed.")
    return "\n".join(lines)


def _marks(by_cell: Mapping[Cell, Outcome], caller: str, callee: str, encoding: str) -> str:
    return " ".join(
        "".join(mark(by_cell.get(Cell(caller, callee, encoding, kind, mode))) for mode in MODES)
        for kind in KINDS
    )


def _row(first: str, others: Sequence[str]) -> str:
    return _GAP.join([first.ljust(14), *others]).rstrip()


def footnotes(outcomes: Sequence[Outcome], limits: Sequence[Limit]) -> str:
    """The limits that showed, each with an example of what this run saw."""
    lines: list[str] = []
    for limit in limits:
        shown = [
            (outcome.cell, problem)
            for outcome in outcomes
            for problem in outcome.problems
            if problem.limit == limit.mark
        ]
        if shown:
            cells = len({cell for cell, _ in shown})
            cell, problem = shown[0]
            lines += [f"{limit.mark}  {limit.text}", f"   In {cells} cells; {cell}: {problem}"]
    return "\n".join(lines)


def failures(outcomes: Sequence[Outcome], *, most: int = 10) -> str:
    """What failed: for each cell what differed, field by field, and not more than a few."""
    lines: list[str] = []
    for outcome in outcomes:
        if outcome.failed:
            bad = [problem for problem in outcome.problems if problem.limit is None]
            lines.append(f"{_FAILED} {outcome.cell}")
            lines += [f"    {problem}" for problem in bad[:most]]
            if len(bad) > most:
                lines.append(f"    and {len(bad) - most} more")
    return "\n".join(lines)


def as_json(outcomes: Sequence[Outcome], limits: Sequence[Limit]) -> Mapping[str, Any]:
    """The matrix as JSON."""
    return {
        "cells": [
            {
                "caller": outcome.cell.caller,
                "callee": outcome.cell.callee,
                "encoding": outcome.cell.encoding,
                "kind": outcome.cell.kind,
                "mode": outcome.cell.mode,
                "result": "failed" if outcome.failed else "limited" if outcome.limits else "passed",
                "limits": outcome.limits,
                "problems": [str(problem) for problem in outcome.problems],
            }
            for outcome in outcomes
        ],
        "limits": {limit.mark: limit.text for limit in limits},
    }
