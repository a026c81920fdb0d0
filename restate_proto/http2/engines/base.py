"""The seam between a connection and the library that speaks the HTTP/2 wire format.

An engine is sans-IO: `receive` takes bytes and calls the sink, `output` gives bytes to write.
Whatever is peculiar to a library stays inside its engine module:

- sending never blocks; what the peer's windows do not allow yet is buffered in the engine and
  counted by `buffered`, and `output` hands out about `OUTPUT_CHUNK` bytes at a time, so that a
  slow socket leaves the rest where it is counted;
- the connection's receive window never closes; a stream's opens by `acknowledge` alone (padding
  and streams that ended are the engine's business);
- an operation on a stream that is gone does nothing, but `respond` and `send`, the two that run
  for every message, may be the library's own functions and raise what `gone` lists;
- a broken connection is reported once, by `on_terminated`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

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
    "PORTION",
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
# What is read between two looks at how much work it was.
PORTION: Final = 4_096

# What bytes earn (see `Engine.receive`): those of a body pay for themselves and for as many of the
# frames around it, the headers of a message for the usual fields. Bombs of many fields earn nothing.
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
    """What an engine reports to. Calls come from inside `receive` and `output` alone."""

    __slots__ = ()

    def on_headers(self, stream_id: int, headers: Headers, end: bool) -> None:
        """A request's headers (on a server) or a response's (on a client) are complete."""
        ...

    def on_data(self, stream_id: int, data: bytes, end: bool) -> None:
        """A piece of a body, and whether it was the last; empty only when it was."""
        ...

    def on_end(self, stream_id: int) -> None:
        """The peer's side ended otherwise (by trailers)."""
        ...

    def on_reset(self, stream_id: int, code: int) -> None:
        """The stream is gone: the peer reset it, or could not be sent what it was to get."""
        ...

    def on_malformed(self, stream_id: int) -> None:
        """The stream is gone: the engine has reset it, for the peer's message breaks HTTP."""
        ...

    def on_closed(self, stream_id: int) -> None:
        """Both sides ended and everything was sent; the stream is gone."""
        ...

    def on_goaway(self, last_stream_id: int, code: int, debug: bytes) -> None:
        """The peer accepts no new streams, and did not process any above `last_stream_id`."""
        ...

    def on_peer_settings(self, max_concurrent_streams: int) -> None:
        """The peer's SETTINGS arrived."""
        ...

    def on_pong(self) -> None:
        """The answer to our PING arrived."""
        ...

    def on_terminated(self, code: int, reason: str) -> None:
        """The connection is over: write what `output` gives, then close the transport."""
        ...


class Engine(Protocol):
    """One side of one connection."""

    __slots__ = ()

    more: bool
    """Whether `output` would give more at once (it does not count data without window)."""

    work: int
    """How much `receive` has had to do, as bytes of small frames. Grows when frames complete."""

    @property
    def newest(self) -> int:
        """The highest stream that the peer has opened."""
        ...

    @property
    def is_unfinished(self) -> bool:
        """Whether what was received may end inside a frame or a header block.

        A library may not say it: then frames of which it tells nothing count as unfinished. Who
        wants to be sure sends a PING: its answer cannot come inside another frame.
        """
        ...

    @property
    def has_unsent(self) -> bool:
        """Whether bytes given to `send` wait, of any stream."""
        ...

    @property
    def gone(self) -> tuple[type[Exception], ...]:
        """What `respond` and `send` raise on a stream or connection that is already gone."""
        ...

    def receive(self, data: bytes | memoryview) -> int:
        """Processes bytes from the peer; never raises for what the peer sent.

        Returns:
            How many bytes the peer may send for what it reported: for bodies, and for the headers
            of requests and responses. All others move nothing on.
        """
        ...

    def portion(self, data: memoryview, start: int) -> int:
        """Where to end what `receive` gets next, so that it is not much more work than `PORTION`.

        Args:
            data: what was read.
            start: up to where it was received.
        """
        ...

    def output(self) -> bytes:
        """The next bytes to write, about `OUTPUT_CHUNK` at most, else empty."""
        ...

    def request(self, headers: Headers, *, end_stream: bool) -> int:
        """Opens a stream (client) and returns its id; 0 when the connection has none left."""
        ...

    def respond(self, stream_id: int, headers: Headers, *, end_stream: bool) -> None:
        """Sends response headers (server)."""
        ...

    def inform(self, stream_id: int, headers: Headers) -> None:
        """Sends an informational (1xx) response (server)."""
        ...

    def send(self, stream_id: int, data: bytes, *, end_stream: bool) -> None:
        """Sends a piece of a body."""
        ...

    def interleave(self, stream_id: int) -> None:
        """Lets other streams send in between, as this one has much to send (server)."""
        ...

    def buffered(self, stream_id: int) -> int:
        """Bytes given to `send` for this stream that no `output` has handed out."""
        ...

    def acknowledge(self, stream_id: int, amount: int) -> None:
        """Opens the stream's receive window by bytes that were delivered by `on_data`."""
        ...

    def reset(self, stream_id: int, code: int) -> None:
        """Ends a stream at once, in both directions; nothing more is reported about it."""
        ...

    def ping(self) -> None:
        """Sends a PING; `on_pong` follows."""
        ...

    def shutdown_notice(self) -> None:
        """Sends a GOAWAY that excludes no stream yet (server)."""
        ...

    def forbid_streams(self) -> None:
        """Sends SETTINGS by which the peer may open no stream any more (server).

        Streams that it opens before it knows are reported as ever.
        """
        ...

    def goaway(self, code: int) -> None:
        """Sends the GOAWAY that names the last stream taken; running streams go on."""
        ...


class EngineFactory(Protocol):
    """Makes the engine of one connection; its first `output` has the preface."""

    def __call__(self, sink: Sink, settings: Http2Settings, *, client: bool) -> Engine:
        """Makes it for a server or a client, reporting to the sink."""
        ...


def goaway_frame(last_stream_id: int, code: int, debug: bytes = b"") -> bytes:
    """A GOAWAY frame, for when the library cannot or should not write it."""
    return b"".join(
        (
            (8 + len(debug)).to_bytes(3, "big"),
            b"\x07\x00\x00\x00\x00\x00",
            last_stream_id.to_bytes(4, "big"),
            code.to_bytes(4, "big"),
            debug,
        )
    )
