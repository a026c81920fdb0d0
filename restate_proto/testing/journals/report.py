"""Report the results of running code on journals, for people and programs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from restate_proto.testing.journals.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from restate_proto.testing.journals.verdict import Verdict

__all__ = ["JournalsDifferError", "ReplayReport"]

_NOTABLE = {Outcome.DIFFERS, Outcome.UNDECIDED, Outcome.HARMLESS}
_WORDS = {
    Outcome.ENDS: "ok, to its end",
    Outcome.WAITS: "ok, waits where it waited",
    Outcome.GOES_ON: "ok, goes on where the journal ends",
    Outcome.HARMLESS: "ok, with a harmless difference",
    Outcome.NOT_BEGUN: "has no journal",
    Outcome.DIFFERS: "differs",
    Outcome.UNDECIDED: "undecided",
}


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """The result of running code on journals.

    Args:
        verdicts: one for each journal.
    """

    verdicts: Sequence[Verdict]

    def of(self, outcome: Outcome) -> list[Verdict]:
        """Return the verdicts with an outcome."""
        return [each for each in self.verdicts if each.outcome is outcome]

    @property
    def differences(self) -> list[Verdict]:
        """The verdicts on journals from which the code differs."""
        return self.of(Outcome.DIFFERS)

    @property
    def undecided(self) -> list[Verdict]:
        """The verdicts on journals that lack what it takes to decide."""
        return self.of(Outcome.UNDECIDED)

    @property
    def counts(self) -> dict[str, int]:
        """The number of journals for each outcome that occurred."""
        found = Counter(each.outcome for each in self.verdicts)
        return {outcome.value: found[outcome] for outcome in Outcome if found[outcome]}

    def lines(self, *, all_: bool = False) -> Iterator[str]:
        """Yield the lines to show to people.

        Args:
            all_: whether to list journals, too, from which the code does not differ.
        """
        for each in self.verdicts:
            if all_ or each.outcome in _NOTABLE:
                yield from _verdict_lines(each)
        yield self.summary

    @property
    def summary(self) -> str:
        """Return one line: how many journals there are, and their outcomes."""
        found = Counter(each.outcome for each in self.verdicts)
        words = _WORDS | ({Outcome.DIFFERS: "differ"} if found[Outcome.DIFFERS] > 1 else {})
        parts = [f"{found[outcome]} {words[outcome]}" for outcome in words if found[outcome]]
        number = len(self.verdicts)
        return f"{number} journal{'s' if number != 1 else ''}: {'; '.join(parts) or 'nothing to replay'}"

    def to_json(self) -> dict[str, Any]:
        """Return the report for programs."""
        return {
            "counts": self.counts,
            "journals": [each.to_json() for each in self.verdicts],
        }

    def raise_differences(self) -> None:
        """Raise if the code does something else than a journal says.

        Raises:
            JournalsDifferError: it does; the text says where.
        """
        if self.differences:
            raise JournalsDifferError(self)


class JournalsDifferError(AssertionError):
    """Code does something else than journals say; the text is the report.

    Args:
        report: the report.
    """

    def __init__(self, report: ReplayReport) -> None:
        super().__init__("\n".join(report.lines()))
        self.report = report


def _verdict_lines(verdict: Verdict) -> Iterator[str]:
    journal = verdict.journal
    what = _WORDS[verdict.outcome]
    if verdict.entry is not None:
        what += f" at entry {verdict.entry}"
    if verdict.recorded:
        what += f", '{verdict.recorded}'"
    line = f" ({verdict.line})" if verdict.line else ""
    text = f": {verdict.text}" if verdict.text else ""
    said = f"{journal.id}  {journal.handler}  {journal.status}  {what}{text}{line}"
    here = f"{Path.cwd()}/"  # left out, to keep lines short
    for each in (said, *(f"    {way}" for way in verdict.repair)):
        yield each.replace(here, "")
