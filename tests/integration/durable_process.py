"""The endpoint `durable_app` in a process that tests kill."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import IO

__all__ = ["ROOT", "Process"]

ROOT = Path(__file__).parents[2]


class Process:
    """The endpoint `durable_app` in a process of its own."""

    def __init__(self, port: int, *arguments: str) -> None:
        path = os.pathsep.join((str(ROOT), str(ROOT / "generated")))
        environ = os.environ | {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}
        self._process = subprocess.Popen(
            (
                sys.executable,
                "-m",
                "tests.integration.durable_app",
                f"127.0.0.1:{port}",
                *arguments,
            ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=environ,
            text=True,
        )
        self.port = port
        assert self._pipe(self._process.stdout).readline().startswith("Serving ")

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe

    async def line(self) -> str:
        """The next line that it says."""
        line = await asyncio.to_thread(self._pipe(self._process.stdout).readline)
        return line.strip()

    def tell(self, line: str) -> None:
        """Give it a line that it waits for."""
        pipe = self._pipe(self._process.stdin)
        pipe.write(line + "\n")
        pipe.flush()

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    async def until_refusing(self) -> None:
        """Wait until it takes no connections any more."""
        with contextlib.suppress(ConnectionRefusedError, ConnectionResetError):
            while True:
                socket.create_connection(("127.0.0.1", self.port)).close()
                await asyncio.sleep(0)

    async def ended(self) -> tuple[int, list[str]]:
        """Wait for its end: its exit status, and what else it said."""
        rest, _ = await asyncio.to_thread(self._process.communicate)
        return self._process.returncode, rest.splitlines()

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()
