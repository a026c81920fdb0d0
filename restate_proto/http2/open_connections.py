"""The open connections of one server: counts them, and closes an idle one to admit a new one."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Protocol

from restate_proto.http2.intake import Turns
from restate_proto.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from restate_proto.http2.limits import ServerLimits

__all__ = ["Connections", "OpenConnection", "host_of"]

log = get_logger("restate_proto.http2")


class OpenConnection(Protocol):
    """What is needed of a connection to count it and to stop it.

    Attributes:
        peer: the host that it comes from.
        transport: its socket, while that is open.
    """

    peer: str
    transport: asyncio.Transport | None

    @property
    def is_over(self) -> bool:
        """Whether its socket is about to be closed."""
        ...

    @property
    def is_spare(self) -> bool:
        """Whether nothing runs on it, so that it can be closed to make room."""
        ...

    def running_paths(self) -> Sequence[str]:
        """Return the paths of the requests that run on it."""
        ...

    def displace(self) -> None:
        """End the connection, on which nothing runs, to make room for another."""
        ...

    def drain(self) -> None:
        """End the connection once its streams have ended, and tell the client so at once."""
        ...

    def forbid_streams(self) -> None:
        """End the connection like `drain`, but tell the client when it has read everything."""
        ...

    def tell_draining(self) -> None:
        """Tell the receivers of its streams that the server stops."""
        ...

    def stop(self, reason: str) -> None:
        """End the connection now."""
        ...


class Connections:
    """The open connections of one server.

    Attributes:
        limits: what all of them together may do.
        turns: the queue of those that have more than their share to read.
        draining: whether the server stops, so that new connections are closed.
    """

    def __init__(self, limits: ServerLimits) -> None:
        self.limits = limits
        self.draining = False
        self.turns = Turns()
        # The oldest first.
        self._open: dict[OpenConnection, None] = {}
        self._is_full = False
        self._empty = asyncio.Event()
        self._empty.set()

    def __iter__(self) -> Iterator[OpenConnection]:
        return iter(list(self._open))

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: OpenConnection) -> None:
        """Add a connection that is open."""
        self._open[connection] = None
        self._empty.clear()

    def discard(self, connection: OpenConnection) -> None:
        """Remove a connection that is closed."""
        self._open.pop(connection, None)
        if not self._open:
            self._empty.set()

    def admit(self, peer: str) -> bool:
        """Return whether one more may be added; close one without a stream if that makes room.

        Args:
            peer: the host that the new connection comes from.
        """
        if len(self._open) < self.limits.max_connections:
            self._is_full = False
            return True
        over = [each for each in self._open if each.is_over]
        for slowest in over[: max(0, len(over) - self.limits.max_connections + 1)]:
            if slowest.transport is not None:
                slowest.transport.abort()
        spare = [each for each in self._open if each.is_spare]
        busy = len(self._open) - len(spare) - len(over)
        if busy + len(spare) < self.limits.max_connections:
            return True
        counts = Counter(each.peer for each in self._open if not each.is_over)
        victim = max(spare, key=lambda each: counts[each.peer], default=None)
        if victim is not None:
            victim.displace()
            return True
        if not self._is_full:
            self._is_full = True
            log.warning(
                "closing a connection from %s: %d others have running streams",
                peer,
                self.limits.max_connections,
            )
        return False

    async def closed(self, seconds: float) -> bool:
        """Wait until all are closed; return False if that takes longer."""
        try:
            async with asyncio.timeout(seconds):
                await self._empty.wait()
        except TimeoutError:
            return False
        return True


def host_of(transport: asyncio.BaseTransport) -> str:
    """Return the host at the other end of a connection; "" if the socket has none."""
    name: Sequence[object] | str | None = transport.get_extra_info("peername")
    return str(name[0]) if name and not isinstance(name, str) else ""
