"""Interleaved rounds: each measures every peer once on every workload, one peer after another.

A slow period of the machine then affects all of them, and the ratios within a round remain valid.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bench.load import Task
from bench.processes import Load, busy_seconds, cpu_seconds, memory_kib, served

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.peers import Peer

__all__ = ["Cell", "Parked", "Sample", "park_rounds", "play_rounds"]

_SECONDS: Final = 0.5
_WARM_UP: Final = 0.2
_CORES: Final = 2

Cell = tuple[str, int]
"""A workload, and the number of invocations in flight."""


@dataclass(frozen=True)
class Sample:
    """One measurement of one peer.

    Attributes:
        cpu_us: microseconds of CPU time per invocation at the endpoint.
        per_second: invocations per second.
        p50_ms: the median latency.
        p99_ms: the latency that one invocation in a hundred exceeded.
        others: the part of the two cores that other processes used meanwhile.
    """

    cpu_us: float
    per_second: float
    p50_ms: float
    p99_ms: float
    others: float


@dataclass(frozen=True)
class Parked:
    """The cost of waiting invocations.

    Attributes:
        kib: KiB of memory per invocation at the endpoint.
        cpu_us: microseconds of CPU time per invocation, from its beginning to its end.
    """

    kib: float
    cpu_us: float


def play_rounds(
    peers: Sequence[Peer],
    cells: Sequence[Cell],
    rounds: int,
    version: int,
    tell: Callable[[str], None],
) -> tuple[dict[Cell, dict[str, list[Sample]]], dict[str, int]]:
    """Measure all peers on all cells.

    Args:
        peers: the peers to measure; all of them run from the beginning to the end, idle while
            others are measured.
        cells: the cells to measure them on.
        rounds: the number of rounds.
        version: the version of the service protocol.
        tell: receives a line of progress before each step.

    Returns:
        The samples, one per round, by cell and name; and each peer's KiB of memory at the end.

    Raises:
        RuntimeError: an invocation failed.
    """
    samples: dict[Cell, dict[str, list[Sample]]] = {}
    with ExitStack() as stack:
        load = Load()
        stack.callback(load.close)
        running = {
            peer.name: stack.enter_context(served(peer.command, peer.environ)) for peer in peers
        }
        for peer in peers:
            tell(f"warming up: {peer.title}")
            for name, in_flight in cells:
                if name in peer.workloads:
                    pid, port = running[peer.name]
                    task = Task(port, name, peer.encoding, in_flight, _WARM_UP, version=version)
                    _warm_up(load, pid, task, peer.warm_up)
        for number in range(1, rounds + 1):
            for cell in cells:
                name, in_flight = cell
                tell(f"round {number} of {rounds}: {name}, {in_flight} in flight")
                for peer in peers:
                    if name in peer.workloads:
                        pid, port = running[peer.name]
                        task = Task(port, name, peer.encoding, in_flight, _SECONDS, version=version)
                        sample = _measure(load, pid, task)
                        samples.setdefault(cell, {}).setdefault(peer.name, []).append(sample)
        memory = {peer.name: memory_kib(running[peer.name][0]) for peer in peers}
    return samples, memory


def _warm_up(load: Load, pid: int, task: Task, cpu: float) -> None:
    """Load an endpoint until it has used this much CPU time, however long a busy machine takes."""
    until = cpu_seconds(pid) + cpu
    while cpu_seconds(pid) < until:
        load.run(task)


def _measure(load: Load, pid: int, task: Task) -> Sample:
    started = time.perf_counter()
    all_before, load_before, before = busy_seconds(), cpu_seconds(load.pid), cpu_seconds(pid)
    result = load.run(task)
    used = cpu_seconds(pid) - before
    of_load = cpu_seconds(load.pid) - load_before
    others = max(0.0, busy_seconds() - all_before - used - of_load)
    elapsed = time.perf_counter() - started
    return Sample(
        used / result["invocations"] * 1e6,
        result["per_second"],
        result["p50_ms"],
        result["p99_ms"],
        others / elapsed / _CORES,
    )


def park_rounds(
    peers: Sequence[Peer], parked: int, version: int, tell: Callable[[str], None]
) -> dict[str, Parked]:
    """Let many invocations wait at once on each peer, and then end them all.

    Raises:
        RuntimeError: an invocation failed.
    """
    results: dict[str, Parked] = {}
    for peer in peers:
        if "many" not in peer.workloads:
            continue
        tell(f"{parked} parked: {peer.title}")
        with served(peer.command, peer.environ) as (pid, port), ExitStack() as stack:
            load = Load()
            stack.callback(load.close)
            warm_up = Task(port, "greet", peer.encoding, 32, _WARM_UP, version=version)
            _warm_up(load, pid, warm_up, peer.warm_up)
            task = Task(port, "many", peer.encoding, 1, 0, parked=parked, version=version)
            memory, before = memory_kib(pid), cpu_seconds(pid)
            load.park(task)
            kib = (memory_kib(pid) - memory) / parked
            load.unpark(task)
            results[peer.name] = Parked(kib, (cpu_seconds(pid) - before) / parked * 1e6)
    return results
