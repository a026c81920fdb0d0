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
    """Everything that one run has measured.

    Attributes:
        peers: the peers that were measured.
        left_out: the reasons why other peers were not, by name.
        rounds: the number of rounds.
        samples: the samples of endpoints, one per round, by cell and name.
        memory: KiB of memory after the rounds, by name.
        parked: the cost of waiting invocations, by name.
        clients: CPU microseconds of a client's call, one sample per round, by callers and name.
        starts: CPU milliseconds of a start, one sample per round, by name.
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
        """The peer that all others are compared with: this framework, if it was measured."""
        names = [peer.name for peer in self.peers]
        return OURS if OURS in names else names[0]

    def cpu(self, cell: Cell, reference: str = "") -> dict[str, Ratio]:
        """Return the CPU time of an invocation in units of the reference's.

        Raises:
            KeyError: the cell has no samples of the reference.
        """
        taken = {
            name: [sample.cpu_us for sample in samples]
            for name, samples in self.samples[cell].items()
        }
        return ratios(taken, reference or self.reference)

    def title(self, name: str) -> str:
        """Return a peer's name in reports."""
        return next((peer.title for peer in self.peers if peer.name == name), name)

    @property
    def contention(self) -> tuple[float, float]:
        """Return the part of the two cores that other processes used: its median and maximum."""
        others = [
            sample.others
            for by_name in self.samples.values()
            for samples in by_name.values()
            for sample in samples
        ]
        return (median(others), max(others)) if others else (0.0, 0.0)
