"""The limits of a client that a user sets; apart, because servers do not import them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PoolLimits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolLimits:
    """The connections of a client, and how long it waits for each step.

    Attributes:
        max_connections: the most connections that take requests at once.
        max_streams: the most streams at once on one connection, if the server allows more; None for
            as many as the server allows.
        connect_timeout: seconds until a connection attempt counts as failed.
        pool_timeout: seconds that a request may wait for a free stream; None waits for ever.
        read_timeout: seconds of silence after which a connection with streams counts as lost. After
            half of them, the server is sent a PING.
        idle_timeout: seconds without a stream after which a connection is closed.
    """

    max_connections: int = 16
    max_streams: int | None = None
    connect_timeout: float = 10.0
    pool_timeout: float | None = None
    read_timeout: float = 60.0
    idle_timeout: float = 90.0
