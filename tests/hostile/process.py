"""The process under attack, and what can be observed from outside."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["EndpointProcess"]

ROOT = Path(__file__).parents[2]
# With the complement of a process id above it, this is Linux's id of the process's CPU clock.
_CPU_CLOCK = 2


class EndpointProcess:
    """An endpoint in a process of its own.

    Args:
        engine: the HTTP/2 library that it uses.
        log: where its log goes.

    Attributes:
        port: where it serves.
        engine: as given.
        idle: what it held before the first connection; empty before that was asked.
        most_growth: the most memory that an attack took, in bytes.
        longest_wait: the longest that an honest request waited, as a number of requests.
    """

    def __init__(self, engine: str, log: Path) -> None:
        self.engine = engine
        self.idle: dict[str, int] = {}
        self.most_growth = 0
        self.longest_wait = 0.0
        self._log = log
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.hostile.endpoint", engine],
                cwd=ROOT,
                env={"PYTHONPATH": f"{ROOT}:{ROOT / 'generated'}"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
            )
        words = _pipe(self._process.stdout).readline().split()
        assert words, log.read_text()
        self.port, self._telling_port = map(int, words)
        self._proc = Path("/proc", str(self._process.pid))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the process by closing its input."""
        with self._process:
            _pipe(self._process.stdin).close()
            try:
                self._process.wait(30)
            finally:
                self._process.kill()

    def note_growth(self, growth: int) -> None:
        """Keep by how much an attack made it grow, if no other took more."""
        self.most_growth = max(self.most_growth, growth)

    def note_wait(self, wait: float) -> None:
        """Keep for how long an attack made a request wait, if no other took more."""
        self.longest_wait = max(self.longest_wait, wait)

    async def holdings(self) -> dict[str, int]:
        """The objects that it holds: connections, streams, tasks, descriptors, others."""
        descriptors = len(list((self._proc / "fd").iterdir()))
        reader, writer = await asyncio.open_connection("127.0.0.1", self._telling_port)
        held = json.loads(await reader.read())
        writer.close()
        await writer.wait_closed()
        return held | {"descriptors": descriptors}

    def cpu(self) -> int:
        """The CPU time that it has taken, in nanoseconds, up to this moment.

        Other processes of the machine make no difference to it. What /proc says of a process that runs
        is as old as the last tick of the kernel's clock, which may be the time of 40 requests.
        """
        return time.clock_gettime_ns(~self._process.pid << 3 | _CPU_CLOCK)

    def memory(self) -> int:
        """Its resident memory, in bytes."""
        return self._status("VmRSS")

    def forget_peak(self) -> None:
        """Let `peak` begin at the present memory."""
        (self._proc / "clear_refs").write_text("5")

    def peak(self) -> int:
        """The highest memory since `forget_peak`."""
        return self._status("VmHWM")

    def log(self) -> str:
        """Return the log so far."""
        return self._log.read_text("utf-8", "replace")

    def _status(self, name: str) -> int:
        for line in (self._proc / "status").read_text().splitlines():
            if line.startswith(name):
                return 1_024 * int(line.split()[1])
        raise AssertionError(f"the process {self._process.pid} has ended; its log:\n{self.log()}")


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream
