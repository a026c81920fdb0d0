"""The states of a connection and of a stream: what each means, and which may follow which.

A connection goes through these states from top to bottom; it may skip some, and never goes back.

    OPENING      the peer's SETTINGS have not come
    OPEN         streams begin and end
    NOTICED      the peer was told that the end is near (by GOAWAY), or that it may open no more
                 streams (by SETTINGS); until it has confirmed, streams may begin
    DRAINING     no stream begins any more; those that run go on
    CONFIRMING   no stream is left; a PING asks whether the peer has read everything
    CLOSING      nothing more is read; the socket has not taken all output yet
    LINGERING    it has, and our side is closed; input is dropped until the peer closes its side
    CLOSED       the socket is gone

Only a server gives notice, refuses single streams and asks for confirmation. A client that drains
opens no streams, and closes after the last one. A client lingers only if the server broke the rules;
otherwise it has read everything that it asked for.

The states of a stream say what our side may do next. (What the peer's side does is reported to the
receiver, and the engine keeps track of it.)

    HEADERS      send the response's headers
    BODY         send the body
    ENDED        nothing; the peer's side goes on
    GONE         nothing; the peer's side has ended as well, or the stream was reset
"""

from __future__ import annotations

from enum import IntEnum

__all__ = ["ConnectionState", "StreamState"]


class ConnectionState(IntEnum):
    """The phase of a connection's life; a later phase is a greater number."""

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
