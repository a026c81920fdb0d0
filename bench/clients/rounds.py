"""Measure clients in interleaved rounds, each in its own process, by that process's CPU time."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import uvloop

from bench.clients.contenders import CONTENDERS
from bench.processes import ROOT, environment, pinned, served

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.clients.contenders import Contender

__all__ = ["client_rounds"]


def client_rounds(
    names: Sequence[str], callers: Sequence[int], rounds: int, tell: Callable[[str], None]
) -> dict[int, dict[str, list[float]]]:
    """Measures clients.

    Args:
        names: the clients to measure.
        callers: the numbers of concurrent callers to measure each client with.
        rounds: the number of rounds.
        tell: receives a line of progress before each step.

    Returns:
        The CPU microseconds per call, one sample per round, by the number of callers and by name.

    Raises:
        RuntimeError: a call failed.
    """
    samples = {number: {name: list[float]() for name in names} for number in callers}
    with ExitStack() as stack:
        modules = {CONTENDERS[name].ingress for name in names}
        ports = {
            module: stack.enter_context(served((sys.executable, "-m", module, "{port}")))[1]
            for module in modules
        }
        for number in range(1, rounds + 1):
            for at_once, by_name in samples.items():
                tell(f"round {number} of {rounds}: clients, {at_once} callers")
                for name in names:
                    address = f"127.0.0.1:{ports[CONTENDERS[name].ingress]}"
                    by_name[name].append(_measure(name, address, at_once))
    return samples


def _measure(name: str, address: str, callers: int) -> float:
    command = [*pinned(1), sys.executable, "-m", "bench.clients.rounds"]
    done = subprocess.run(
        [*command, name, address, str(callers)],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{CONTENDERS[name].title}: {done.stderr[-2_000:]}")
    return float(done.stdout)


async def load(contender: Contender, address: str, callers: int) -> float:
    """Make calls in this process and return the CPU microseconds per call."""

    async def call_in_turn(count: int) -> None:
        for _ in range(count):
            await call()

    async with contender.connect(address) as call:

        async def call_all(count: int) -> None:
            await asyncio.gather(*(call_in_turn(count // callers) for _ in range(callers)))

        calls = contender.calls if callers > 1 else contender.calls // 2
        await call_all(max(calls // 5, callers))
        started = time.process_time()
        await call_all(calls)
        return (time.process_time() - started) / (calls // callers * callers) * 1e6


if __name__ == "__main__":
    print(uvloop.run(load(CONTENDERS[sys.argv[1]], sys.argv[2], int(sys.argv[3]))))
