"""The limits of a client, as users set them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from restate_proto.http2 import PoolLimits
from restate_proto.model.arguments import check_duration, check_number

__all__ = ["ClientLimits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLimits:
    """How many connections a client has, and how long it waits for what.

    None of these bounds how long a handler may take: `wait_for` is for that.

    Attributes:
        max_connections: connections at once that take requests. A call keeps its stream until its
            handler ends, for days where that sleeps, and Restate allows 200 streams on each
            connection: with few, waiting calls would keep the one waiting that ends their wait.
        max_streams: requests at once on one connection, where the server allows more; None takes
            what the server allows. With fewer, a proxy that spreads connections has more of them.
        connect_timeout: until a connection is made, and the server has greeted by its SETTINGS.
        pool_timeout: how long a request waits for a stream where all of all connections are used;
            None waits on. Nothing is sent before.
        read_timeout: how long the server may stay silent. What waits for no handler is answered
            in this time (a send, an output, a cancellation, ...), from the moment it is sent. A
            connection on which a call waits is asked for a sign of life after half of it, and
            counts as lost where none comes.
        idle_timeout: how long a connection is kept that is not used.

    Raises:
        ValueError: a value is outside what its limit can be; the message says what it can be.
        TypeError: a duration is no `timedelta`, or a number no `int`.
    """

    max_connections: int = 256
    max_streams: int | None = None
    connect_timeout: timedelta = timedelta(seconds=10)
    pool_timeout: timedelta | None = None
    read_timeout: timedelta = timedelta(seconds=60)
    idle_timeout: timedelta = timedelta(seconds=90)

    def __post_init__(self) -> None:
        check_number("ClientLimits", "max_connections", self.max_connections, 1, 65_535)
        if self.max_streams is not None:
            check_number("ClientLimits", "max_streams", self.max_streams, 1, 2**31 - 1)
        for name in ("connect_timeout", "read_timeout", "idle_timeout"):
            check_duration("ClientLimits", name, getattr(self, name))
        if self.pool_timeout is not None:
            check_duration("ClientLimits", "pool_timeout", self.pool_timeout)

    def of_pool(self) -> PoolLimits:
        """The same, for the connections."""
        return PoolLimits(
            max_connections=self.max_connections,
            max_streams=self.max_streams,
            connect_timeout=self.connect_timeout.total_seconds(),
            pool_timeout=None if self.pool_timeout is None else self.pool_timeout.total_seconds(),
            read_timeout=self.read_timeout.total_seconds(),
            idle_timeout=self.idle_timeout.total_seconds(),
        )
