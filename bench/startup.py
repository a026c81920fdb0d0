"""Measure start-up: the CPU time until the port is open."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.peers import OURS, Peer
from bench.processes import cpu_seconds, served

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["SERVE", "start_rounds"]

_COMMAND: Final = str(Path(sys.executable).parent / "restate-proto")

SERVE: Final = Peer(
    "serve",
    "restate-proto serve",
    "protobuf",
    (_COMMAND, "serve", "bench.servers.python.ours:endpoint", "--port", "{port}"),
    lambda: "",
)
"""The command line, which is measured beside the endpoint that serves itself."""


def start_rounds(
    peers: Sequence[Peer], rounds: int, tell: Callable[[str], None]
) -> dict[str, list[float]]:
    """Start peers, one after another.

    Returns:
        The CPU milliseconds of each start, by name.

    Raises:
        RuntimeError: a peer did not start.
    """
    named = {peer.name: peer for peer in peers if peer.name != "floor"}
    if OURS in named:
        named = {OURS: named.pop(OURS), SERVE.name: SERVE, **named}
    samples = {name: list[float]() for name in named}
    for peer in named.values():  # leaves bytecode behind for those that are measured
        with served(peer.command, peer.environ):
            pass
    for number in range(1, rounds + 1):
        tell(f"round {number} of {rounds}: start-up")
        for name, peer in named.items():
            with served(peer.command, peer.environ) as (pid, _):
                samples[name].append(cpu_seconds(pid) * 1e3)
    return samples
