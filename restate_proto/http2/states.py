"""The states of a connection and of a stream: what each means, and which may follow which.

A connection goes through these from top to bottom: it may leave some out, and comes back to none.

    OPENING      the peer's SETTINGS have not come
    OPEN         streams begin and end
    NOTICED      the peer is told that the end is near (GOAWAY), or that it may begin no more streams
                 (SETTINGS); until it knows, streams may begin
    DRAINING     no stream begins any more; those that run go on
    CONFIRMING   none runs; a PING asks whether the peer has read all of them
    CLOSING      nothing more is read; the socket has not taken all of the output
    LINGERING    it has, and our side is closed; input is dropped until the peer closes its own
    CLOSED       the socket is gone

Only a server gives notice, refuses streams one by one and asks; a client that drains opens no
streams, and closes after the last one. A client lingers only where the server broke the rules: else
it has read all that it asked for.

A stream, by what our side of it may do next; what the peer's side does is told to the receiver, and
the engine keeps it:

    HEADERS      send the response's headers
    BODY         send the body
    ENDED        nothing; the peer's side goes on
    GONE         nothing; the peer's side has ended as well, or the stream was reset
"""

from __future__ import annotations

from enum import IntEnum

__all__ = ["ConnectionState", "StreamState"]


class ConnectionState(IntEnum):
    """Where a connection is in its life; what comes later is greater."""

    OPENING = 0
    OPEN = 1
    NOTICED = 2
    DRAINING = 3
    CONFIRMING = 4
    CLOSING = 5
    LINGERING = 6
    CLOSED = 7


class StreamState(IntEnum):
    """What our side of a stream may do next."""

    HEADERS = 0
    BODY = 1
    ENDED = 2
    GONE = 3
