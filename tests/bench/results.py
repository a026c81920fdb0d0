"""Made-up results, as a run would have them."""

from __future__ import annotations

from dataclasses import replace

from bench.peers import PEERS
from bench.results import Results
from bench.rounds import Parked, Sample
from bench.workloads import WORKLOADS

__all__ = ["made_up"]


def made_up() -> Results:
    """Return results in which each peer takes a microsecond more, and in round 2 twice as much."""
    peers = [replace(peer, versions=lambda: "1.0") for peer in PEERS if peer.name != "rust"]
    return Results(
        peers,
        left_out={"rust": "cargo not found"},
        rounds=2,
        samples={
            (name, in_flight): {
                peer.name: [
                    Sample(position * in_flight, 1_000.0, 1.0, 2.0, others=0.1 * position)
                    for _ in range(2)
                ]
                for position, peer in enumerate(peers, start=1)
                if name in peer.workloads
            }
            for name in WORKLOADS
            for in_flight in (32, 1)
        },
        memory={peer.name: 1024 * position for position, peer in enumerate(peers, start=1)},
        parked={peer.name: Parked(5.0 * position, 1.0) for position, peer in enumerate(peers, 1)},
        clients={16: {"ngh2": [100.0, 200.0], "grpc": [200.0, 500.0], "sdk": [1000.0, 3000.0]}},
        starts={"serve": [100.0, 110.0], "ours": [50.0, 55.0], "go": [10.0, 22.0]},
        tools={"docs": (2.0, 8.0)},
    )
