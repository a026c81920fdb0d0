"""Spreads connections over the processes of one version, as a Kubernetes Service does."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import count

__all__ = ["Balancer"]


class Balancer:
    """Gives each connection to the next process that takes it.

    Args:
        ports: where the processes listen on 127.0.0.1.

    Attributes:
        url: the address of them all.
    """

    def __init__(self, ports: list[int]) -> None:
        self._ports = ports
        self._turn = count()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.url = ""

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """Stop listening, and end all connections."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._join(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for _ in self._ports:
                port = self._ports[next(self._turn) % len(self._ports)]
                with suppress(OSError):
                    behind_reader, behind = await asyncio.open_connection("127.0.0.1", port)
                    break
            else:
                return
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(_copy(reader, behind))
                    both.create_task(_copy(behind_reader, writer))
            finally:
                behind.close()
        finally:
            writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes, and its end; both sides end where one breaks."""
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()
