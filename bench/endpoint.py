"""An endpoint under test: a process on one core, loaded from another, its CPU time taken from /proc."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

__all__ = ["ROOT", "Contender", "Sample", "environment", "measure", "pinned", "served"]

ROOT = Path(__file__).parent.parent
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Contender:
    """A server to measure.

    Args:
        name: what it is called in the results.
        payload: "protobuf" or "json": what its handlers take.
        command: what starts it; `{port}` is its port.
        invocations: how many to measure with at 32 in flight, so that a run takes a second or two.
    """

    name: str
    payload: str
    command: tuple[str, ...]
    invocations: int


@dataclass(frozen=True)
class Sample:
    """One run: CPU microseconds per invocation at the endpoint, its rate, and its memory."""

    cpu_us: float
    per_second: float
    p50_ms: float
    p99_ms: float
    memory_mb: float


def measure(contender: Contender, workload: str, in_flight: int, version: int) -> Sample:
    """Start the endpoint, warm it up, load it once, and end it.

    Raises:
        RuntimeError: an invocation failed, or the endpoint did not start.
    """
    count = contender.invocations if in_flight > 1 else contender.invocations // 4
    with served(contender.command) as (process, port):
        _load(contender, port, workload, max(200, count // 4), in_flight, version)
        before = _cpu_seconds(process.pid)
        result = _load(contender, port, workload, count, in_flight, version)
        used = _cpu_seconds(process.pid) - before
        return Sample(
            used / count * 1e6,
            result["per_second"],
            result["p50_ms"],
            result["p99_ms"],
            _memory_mb(process.pid),
        )


@contextmanager
def served(command: Sequence[str]) -> Generator[tuple[subprocess.Popen[bytes], int]]:
    port = _free_port()
    command = [part.replace("{port}", str(port)) for part in command]
    process = subprocess.Popen(
        [*pinned(0), *command],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_for(port, process)
        yield process, port
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _load(
    contender: Contender, port: int, workload: str, count: int, in_flight: int, version: int
) -> dict[str, float]:
    arguments = [port, workload, contender.payload, count, in_flight, version]
    command = [*pinned(1), sys.executable, "-m", "bench.load", *map(str, arguments)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{contender.name}: the load failed: {done.stderr[-2000:]}")
    result = json.loads(done.stdout)
    if result["failed"]:
        raise RuntimeError(f"{contender.name}: {result['failed']} of {count} invocations failed")
    return result


def environment() -> dict[str, str]:
    paths = [str(ROOT), str(ROOT / "generated")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def pinned(core: int) -> list[str]:
    return ["taskset", "-c", str(core)] if (os.cpu_count() or 1) > 1 else []


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the endpoint ended with exit code {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the endpoint did not open its port within 30 seconds")


def _tree(pid: int) -> list[int]:
    pids = [pid]
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in path.read_text().split():
            pids += _tree(int(child))
    return pids


def _cpu_seconds(pid: int) -> float:
    ticks = 0
    for each in _tree(pid):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS


def _memory_mb(pid: int) -> float:
    kilobytes = 0
    for each in _tree(pid):
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{each}/status").read_text())
        kilobytes += int(found[1]) if found else 0
    return kilobytes / 1024
