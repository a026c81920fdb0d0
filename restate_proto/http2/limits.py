"""The limits that a user sets: of a connection and of a server."""

from __future__ import annotations

from dataclasses import dataclass, fields

__all__ = ["Http2Settings", "ServerLimits"]

_MIN_FRAME, _MAX_FRAME = 16_384, 2**24 - 1
_MAX_WINDOW = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Http2Settings:
    """What this side of a connection allows, and how much it buffers.

    Attributes:
        max_concurrent_streams: streams that the peer may have open at once on one connection.
        stream_window: bytes that the peer may send on one stream before they are acknowledged.
        max_frame_size: the largest accepted frame payload, in bytes (16 KiB to 16 MiB).
        max_header_list_size: the largest accepted header list, in bytes as RFC 9113 counts them
            (each field has its length plus 32).
        high_water: a stream with more unsent bytes than this is above its high-water mark.
        low_water: `drained` is called once no more unsent bytes than this are left.

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
    """The connections and timeouts of a server; `Http2Settings` has the limits of one connection.

    Attributes:
        max_connections: the most open connections. A further one replaces the oldest connection
            without a stream, of the host that has most connections; if there is none, the further
            one is closed.
        handshake_timeout: seconds within which TLS must be negotiated, and within which the
            client's preface and SETTINGS must have come.
        idle_timeout: seconds without a stream after which a connection is drained.
        read_timeout: seconds within which more must come of an incomplete frame or header block,
            and of a request that its receiver awaits.
        write_timeout: seconds within which the peer must take some of the waiting output.

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
