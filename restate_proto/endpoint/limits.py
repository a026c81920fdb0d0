"""The limits of an endpoint, as users set them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from restate_proto.http2 import Http2Settings, ServerLimits
from restate_proto.protocol import MAX_LENGTH

__all__ = ["Limits"]

_RESTATE_KEEPS: Final = timedelta(minutes=5)
# A stream goes on when the unsent output has fallen to this part of what it may be.
_LOW_WATER: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of an endpoint; docs/limits.md says what happens when one is reached.

    Attributes:
        max_inbound_message: bytes of one message of the service protocol: an entry of the journal,
            a state value, a request. Restate's own limit is 32 MiB.
        max_outbound_message: bytes of a message of the service protocol that is not written any
            more, because Restate would not take it: its own `message-size-limit`.
        max_streams: streams, which are attempts of invocations, at once on one connection.
        max_connections: open connections.
        max_header_bytes: bytes of the header fields of one request, each counted with 32 more.
        max_buffered_output: bytes that a stream may have unsent before its handler has to wait.
        handshake_timeout: until a new connection has negotiated TLS, and again until it has begun
            to speak HTTP/2.
        idle_timeout: how long a connection may have no stream. Longer than 5 minutes, for which
            Restate keeps a connection that it does not use.
        read_timeout: how long nothing may come of what has begun: a frame, a message, a journal.
        write_timeout: how long a peer may take nothing of the output that waits for it.

    Raises:
        ValueError: a value is outside what its limit can be; a message says what it can be.
        TypeError: a duration is no `timedelta`, or a number no `int`.
    """

    max_inbound_message: int = 67_108_864
    max_outbound_message: int = 33_554_432
    max_streams: int = 1_000
    max_connections: int = 500
    max_header_bytes: int = 65_536
    max_buffered_output: int = 131_072
    handshake_timeout: timedelta = timedelta(seconds=10)
    idle_timeout: timedelta = timedelta(minutes=10)
    read_timeout: timedelta = timedelta(minutes=1)
    write_timeout: timedelta = timedelta(minutes=5)

    def __post_init__(self) -> None:
        self._check_number("max_inbound_message", 1_024, MAX_LENGTH)
        self._check_number("max_outbound_message", 2**20, MAX_LENGTH)
        self._check_number("max_streams", 1, 2**31 - 1)
        self._check_number("max_connections", 1, 2**31 - 1)
        self._check_number("max_header_bytes", 4_096, 2**24)
        self._check_number("max_buffered_output", 1, 2**31 - 1)
        for name in ("handshake_timeout", "idle_timeout", "read_timeout", "write_timeout"):
            self._check_duration(name)
        if self.idle_timeout <= _RESTATE_KEEPS:
            raise ValueError(
                f"idle_timeout={self.idle_timeout!r} must be longer than 5 minutes: Restate keeps a "
                "connection that it does not use for so long, and expects it to be there"
            )

    def _check_number(self, name: str, least: int, most: int) -> None:
        value: object = getattr(self, name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"{name} takes an int, not {value!r}")
        if not least <= value <= most:
            raise ValueError(f"{name}={value} must be {least} to {most}")

    def _check_duration(self, name: str) -> None:
        value: object = getattr(self, name)
        if not isinstance(value, timedelta):
            raise TypeError(
                f"{name} takes a timedelta, such as timedelta(seconds=30), not {value!r}"
            )
        if value <= timedelta(0):
            raise ValueError(f"{name}={value!r} must be longer than nothing")

    def of_connection(self) -> Http2Settings:
        """What one connection may do."""
        return Http2Settings(
            max_concurrent_streams=self.max_streams,
            max_header_list_size=self.max_header_bytes,
            high_water=self.max_buffered_output,
            low_water=self.max_buffered_output // _LOW_WATER,
        )

    def of_server(self) -> ServerLimits:
        """What all connections together may do, and how long they may take."""
        return ServerLimits(
            max_connections=self.max_connections,
            handshake_timeout=self.handshake_timeout.total_seconds(),
            idle_timeout=self.idle_timeout.total_seconds(),
            read_timeout=self.read_timeout.total_seconds(),
            write_timeout=self.write_timeout.total_seconds(),
        )
