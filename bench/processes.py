"""Run a server on one core, load it from another, and read its CPU time and memory."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from bench.load import PARKED

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from bench.load import Task

__all__ = [
    "ROOT",
    "Load",
    "busy_seconds",
    "cpu_seconds",
    "environment",
    "memory_kib",
    "pinned",
    "served",
]

ROOT: Final = Path(__file__).parent.parent
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_START_SECONDS: Final = 60
_STOP_SECONDS: Final = 5


@contextmanager
def served(
    command: Sequence[str], environ: Mapping[str, str] | None = None
) -> Generator[tuple[int, int]]:
    """Run a server on the first core while the context is entered.

    Args:
        command: the command that starts it; `{port}` stands for its port.
        environ: additional environment variables.

    Yields:
        The server's process id and port.

    Raises:
        RuntimeError: the server did not start.
    """
    port = _free_port()
    process = subprocess.Popen(
        [*pinned(0), *(part.replace("{port}", str(port)) for part in command)],
        cwd=ROOT,
        env={**environment(), **(environ or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_for(port, process)
        yield process.pid, port
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
        with suppress(ProcessLookupError):
            # The Python SDK on granian ignores SIGTERM.
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class Load:
    """The process that plays restate-server, on the second core."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [*pinned(1), sys.executable, "-m", "bench.load"],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def run(self, task: Task) -> dict[str, Any]:
        """Carry out a task and return its results.

        Raises:
            RuntimeError: an invocation failed.
        """
        self._write(json.dumps(asdict(task)))
        return self._result(task)

    def park(self, task: Task) -> None:
        """Begin the invocations of a task and return once all of them wait.

        Raises:
            RuntimeError: an invocation ended instead of waiting.
        """
        self._write(json.dumps(asdict(task)))
        line = self._pipe(self._process.stdout).readline().strip()
        if line != PARKED:
            raise RuntimeError(f"{task.workload}: {line}")

    def unpark(self, task: Task) -> dict[str, Any]:
        """Complete the waits of the parked invocations and return once all have ended.

        Raises:
            RuntimeError: an invocation failed.
        """
        self._write("")
        return self._result(task)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        with self._process:  # closes its pipes
            pass

    def _write(self, line: str) -> None:
        pipe = self._pipe(self._process.stdin)
        pipe.write(f"{line}\n")
        pipe.flush()

    def _result(self, task: Task) -> dict[str, Any]:
        result = json.loads(self._pipe(self._process.stdout).readline())
        if result["failed"]:
            raise RuntimeError(f"{task.workload}: {'; '.join(result['failed'])}")
        return result

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe


def environment() -> dict[str, str]:
    """Return the environment of processes that import `bench`."""
    paths = [str(ROOT), str(ROOT / "generated")]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program has its bytecode, too
    return environ


def pinned(core: int) -> list[str]:
    """Return the prefix of a command that pins it to one core."""
    return ["taskset", "-c", str(core)] if (os.cpu_count() or 1) > 1 else []


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the endpoint ended with exit code {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"the endpoint did not open its port within {_START_SECONDS} seconds")


def _tree(pid: int) -> list[int]:
    pids = [pid]
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in path.read_text().split():
            pids += _tree(int(child))
    return pids


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process and its children, to the nanosecond.

    The clocks of the processes are read: /proc/PID/stat counts in hundredths of a second, and
    /proc/PID/task leaves out threads that have ended.
    """
    return sum(time.clock_gettime(~each << 3 | 2) for each in _tree(pid))


def memory_kib(pid: int) -> int:
    """Return the resident memory of a process and its children."""
    kibibytes = 0
    for each in _tree(pid):
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{each}/status").read_text())
        kibibytes += int(found[1]) if found else 0
    return kibibytes


def busy_seconds() -> float:
    """Return the CPU time that all processes have used on the two cores of the measurement."""
    seconds = 0.0
    for line in Path("/proc/stat").read_text().splitlines():
        core, *fields = line.split()
        if core in {"cpu0", "cpu1"}:
            user, nice, system, _idle, _wait, irq, soft_irq = map(int, fields[:7])
            seconds += (user + nice + system + irq + soft_irq) / _TICKS
    return seconds
