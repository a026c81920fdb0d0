"""The seam between a connection and the library that speaks HTTP/2's wire format.

An engine does no I/O: `receive` takes bytes and calls the sink; `output` returns bytes to write.
Whatever is peculiar to a library stays inside its engine module. All engines have in common:

- Sending never blocks. What the peer's windows do not allow yet is buffered in the engine and
  counted by `buffered`. `output` returns about `OUTPUT_CHUNK` bytes at a time, so that with a slow
  socket the rest stays where it is counted.
- The connection's receive window never closes. A stream's window opens by `acknowledge` only;
  padding and streams that have ended are the engine's business.
- An operation on a stream that is gone does nothing. `respond` and `send`, which run for every
  message, are exceptions: they may be the library's own functions and raise what `gone` lists.
- A broken connection is reported once, by `on_terminated`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from restate_proto.http2.limits import Http2Settings

__all__ = [
    "BODY_CREDIT",
    "FIELD_COST",
    "HEADERS_CREDIT",
    "MANY_FIELDS",
    "NO_STREAMS",
    "OUTPUT_CHUNK",
    "RESET_COST",
    "Engine",
    "EngineFactory",
    "Headers",
    "Sink",
    "goaway_frame",
]

Headers: TypeAlias = "Sequence[tuple[bytes, bytes]]"

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
OUTPUT_CHUNK: Final = 131_072

# The credit that bytes earn (see `Engine.receive`). A body pays for itself and for as many bytes of
# frames around it; the headers of a message pay for the usual fields. Bombs of fields earn nothing.
BODY_CREDIT: Final = 2
HEADERS_CREDIT: Final = 512
MANY_FIELDS: Final = 64
FIELD_COST: Final = 16
# A request that is reset pays back what it earned, and more.
RESET_COST: Final = 640
MAX_STREAM_ID: Final = 2**31 - 1
# SETTINGS_MAX_CONCURRENT_STREAMS with the value 0 (RFC 9113, 6.5.2).
NO_STREAMS: Final = b"\x00\x03" + bytes(4)


class Sink(Protocol):
    """What an engine reports to. It calls these methods only from inside `receive` and `output`."""

    __slots__ = ()

    def on_headers(self, stream_id: int, headers: Headers, end: bool) -> None:
        """Take the complete headers of a request (on a server) or of a response (on a client)."""
        ...

    def on_data(self, stream_id: int, data: bytes, end: bool) -> None:
        """Take a piece of a body; only the last one may be empty."""
        ...

    def on_end(self, stream_id: int) -> None:
        """Take the end of the peer's side, if it did not come with data (but with trailers)."""
        ...

    def on_reset(self, stream_id: int, code: int) -> None:
        """Drop the stream: the peer reset it, or its data could not be sent."""
        ...

    def on_malformed(self, stream_id: int) -> None:
        """Drop the stream: the engine has reset it, because the peer's message breaks HTTP."""
        ...

    def on_closed(self, stream_id: int) -> None:
        """Drop the stream: both sides have ended, and everything was sent."""
        ...

    def on_goaway(self, last_stream_id: int, code: int, debug: bytes) -> None:
        """Open no new streams; the peer has processed none above `last_stream_id`."""
        ...

    def on_peer_settings(self, max_concurrent_streams: int) -> None:
        """Take the peer's SETTINGS."""
        ...

    def on_pong(self) -> None:
        """Take the answer to our PING."""
        ...

    def on_terminated(self, code: int, reason: str) -> None:
        """End the connection: write what `output` returns, then close the transport."""
        ...


class Engine(Protocol):
    """One side of one connection."""

    __slots__ = ()

    more: bool
    """Whether `output` would return more at once, apart from data that lacks window."""

    portion_size: ClassVar[int]
    """How many bytes to read before looking at the work that they caused, and at the clock."""

    work: int
    """The work that `receive` has done, in bytes of small frames; grows when frames complete."""

    @property
    def newest(self) -> int:
        """The highest id of a stream that the peer has opened."""
        ...

    @property
    def is_unfinished(self) -> bool:
        """Whether the bytes received may end inside a frame or a header block.

        A library may not tell: then frames that it does not report count as unfinished. To be sure,
        send a PING: its answer cannot come inside another frame.
        """
        ...

    @property
    def has_unsent(self) -> bool:
        """Whether bytes given to `send` wait, on any stream."""
        ...

    @property
    def gone(self) -> tuple[type[Exception], ...]:
        """The errors that `respond` and `send` raise on a stream or connection that is gone."""
        ...

    def receive(self, data: bytes | memoryview) -> int:
        """Process bytes from the peer; never raise because of them.

        Returns:
            How many bytes the peer has earned for what it sent: for bodies, and for the headers of
            requests and responses. All other frames earn nothing.
        """
        ...

    def portion(self, data: memoryview, start: int) -> int:
        """Return where the next portion for `receive` should end: after about `portion_size`.

        Args:
            data: the bytes that were read.
            start: how many of them `receive` was given already.
        """
        ...

    def output(self) -> bytes:
        """Return the next bytes to write, about `OUTPUT_CHUNK` at most; empty if there are none."""
        ...

    def request(self, headers: Headers, *, end_stream: bool) -> int:
        """Open a stream (client) and return its id; 0 if the connection has no ids left."""
        ...

    def respond(self, stream_id: int, headers: Headers, *, end_stream: bool) -> None:
        """Send response headers (server)."""
        ...

    def inform(self, stream_id: int, headers: Headers) -> None:
        """Send an informational (1xx) response (server)."""
        ...

    def send(self, stream_id: int, data: bytes, *, end_stream: bool) -> None:
        """Send a piece of a body."""
        ...

    def interleave(self, stream_id: int) -> None:
        """Let other streams send in between, because this one has much to send (server)."""
        ...

    def buffered(self, stream_id: int) -> int:
        """Return how many bytes given to `send` for a stream `output` has not returned yet."""
        ...

    def acknowledge(self, stream_id: int, amount: int) -> None:
        """Open the stream's receive window by as many bytes of those that `on_data` delivered."""
        ...

    def reset(self, stream_id: int, code: int) -> None:
        """End a stream at once, in both directions; nothing more is reported about it."""
        ...

    def ping(self) -> None:
        """Send a PING; `on_pong` follows."""
        ...

    def shutdown_notice(self) -> None:
        """Send a GOAWAY that excludes no stream yet (server)."""
        ...

    def forbid_streams(self) -> None:
        """Send SETTINGS that forbid the peer to open streams (server).

        Streams that it opens before it has read them are reported as usual.
        """
        ...

    def goaway(self, code: int) -> None:
        """Send a GOAWAY that names the last accepted stream; running streams go on."""
        ...


class EngineFactory(Protocol):
    """Makes the engine of one connection; its first `output` contains the preface."""

    def __call__(self, sink: Sink, settings: Http2Settings, *, client: bool) -> Engine:
        """Make an engine for a server or a client, which reports to the sink."""
        ...


def goaway_frame(last_stream_id: int, code: int, debug: bytes = b"") -> bytes:
    """Return a GOAWAY frame, for when the library cannot or should not write one."""
    return b"".join(
        (
            (8 + len(debug)).to_bytes(3, "big"),
            b"\x07\x00\x00\x00\x00\x00",
            last_stream_id.to_bytes(4, "big"),
            code.to_bytes(4, "big"),
            debug,
        )
    )
