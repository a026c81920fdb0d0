"""The report at the end of a run."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.soak.faults import KILLS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.soak.audit import Findings
    from tests.soak.faults import Storm
    from tests.soak.leaks import Growth
    from tests.soak.load import Load
    from tests.soak.proxy import Proxy

__all__ = ["Report"]

_EXAMPLES = 20


@dataclass(frozen=True)
class Report:
    """Everything that a run has seen.

    Args:
        title: which run it was.
        load: what was ordered.
        invocations: how many there were.
        storm: the faults.
        proxies: the proxies, and what they were before.
        growths: what was held in the calms.
        findings: what the comparison of the books has found.
        wrong: what else is wrong.
    """

    title: str
    load: Load
    invocations: int
    storm: Storm
    proxies: Mapping[str, Proxy]
    growths: Sequence[Growth]
    findings: Findings
    wrong: Sequence[str]

    @property
    def is_right(self) -> bool:
        """Whether no fault was found."""
        return not any(self._wrongs().values())

    def _wrongs(self) -> dict[str, Sequence[str]]:
        found = self.findings
        return {
            "losses": found.losses,
            "duplicates": found.duplicates,
            "out of order": found.disorder,
            "contradictions": [*found.contradictions, *found.strangers],
            "complaints": self.wrong,
            "leaks": [leak for growth in self.growths for leak in growth.leaks()],
        }

    def write(self) -> None:
        """Write the report, one line for each figure."""
        happened = self.storm.happened
        kills = {fault.value: happened[fault] for fault in happened if fault in KILLS}
        others = {fault.value: happened[fault] for fault in happened if fault not in KILLS}
        _say(self.title)
        _say("orders", self.load.answered.total(), self.load.answered)
        _say("invocations", self.invocations)
        _say("kills", sum(kills.values()), kills)
        _say("other faults", sum(others.values()), others)
        for where, proxy in self.proxies.items():
            details = {key.value: number for key, number in proxy.happened.items()}
            _say(f"cuts before {where}", proxy.cuts, details)
        _say("requests sent again", self.load.repeated.total(), self.load.repeated)
        _say("effects", self.findings.effects)
        _say("runs executed again", self.findings.repeated_runs)
        for growth in self.growths:
            _say(f"an invocation leaves behind, with {growth.name}: {growth.describe()}")
        for what, examples in self._wrongs().items():
            _say(what, len(examples))
            for example in examples[:_EXAMPLES]:
                _say(f"  WRONG: {example}")


def _say(what: str, figure: int | None = None, details: Mapping[str, int] | None = None) -> None:
    line = what if figure is None else f"  {what:26}{figure:>8}"
    if details:
        line += f"  {_listed(details.items())}"
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _listed(counts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(counts))
