"""The results of one run, and their comparison."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from bench.figures import Ratio, ratios
from bench.peers import OURS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.peers import Peer
    from bench.rounds import Cell, Parked, Sample

__all__ = ["Results"]


@dataclass
class Results:
    """All that one run has measured.

    Attributes:
        peers: who was measured.
        left_out: why the others were not, by name.
        rounds: how many rounds there were.
        samples: of endpoints, one of each round, by cell and name.
        memory: KiB of memory after the rounds, by name.
        parked: what invocations that wait take, by name.
        clients: CPU microseconds of a call of clients, one of each round, by callers and name.
        starts: CPU milliseconds of a start, one of each round, by name.
        tools: CPU seconds for few and for many services, by tool.
    """

    peers: Sequence[Peer]
    left_out: dict[str, str] = field(default_factory=dict[str, str])
    rounds: int = 0
    samples: dict[Cell, dict[str, list[Sample]]] = field(
        default_factory=dict["Cell", "dict[str, list[Sample]]"]
    )
    memory: dict[str, int] = field(default_factory=dict[str, int])
    parked: dict[str, Parked] = field(default_factory=dict[str, "Parked"])
    clients: dict[int, dict[str, list[float]]] = field(
        default_factory=dict[int, "dict[str, list[float]]"]
    )
    starts: dict[str, list[float]] = field(default_factory=dict[str, "list[float]"])
    tools: dict[str, tuple[float, float]] = field(default_factory=dict[str, "tuple[float, float]"])

    @property
    def reference(self) -> str:
        """Who everything is compared with: this framework, where it was measured."""
        names = [peer.name for peer in self.peers]
        return OURS if OURS in names else names[0]

    def cpu(self, cell: Cell, reference: str = "") -> dict[str, Ratio]:
        """The CPU time of an invocation, in that of the reference.

        Raises:
            KeyError: the reference was not measured on the cell.
        """
        taken = {
            name: [sample.cpu_us for sample in samples]
            for name, samples in self.samples[cell].items()
        }
        return ratios(taken, reference or self.reference)

    def title(self, name: str) -> str:
        """What a peer is called for people."""
        return next((peer.title for peer in self.peers if peer.name == name), name)

    @property
    def contention(self) -> tuple[float, float]:
        """Which part of the two cores others used: the median over all samples, and the most."""
        others = [
            sample.others
            for by_name in self.samples.values()
            for samples in by_name.values()
            for sample in samples
        ]
        return (median(others), max(others)) if others else (0.0, 0.0)
