"""A proxy that cuts connections at any byte and stalls, as networks do, but by a seed."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Fate", "Happening", "Proxy"]

_CHUNK = 65_536
_HALF_OPEN_SECONDS = 2.0


class Happening(Enum):
    """What happens to a connection."""

    RESET = "resets"
    """Both sides get a RST."""
    END = "ends"
    """Both sides get a FIN."""
    HALF = "half ends"
    """The receiving side gets a FIN, and may write on for a while."""
    STALL = "stalls"
    """For a while nothing comes; then it goes on."""


@dataclass
class Fate:
    """What will happen to one direction of a connection.

    Args:
        after: how many bytes are passed on before.
        what: what happens then.
        seconds: how long it stalls.
    """

    after: int
    what: Happening
    seconds: float = 0.0


class Proxy:
    """Passes each connection to the next process that accepts it, and ends some in the middle.

    Args:
        seed: what happens to the connections, in the order in which they come.
        mean_bytes: after how many bytes of a direction something happens, in the mean.
        stall: how many seconds a connection stalls at the most.

    Attributes:
        ports: where the processes listen on 127.0.0.1.
        url: the address of them all.
        happened: how often what happened.
        is_fair: whether nothing happens at present.
    """

    def __init__(self, seed: str, mean_bytes: int, *, stall: float = 0.5) -> None:
        self._seed = seed
        self._mean_bytes = mean_bytes
        self._stall = stall
        self._numbers = count()
        self._turn = count()
        self._joined: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.ports: Sequence[int] = ()
        self.url = ""
        self.happened: Counter[Happening] = Counter()
        self.is_fair = False

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        await self.cut_all()

    @property
    def cuts(self) -> int:
        """How many connections were cut."""
        return self.happened.total() - self.happened[Happening.STALL]

    async def cut_all(self) -> None:
        """End all connections."""
        for task in self._joined:
            task.cancel()
        await asyncio.gather(*self._joined, return_exceptions=True)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._join(reader, writer))
        self._joined.add(task)
        task.add_done_callback(self._joined.discard)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = next(self._numbers)
        there, back = (Random(f"{self._seed} {number} {way}") for way in ("there", "back"))
        behind = None
        try:
            for _ in self.ports:
                port = self.ports[next(self._turn) % len(self.ports)]
                with suppress(OSError):
                    behind_reader, behind = await asyncio.open_connection("127.0.0.1", port)
                    break
            else:
                return
            directions = {
                asyncio.create_task(self._pass_on(reader, behind, there)),
                asyncio.create_task(self._pass_on(behind_reader, writer, back)),
            }
            await self._until_over(directions, writer, behind)
        finally:
            writer.close()
            if behind is not None:
                behind.close()

    async def _until_over(
        self,
        directions: set[asyncio.Task[Happening | None]],
        *writers: asyncio.StreamWriter,
    ) -> None:
        """Return once both directions have ended, or one in a way that ends the other."""
        try:
            done, others = await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
            happening = done.pop().result()
            if happening is Happening.RESET:
                for writer in writers:
                    _reset(writer)
            elif happening is not Happening.END and others:
                # One side has nothing more to say; the other may go on until it has said it all.
                timeout = _HALF_OPEN_SECONDS if happening is Happening.HALF else None
                await asyncio.wait(others, timeout=timeout)
        finally:
            for direction in directions:
                direction.cancel()
            await asyncio.gather(*directions, return_exceptions=True)

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, random: Random
    ) -> Happening | None:
        """Pass bytes on until the direction ends or is ended; return how it ended."""
        fate = self._next_fate(random)
        with suppress(OSError, RuntimeError):  # the latter is uvloop's word for a closed transport
            while data := await reader.read(_CHUNK):
                while len(data) >= fate.after and not self.is_fair:
                    writer.write(data[: fate.after])
                    await writer.drain()
                    data = data[fate.after :]
                    self.happened[fate.what] += 1
                    if fate.what is not Happening.STALL:
                        if fate.what is Happening.HALF:
                            writer.write_eof()
                        return fate.what
                    await asyncio.sleep(fate.seconds)
                    fate = self._next_fate(random)
                fate.after = max(fate.after - len(data), 0)
                writer.write(data)
                await writer.drain()
            writer.write_eof()
        return None

    def _next_fate(self, random: Random) -> Fate:
        return Fate(
            after=1 + int(random.expovariate(1 / self._mean_bytes)),
            what=random.choice(list(Happening)),
            seconds=random.uniform(0, self._stall),
        )


def _reset(writer: asyncio.StreamWriter) -> None:
    """Send the other side a RST in place of a FIN."""
    connection: socket.socket | None = writer.get_extra_info("socket")
    if connection is not None:
        with suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
