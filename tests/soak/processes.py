"""An endpoint of the soak: a supervisor and its workers, which are killed in every way."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.soak.census import CENSUS
from tests.soak.effects import EFFECTS

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["WORKERS", "EndpointProcess"]

ROOT = Path(__file__).parents[2]
WORKERS = 2
_ORPHANS_SECONDS = 60


class EndpointProcess:
    """Runs `restate-proto serve tests.soak.app:endpoint`.

    Args:
        engine: the HTTP/2 engine.
        directory: where its log goes, the log of its effects, and what it holds.
    """

    def __init__(self, engine: str, directory: Path) -> None:
        self.engine = engine
        self.directory = directory
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._orphans: list[int] = []

    @property
    def log(self) -> Path:
        """The file of its log, which it shares with those before and after it."""
        return self.directory / f"endpoint-{self.engine}.log"

    async def start(self) -> None:
        """Start the process on a port of its own; return once it listens."""
        serve = ["serve", "tests.soak.app:endpoint", "--bind", "127.0.0.1:0", "--grace", "5s"]
        environ = {
            **os.environ,
            "RESTATE_PROTO_HTTP2": self.engine,
            EFFECTS: str(self.directory / "effects.log"),
            CENSUS: str(self.directory),
        }
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - takes no time
                [sys.executable, "-m", "restate_proto", *serve, "--workers", str(WORKERS)],
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=ROOT,
                env=environ,
                start_new_session=True,  # so that a kill reaches the workers, too
            )
        assert self._process.stdout
        with self._process.stdout as stdout:
            line = (await asyncio.to_thread(stdout.readline)).decode()
        if f" with {self.engine} " not in line:
            raise RuntimeError(f"the endpoint did not start with {self.engine}: see {self.log}")
        self.port = int(line.rpartition(":")[2])

    @property
    def pid(self) -> int:
        """The process id of the supervisor."""
        assert self._process is not None
        return self._process.pid

    def workers(self) -> list[int]:
        """The process ids of its workers, the oldest first."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return sorted(int(pid) for pid in children.read_text().split())

    def hang_up(self) -> None:
        """Let new workers take the place of the present ones."""
        os.kill(self.pid, signal.SIGHUP)

    def kill_worker(self, number: int) -> None:
        """End one of its workers with SIGKILL, if it has any."""
        if workers := self.workers():
            os.kill(workers[number % len(workers)], signal.SIGKILL)

    async def kill_supervisor(self) -> None:
        """End the supervisor with SIGKILL; its workers end by themselves."""
        assert self._process is not None
        self._orphans += self.workers()
        self._process.kill()
        await asyncio.to_thread(self._process.wait)

    async def kill(self) -> None:
        """Kill the process and its workers, unless that was done."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            await asyncio.to_thread(self._process.wait)

    async def end(self) -> list[int]:
        """End all processes that it has started.

        Returns:
            The workers that have outlived their supervisor by more than they may.
        """
        await self.kill()
        for _ in range(_ORPHANS_SECONDS):
            if not any(map(_is_worker, self._orphans)):
                return []
            await asyncio.sleep(1)
        left = [pid for pid in self._orphans if _is_worker(pid)]
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        return left

    async def hand_over(self, take_over: Callable[[], None]) -> int:
        """Start another process, and end this one with SIGTERM.

        Args:
            take_over: called when the other one listens, at the port of its own.

        Returns:
            The exit code of the one that was.
        """
        before = self._process
        assert before is not None
        try:
            await self.start()
            take_over()
            before.terminate()
            return await asyncio.to_thread(before.wait)
        finally:
            if before.poll() is None:
                os.killpg(before.pid, signal.SIGKILL)


def _is_worker(pid: int) -> bool:
    """Return whether a process is a worker, since another may have its id by now."""
    try:
        return b"restate_proto.serving.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
