"""Watch a client's connection: test a silent server, and close what is unused.

A response may take days, and a connection that a router has forgotten looks just as silent. So
silence alone means nothing; only a PING that stays unanswered does. The watch counts how often its
timer found nothing, not the time: a process that was asleep sends a PING before it gives up.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Protocol

from restate_proto.http2.states import ConnectionState

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

    from restate_proto.http2.intake import Intake
    from restate_proto.http2.pool_limits import PoolLimits

__all__ = ["Keepalive"]

_LOOKS: Final = 4
"""How often the timer looks within the shorter of the two timeouts."""
_ASKS: Final = 2
"""After how many silent looks a PING is sent."""


class WatchedConnection(Protocol):
    """What is needed of the connection that is watched.

    Attributes:
        state: the phase of its life.
        intake: reads its bytes.
        is_silent: whether nothing was read since the last look.
        is_unused: whether no stream was opened since the last look.
    """

    state: ConnectionState
    intake: Intake
    is_silent: bool
    is_unused: bool

    @property
    def streams(self) -> Mapping[int, object]:
        """The open streams by their id."""
        ...

    def ping(self) -> None:
        """Send a PING."""
        ...

    def drop(self, reason: str) -> None:
        """End the connection now, because its peer is gone."""
        ...

    def retire(self) -> None:
        """Open no more streams, and close the socket once the running ones have ended."""
        ...


class Keepalive:
    """Watches one connection.

    Args:
        connection: the connection.
        limits: how long it may be silent, and how long unused.
        loop: the running event loop.
    """

    __slots__ = ("_connection", "_interval", "_limits", "_loop", "_silent", "_timer", "_unused")

    def __init__(
        self,
        connection: WatchedConnection,
        limits: PoolLimits,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._connection = connection
        self._limits = limits
        self._loop = loop
        self._silent = 0
        self._unused = 0
        self._interval = min(limits.read_timeout, limits.idle_timeout) / _LOOKS
        self._timer = loop.call_later(self._interval, self._look)

    def stop(self) -> None:
        """Stop watching, because the connection is over."""
        self._timer.cancel()

    def _look(self) -> None:
        connection = self._connection
        if connection.state >= ConnectionState.CLOSING:
            return
        self._timer = self._loop.call_later(self._interval, self._look)
        self._look_for_silence(connection)
        self._look_for_use(connection)

    def _look_for_silence(self, connection: WatchedConnection) -> None:
        listens = connection.streams and not connection.intake.is_held
        self._silent = self._silent + 1 if listens and connection.is_silent else 0
        connection.is_silent = True
        timeout = self._limits.read_timeout
        most = math.ceil(timeout / self._interval)
        if self._silent >= most:
            connection.drop(
                f"the server sent nothing for {timeout:g} s, not even the answer to a PING"
            )
        elif self._silent == most // _ASKS:
            connection.ping()

    def _look_for_use(self, connection: WatchedConnection) -> None:
        used = connection.streams or not connection.is_unused
        connection.is_unused = True
        self._unused = 0 if used else self._unused + 1
        if self._unused * self._interval >= self._limits.idle_timeout:
            connection.retire()
