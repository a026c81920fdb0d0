"""The limits of HTTP/2 connections, of a server of them, and of a client's."""

from __future__ import annotations

from dataclasses import dataclass, fields

__all__ = ["Http2Settings", "PoolLimits", "ServerLimits"]

_MIN_FRAME, _MAX_FRAME = 16_384, 2**24 - 1
_MAX_WINDOW = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Http2Settings:
    """What this side of a connection allows, and how much it buffers.

    Attributes:
        max_concurrent_streams: streams that the peer may have open at once on one connection.
        stream_window: bytes that the peer may send on one stream before they are acknowledged.
        max_frame_size: the largest frame payload that is accepted, in bytes (16 KiB to 16 MiB).
        max_header_list_size: the largest header list that is accepted, in bytes as RFC 9113
            counts them (each field is its length plus 32).
        high_water: a stream that has more unsent bytes than this is above its high-water mark.
        low_water: `drained` is called when no more unsent bytes than this are left.

    Raises:
        ValueError: a value is outside what HTTP/2 allows.
    """

    max_concurrent_streams: int = 1_000
    stream_window: int = 1_048_576
    max_frame_size: int = 65_536
    max_header_list_size: int = 65_536
    high_water: int = 131_072
    low_water: int = 32_768

    def __post_init__(self) -> None:
        if self.max_concurrent_streams < 1:
            raise ValueError("max_concurrent_streams must be at least 1")
        if not 1 <= self.stream_window <= _MAX_WINDOW:
            raise ValueError(f"stream_window must be between 1 and {_MAX_WINDOW}")
        if not _MIN_FRAME <= self.max_frame_size <= _MAX_FRAME:
            raise ValueError(f"max_frame_size must be between {_MIN_FRAME} and {_MAX_FRAME}")
        if not 0 <= self.low_water <= self.high_water:
            raise ValueError("low_water must be between 0 and high_water")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """Connections and timeouts of a server; `Http2Settings` has what one connection may do.

    Attributes:
        max_connections: open connections. One more takes the place of the oldest that has no
            stream, of the host that has most; where there is none, it is closed.
        handshake_timeout: seconds until the client's preface and SETTINGS must have come, and
            until TLS must be negotiated.
        idle_timeout: seconds without a stream after which a connection is drained.
        read_timeout: seconds in which more must come of a frame or header block that is not
            complete, and of a request that its receiver awaits.
        write_timeout: seconds in which the peer must take some of the output that waits for it.

    Raises:
        ValueError: a value is not positive.
    """

    max_connections: int = 500
    handshake_timeout: float = 10.0
    idle_timeout: float = 600.0
    read_timeout: float = 60.0
    write_timeout: float = 300.0

    def __post_init__(self) -> None:
        for each in fields(self):
            if getattr(self, each.name) <= 0:
                raise ValueError(f"{each.name} must be positive")


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolLimits:
    """The connections of a client, and how long it waits for what.

    Attributes:
        max_connections: connections at once that take requests.
        max_streams: streams at once on one connection, where the server allows more; None takes
            what the server allows.
        connect_timeout: seconds until a connection attempt counts as failed.
        pool_timeout: seconds that a request may wait for a free stream; None waits on.
        read_timeout: seconds of silence after which a connection with streams counts as lost. After
            half of them the server is asked for a sign of life by a PING.
        idle_timeout: seconds without a stream after which a connection is closed.
    """

    max_connections: int = 16
    max_streams: int | None = None
    connect_timeout: float = 10.0
    pool_timeout: float | None = None
    read_timeout: float = 60.0
    idle_timeout: float = 90.0
