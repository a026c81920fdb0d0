"""Print the matrix for people, or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from interop.cells import ENCODINGS, KINDS, LANGUAGES, MODES, Cell, Outcome
from interop.tomorrow import PROBES
from interop.visits import ERRANDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from interop.limits import Limit

_FINE, _FAILED, _ABSENT = "✓", "✗", "-"
_TITLES = {
    "python": "Python",
    "java": "Java",
    "kotlin": "Kotlin",
    "go": "Go",
    "typescript": "TypeScript",
}
_WIDTH = 12


def title(language: str) -> str:
    """Return the name of a language as it is written in text."""
    return _TITLES[language]


def mark(outcome: Outcome | None) -> str:
    """Return the mark of an outcome: ✓, ✗, the first of its limits, or - if it was not run."""
    if outcome is None:
        return _ABSENT
    if outcome.failed:
        return _FAILED
    return outcome.limits[0] if outcome.limits else _FINE


def render(outcomes: Sequence[Outcome], languages: Sequence[str]) -> str:
    """Write the tables, callers down and callees across; then replays, and requests by hand.

    Args:
        outcomes: the outcomes of the cells.
        languages: the rows and columns.
    """
    by_cell = {outcome.cell: outcome for outcome in outcomes}
    tables = [
        _table(by_cell, languages, encoding, replays=replays)
        for replays in (False, True)
        for encoding in ENCODINGS
    ]
    kinds = ", ".join(f"{' and '.join(MODES)} to a{'n' * (k[0] == 'o')} {k}" for k in KINDS)
    legend = [
        f"The marks of a cell: {kinds}.",
        f"{_FINE} as it was sent, in every view; a letter: but for a limit; {_FAILED} failed.",
    ]
    visits, by_hand = _visits(by_cell, languages), _by_hand(outcomes, languages)
    return "\n\n".join([*tables, "\n".join(legend), visits, by_hand])


def _table(
    by_cell: Mapping[Cell, Outcome], languages: Sequence[str], encoding: str, *, replays: bool
) -> str:
    lines = [_row(f"{encoding}{', replayed' * replays}", [title(name) for name in languages])]
    rows = [(caller, False, f"from {title(caller)} to") for caller in languages]
    outside = {cell.caller for cell in by_cell if cell.outside and not replays}
    rows += [(name, True, f"{title(name)}, outside, to") for name in LANGUAGES if name in outside]
    for caller, is_outside, text in rows:
        marks = [
            " ".join(
                "".join(
                    mark(
                        by_cell.get(Cell(caller, callee, encoding, kind, mode, replays, is_outside))
                    )
                    for mode in MODES
                )
                for kind in KINDS
            )
            for callee in languages
        ]
        lines.append(_row(text, marks))
    return "\n".join(lines)


def _visits(by_cell: Mapping[Cell, Outcome], languages: Sequence[str]) -> str:
    callers = [name for name in languages if any(_visit(by_cell, name, name))]
    lines = [_row("visits to desks", [title(name) for name in callers])]
    for caller in callers:
        for is_outside, text in (
            (False, f"from {title(caller)} to"),
            (True, f"{title(caller)}, outside, to"),
        ):
            lines.append(
                _row(
                    text,
                    [
                        "".join(map(mark, _visit(by_cell, caller, callee, outside=is_outside)))
                        for callee in callers
                    ],
                )
            )
    return "\n".join([*lines, f"The marks of a cell: {', '.join(ERRANDS)}."])


def _visit(
    by_cell: Mapping[Cell, Outcome], caller: str, callee: str, *, outside: bool = False
) -> list[Outcome | None]:
    return [
        by_cell.get(Cell(caller, callee, "binary", "object", errand, outside=outside))
        for errand in ERRANDS
    ]


def _by_hand(outcomes: Sequence[Outcome], languages: Sequence[str]) -> str:
    by_probe = {
        (outcome.cell.callee, outcome.cell.mode): outcome
        for outcome in outcomes
        if outcome.cell.caller == "ingress"
    }
    lines = [_row("requests by hand", [title(name) for name in languages])]
    for probe, meaning in PROBES.items():
        marks = [mark(by_probe.get((language, probe))) for language in languages]
        lines.append(_row(probe, [*marks, meaning]))
    return "\n".join(lines)


def _row(first: str, others: Sequence[str]) -> str:
    return "".join([first.ljust(22), *(text.ljust(_WIDTH) for text in others)]).rstrip()


def footnotes(outcomes: Sequence[Outcome], limits: Sequence[Limit], notes: Sequence[str]) -> str:
    """Write the limits that showed, each with an example from this run; then the notes."""
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
            example = f"such as {cell}: {_short(problem)}"
            lines += [f"{limit.mark}  {limit.text}", f"   Cells: {cells}, {example}"]
    return "\n".join([*lines, *(f"*  {note}" for note in notes)])


def failures(outcomes: Sequence[Outcome], *, most: int = 200) -> str:
    """Write the failures, cell by cell and field by field, in at most `most` lines."""
    lines: list[str] = []
    for outcome in outcomes:
        if outcome.failed:
            lines.append(f"{_FAILED} {outcome.cell}")
            lines += [f"    {problem}" for problem in outcome.problems if problem.limit is None]
    if len(lines) > most:
        lines[most:] = [f"and {len(lines) - most} lines more; --json has them all"]
    return "\n".join(lines)


def summary(outcomes: Sequence[Outcome]) -> str:
    """Write how many cells were played, passed, were limited and failed."""
    failed = sum(outcome.failed for outcome in outcomes)
    limited = sum(not outcome.failed and bool(outcome.limits) for outcome in outcomes)
    passed = len(outcomes) - failed - limited
    return f"{len(outcomes)} cells: {passed} passed, {limited} with a known limit, {failed} failed"


def as_json(
    outcomes: Sequence[Outcome], limits: Sequence[Limit], notes: Sequence[str]
) -> Mapping[str, Any]:
    """Return the matrix as JSON."""
    return {
        "cells": [
            {
                "caller": outcome.cell.caller,
                "callee": outcome.cell.callee,
                "encoding": outcome.cell.encoding,
                "kind": outcome.cell.kind,
                "mode": outcome.cell.mode,
                "replays": outcome.cell.replays,
                "outside": outcome.cell.outside,
                "result": "failed" if outcome.failed else "limited" if outcome.limits else "passed",
                "limits": outcome.limits,
                "problems": [str(problem) for problem in outcome.problems],
            }
            for outcome in outcomes
        ],
        "limits": {limit.mark: limit.text for limit in limits},
        "notes": list(notes),
    }


def _short(problem: object) -> str:
    first = str(problem).splitlines()[0]
    return first if len(first) <= 160 else f"{first[:160]}..."
