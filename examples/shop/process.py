"""Run the shop as a separate process that can be killed and started again."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[2]


class ShopProcess:
    """Runs `restate-proto serve examples.shop.main:endpoint`.

    Args:
        world: the address of the world around the shop.

    Attributes:
        address: its URL; the same after a restart.
    """

    def __init__(self, world: str) -> None:
        self._environ = {**os.environ, "SHOP_WORLD": world}
        self._process: Process | None = None
        self.address = ""

    @property
    def pid(self) -> int | None:
        """Its process id, while it runs."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start it, at its old address if it had one; returns when it listens."""
        listen = self.address.removeprefix("http://") or "127.0.0.1:0"
        serve = ["serve", "examples.shop.main:endpoint", "--bind", listen, "--log-level", "warning"]
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "restate_proto", *serve),
            stdout=PIPE,
            cwd=ROOT,
            env=self._environ,
        )
        assert self._process.stdout
        line = await self._process.stdout.readline()  # "Serving 11 handlers ... at http://..."
        if not line:
            raise RuntimeError("the shop did not start; what it said is above")
        self.address = line.decode().split()[-1]

    async def kill(self) -> None:
        """End it with SIGKILL, as the kernel does where memory is short."""
        process, self._process = self._process, None
        if process and process.returncode is None:
            process.kill()
            await process.wait()

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.kill()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kill()
