"""The limits of an endpoint, as users set them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from restate_proto.http2.limits import Http2Settings, ServerLimits
from restate_proto.protocol import MAX_LENGTH

__all__ = ["Limits"]

_RESTATE_KEEPS: Final = timedelta(minutes=5)
# A stream goes on when its unsent output has fallen to this fraction of the maximum.
_LOW_WATER: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of an endpoint; docs/limits.md says what happens when one is reached.

    Attributes:
        max_inbound_message: the size in bytes of one message of the service protocol that the
            endpoint reads: an entry of the journal, a state value, a request. Restate's own limit
            is 32 MiB.
        max_outbound_message: the size in bytes of one message that it writes. Set it to the
            server's `message-size-limit`: Restate would not accept a longer one.
        max_streams: how many streams (attempts of invocations) one connection may have at once.
        max_connections: how many connections may be open.
        max_header_bytes: the size in bytes of the header fields of one request, with 32 added for
            each field.
        max_buffered_output: how many bytes a stream may have unsent before its handler has to wait.
        handshake_timeout: how long a new connection may take to negotiate TLS, and again to begin
            speaking HTTP/2.
        idle_timeout: how long a connection may be without a stream. It must be longer than 5
            minutes, for which Restate keeps an unused connection.
        read_timeout: how long a peer may pause inside of a frame, a message or a journal.
        write_timeout: how long a peer may leave output unread.

    Raises:
        ValueError: a value is out of range; the message gives the range.
        TypeError: a duration is not a `timedelta`, or a number is not an `int`.
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
                f"idle_timeout={self.idle_timeout!r} must be longer than 5 minutes: Restate keeps "
                "an unused connection for that long, and expects it to be there"
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
            raise ValueError(f"{name}={value!r} must be longer than zero")

    def of_connection(self) -> Http2Settings:
        """Return the limits of one connection."""
        return Http2Settings(
            max_concurrent_streams=self.max_streams,
            max_header_list_size=self.max_header_bytes,
            high_water=self.max_buffered_output,
            low_water=self.max_buffered_output // _LOW_WATER,
        )

    def of_server(self) -> ServerLimits:
        """Return the limits of all connections together, and the timeouts."""
        return ServerLimits(
            max_connections=self.max_connections,
            handshake_timeout=self.handshake_timeout.total_seconds(),
            idle_timeout=self.idle_timeout.total_seconds(),
            read_timeout=self.read_timeout.total_seconds(),
            write_timeout=self.write_timeout.total_seconds(),
        )
