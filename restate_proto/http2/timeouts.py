"""Ends connections and streams on which nothing has moved for too long.

Nothing is noted when bytes move. A timer of each connection looks, a few times in each timeout, at
values that change when something moves, and counts for how long they have not.
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
"""How often the shortest timeout is looked at while it runs."""


class WatchedConnection(Protocol):
    """What is looked at, and what is done where nothing moves."""

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
        """Sends a PING, whose answer counts as progress."""
        ...

    def drain(self) -> None:
        """Ends it when what runs has ended."""
        ...

    def end(self, code: int, reason: str) -> None:
        """Ends it: its peer does what it should not."""
        ...

    def drop(self, reason: str) -> None:
        """Ends it: its peer does not read."""
        ...

    def give_up_stream(self, stream: ServerStream, code: ErrorCode, reason: str) -> None:
        """Resets a stream whose peer does not do its part."""
        ...


class _Stall:
    """For how long a value has been the same."""

    __slots__ = ("_since", "_value")

    def __init__(self) -> None:
        self._value: object = None
        self._since = 0.0

    def seconds(self, value: object, now: float) -> float:
        """Seconds since the value was first seen as it is; 0 while it is None."""
        if value is None or value != self._value:
            self._value = value
            self._since = now
        return now - self._since


class Timeouts:
    """Watches one connection.

    Args:
        connection: the connection.
        limits: how long it may wait for what.
        loop: the running event loop, whose clock counts.
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
        """The connection is over."""
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
        """Drops a connection whose socket takes nothing."""
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
        """Ends a connection whose peer has begun a frame and does not go on.

        Of some frames the library tells nothing, complete or not. A PING finds out: its answer
        cannot come inside a frame, and counts as progress.
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
        """What a stream waits for from its peer, as a value that changes when some of it comes."""
        limits = self._limits
        if has_unsent and stream.measure():
            reason = "the peer took nothing of the response"
            return stream.sent, limits.write_timeout, ErrorCode.CANCEL, reason
        if stream.state is StreamState.ENDED:
            # All is said; a peer that does not end its side may be asked to (RFC 9113, 8.1).
            return "its end", limits.read_timeout, ErrorCode.NO_ERROR, "the request had no end"
        awaited = None if self._connection.intake.is_held else stream.receiver.awaited_input()
        return awaited, limits.read_timeout, ErrorCode.CANCEL, "nothing came of the request"

    def _look_at_idleness(self, now: float) -> None:
        connection = self._connection
        # By the newest stream: those that came and went since the last look count, too.
        value = None if connection.streams else connection.engine.newest
        if self._idle.seconds(value, now) >= self._limits.idle_timeout:
            connection.drain()
