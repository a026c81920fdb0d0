"""What one server allows all its connections together, and for how long it waits for a peer."""

from __future__ import annotations

from dataclasses import dataclass, fields

__all__ = ["ServerLimits"]


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
