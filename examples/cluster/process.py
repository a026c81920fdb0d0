"""A process that serves one version of the code, with two workers."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from pathlib import Path

__all__ = ["WORKERS", "LedgerProcess"]

ROOT = Path(__file__).parents[2]
WORKERS = 2


class LedgerProcess:
    """Runs `restate-proto serve examples.cluster.main:endpoint`.

    Args:
        version: the version of the code.

    Attributes:
        url: its address.
    """

    def __init__(self, version: str) -> None:
        self._environ = {**os.environ, "LEDGER_VERSION": version}
        self._process: Process | None = None
        self.url = ""

    @property
    def port(self) -> int:
        """The port of its address."""
        return int(self.url.rpartition(":")[2])

    async def start(self) -> None:
        """Start it; returns when it listens."""
        serve = ["serve", "examples.cluster.main:endpoint", "--bind", "127.0.0.1:0"]
        options = ["--workers", str(WORKERS), "--log-level", "error"]
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "restate_proto", *serve, *options),
            stdout=PIPE,
            cwd=ROOT,
            env=self._environ,
            start_new_session=True,  # so that a kill reaches the workers, too
        )
        assert self._process.stdout
        line = await self._process.stdout.readline()  # "Serving 3 handlers ... at http://..."
        if not line:
            raise RuntimeError("the endpoint did not start; what it said is above")
        self.url = line.decode().split()[-1]

    async def kill(self) -> None:
        """End it and its workers with SIGKILL. Does nothing where that was done."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
