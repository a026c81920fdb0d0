"""End connections and streams on which nothing has moved for too long.

Moving bytes are not recorded, which would cost something for each of them. Instead, a timer of each
connection looks a few times per timeout at values that change when something moves, and measures
for how long they have not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from restate_proto.http2.errors import ErrorCode
from restate_proto.http2.states import ConnectionState, StreamState

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

    from restate_proto.http2.engines.base import Engine
    from restate_proto.http2.intake import Intake
    from restate_proto.http2.limits import ServerLimits
    from restate_proto.http2.stream import ServerStream

__all__ = ["Timeouts", "WatchedConnection"]

_LOOKS: Final = 4
"""How often the timer looks within the shortest timeout."""


class WatchedConnection(Protocol):
    """What is needed of the connection that is watched."""

    state: ConnectionState
    transport: asyncio.Transport | None
    engine: Engine
    intake: Intake
    socket_is_full: bool
    times_full: int

    @property
    def streams(self) -> Mapping[int, ServerStream]:
        """The open streams by their id."""
        ...

    def ping(self) -> None:
        """Send a PING; its answer counts as movement."""
        ...

    def drain(self) -> None:
        """End the connection once its streams have ended."""
        ...

    def end(self, code: int, reason: str) -> None:
        """End the connection, because its peer violates the rules."""
        ...

    def drop(self, reason: str) -> None:
        """End the connection, because its peer does not read."""
        ...

    def give_up_stream(self, stream: ServerStream, code: ErrorCode, reason: str) -> None:
        """Reset a stream whose peer does not do its part."""
        ...


class _Stall:
    """Measures for how long a value has stayed the same."""

    __slots__ = ("_since", "_value")

    def __init__(self) -> None:
        self._value: object = None
        self._since = 0.0

    def seconds(self, value: object, now: float) -> float:
        """Return the seconds since the value last changed; 0 while it is None."""
        if value is None or value != self._value:
            self._value = value
            self._since = now
        return now - self._since


class Timeouts:
    """Watches one connection.

    Args:
        connection: the connection.
        limits: how long it may wait for each kind of movement.
        loop: the running event loop, whose clock is used.
    """

    __slots__ = (
        "_connection",
        "_frame",
        "_handshake",
        "_idle",
        "_interval",
        "_limits",
        "_loop",
        "_output",
        "_probed",
        "_streams",
        "_timer",
    )

    def __init__(
        self, connection: WatchedConnection, limits: ServerLimits, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._connection = connection
        self._limits = limits
        self._loop = loop
        self._handshake = _Stall()
        self._idle = _Stall()
        self._frame = _Stall()
        self._output = _Stall()
        self._streams: dict[int, _Stall] = {}
        self._probed = False
        shortest = min(
            limits.handshake_timeout,
            limits.idle_timeout,
            limits.read_timeout,
            limits.write_timeout,
        )
        self._interval = shortest / _LOOKS
        self._timer = loop.call_soon(self._look)

    def stop(self) -> None:
        """Stop watching, because the connection is over."""
        self._timer.cancel()

    def _look(self) -> None:
        self._timer = self._loop.call_later(self._interval, self._look)
        now = self._loop.time()
        if self._look_at_output(now) or self._connection.state >= ConnectionState.CLOSING:
            return
        if not self._look_at_handshake(now) and not self._look_at_frame(now):
            self._look_at_streams(now)
            self._look_at_idleness(now)

    def _look_at_output(self, now: float) -> bool:
        """Drop a connection whose socket takes nothing."""
        connection = self._connection
        transport = connection.transport
        if transport is None:
            return True
        waits = connection.socket_is_full or connection.state >= ConnectionState.CLOSING
        value = (connection.times_full, transport.get_write_buffer_size()) if waits else None
        if self._output.seconds(value, now) < self._limits.write_timeout:
            return False
        connection.drop(f"the peer took no output for {self._limits.write_timeout:g} s")
        return True

    def _look_at_handshake(self, now: float) -> bool:
        value = "waits" if self._connection.state is ConnectionState.OPENING else None
        if self._handshake.seconds(value, now) < self._limits.handshake_timeout:
            return False
        self._connection.end(
            ErrorCode.SETTINGS_TIMEOUT, f"no SETTINGS for {self._limits.handshake_timeout:g} s"
        )
        return True

    def _look_at_frame(self, now: float) -> bool:
        """End a connection whose peer has begun a frame and does not go on.

        The library does not report some frames, complete or not. A PING settles it: its answer
        cannot come inside a frame, and counts as movement.
        """
        connection = self._connection
        engine = connection.engine
        waits = engine.is_unfinished and not connection.intake.is_held
        seconds = self._frame.seconds(engine.work if waits else None, now)
        timeout = self._limits.read_timeout
        if seconds >= timeout:
            connection.end(ErrorCode.PROTOCOL_ERROR, f"an unfinished frame for {timeout:g} s")
            return True
        if seconds < timeout / 2:
            self._probed = False
        elif not self._probed:
            self._probed = True
            connection.ping()
        return False

    def _look_at_streams(self, now: float) -> None:
        connection = self._connection
        has_unsent = connection.engine.has_unsent
        stalls: dict[int, _Stall] = {}
        for stream in list(connection.streams.values()):
            value, timeout, code, reason = self._waits_for(stream, has_unsent=has_unsent)
            if value is None:
                continue
            stall = self._streams.get(stream.id) or _Stall()
            if stall.seconds((reason, value), now) < timeout:
                stalls[stream.id] = stall
            else:
                connection.give_up_stream(stream, code, f"{reason} for {timeout:g} s")
        self._streams = stalls

    def _waits_for(
        self, stream: ServerStream, *, has_unsent: bool
    ) -> tuple[object, float, ErrorCode, str]:
        """Return what a stream awaits, as a changing value; its timeout, code and reason."""
        limits = self._limits
        if has_unsent and stream.measure():
            reason = "the peer took nothing of the response"
            return stream.sent, limits.write_timeout, ErrorCode.CANCEL, reason
        if stream.state is StreamState.ENDED:
            # The response is complete; the peer may be asked to end its side (RFC 9113, 8.1).
            return "its end", limits.read_timeout, ErrorCode.NO_ERROR, "the request had no end"
        awaited = None if self._connection.intake.is_held else stream.receiver.awaited_input()
        return awaited, limits.read_timeout, ErrorCode.CANCEL, "nothing came of the request"

    def _look_at_idleness(self, now: float) -> None:
        connection = self._connection
        # Judged by the newest stream, so that streams which came and went since the last look count.
        value = None if connection.streams else connection.engine.newest
        if self._idle.seconds(value, now) >= self._limits.idle_timeout:
            connection.drain()
