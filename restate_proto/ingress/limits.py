"""`ClientLimits`: the limits of a client."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from restate_proto.http2.pool_limits import PoolLimits
from restate_proto.model.arguments import check_duration, check_number

__all__ = ["ClientLimits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLimits:
    """The limits of a client's connections and of its waiting times.

    They do not limit how long a handler may take; `wait_for` does that.

    Attributes:
        max_connections: how many connections may be open at once. A call keeps its stream until its
            handler ends, which may take days, and Restate allows 200 streams per connection. With
            too few connections, waiting calls could block the very request that would end their
            wait.
        max_streams: how many requests one connection may have at once; None takes the server's
            limit. A lower number opens more connections, which a proxy can spread.
        connect_timeout: how long connecting may take, including the server's SETTINGS.
        pool_timeout: how long a request waits for a free stream before it is sent; None waits for
            ever.
        read_timeout: how long the server may stay silent. Requests that do not wait for a handler
            (a send, an output, a cancellation, ...) must be answered in this time. A connection
            with waiting calls gets a PING after half of it, and counts as lost if that is not
            answered.
        idle_timeout: how long an unused connection is kept.

    Raises:
        ValueError: a value is out of range; the message gives the range.
        TypeError: a duration is not a `timedelta`, or a number is not an `int`.
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
        """Return the limits of the pool of connections."""
        return PoolLimits(
            max_connections=self.max_connections,
            max_streams=self.max_streams,
            connect_timeout=self.connect_timeout.total_seconds(),
            pool_timeout=None if self.pool_timeout is None else self.pool_timeout.total_seconds(),
            read_timeout=self.read_timeout.total_seconds(),
            idle_timeout=self.idle_timeout.total_seconds(),
        )
