"""The server's side of one connection."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Final, cast

from restate_proto.http2.connection import Connection, log
from restate_proto.http2.engines.base import PREFACE, goaway_frame
from restate_proto.http2.errors import ErrorCode
from restate_proto.http2.http1 import respond
from restate_proto.http2.intake import Turns
from restate_proto.http2.stream import GONE, HEADERS, HeadStream, ServerStream
from restate_proto.http2.timeouts import Timeouts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from restate_proto.http2.engines.base import EngineFactory, Headers
    from restate_proto.http2.limits import ServerLimits
    from restate_proto.http2.settings import Http2Settings
    from restate_proto.http2.stream import StreamReceiver

__all__ = ["Connections", "Greeting", "ServerConnection"]

_EXPECT: Final = (b"expect", b"100-continue")
_CONTINUE: Final = [(b":status", b"100")]
# How long a drain waits for the answer to its PING before it refuses new streams.
NOTICE_SECONDS: Final = 1.0
# How long a client may take to say, by the answer to a PING, that it has read all responses.
PROOF_SECONDS: Final = 5.0
# How long a client may then take to close its side of the connection.
LINGER_SECONDS: Final = 2.0

_HTTP2_LINE: Final = len(b"PRI * HTTP/2")
_TLS_HANDSHAKE: Final = b"\x16\x03"


class Connections:
    """The open connections of one server.

    Attributes:
        limits: what all of them may do.
        turns: the queue of those that read more than their share.
        draining: the server stops: new ones are closed.
    """

    def __init__(self, limits: ServerLimits) -> None:
        self.limits = limits
        self.draining = False
        self.turns = Turns()
        # The oldest first.
        self._open: dict[Greeting | ServerConnection, None] = {}
        self._is_full = False
        self._empty = asyncio.Event()
        self._empty.set()

    def __iter__(self) -> Iterator[Greeting | ServerConnection]:
        return iter(list(self._open))

    def add(self, connection: Greeting | ServerConnection) -> None:
        """Adds one that is open."""
        self._open[connection] = None
        self._empty.clear()

    def discard(self, connection: Greeting | ServerConnection) -> None:
        """Takes out one that is closed."""
        self._open.pop(connection, None)
        if not self._open:
            self._empty.set()

    def admit(self, peer: str) -> bool:
        """Whether there is room for one more, or one without a stream can make it.

        Args:
            peer: the host that it comes from.
        """
        if len(self._open) < self.limits.max_connections:
            self._is_full = False
            return True
        spare = [each for each in self._open if each.is_spare]
        busy = len(self._open) - len(spare) - sum(each.is_over for each in self._open)
        if busy + len(spare) < self.limits.max_connections:
            return True
        counts = Counter(each.peer for each in self._open if not each.is_over)
        victim = max(spare, key=lambda each: counts[each.peer], default=None)
        if victim is not None:
            victim.displace()
            return True
        if not self._is_full:
            self._is_full = True
            log.warning(
                "closing a connection from %s: %d others have running streams",
                peer,
                self.limits.max_connections,
            )
        return False

    async def closed(self, seconds: float) -> bool:
        """Waits until none is open; False when that took longer."""
        try:
            async with asyncio.timeout(seconds):
                await self._empty.wait()
        except TimeoutError:
            return False
        return True


class Greeting(asyncio.Protocol):
    """Reads the first bytes of a connection, to tell an HTTP/2 client from others.

    Nothing is sent before: an HTTP/1.1 client gets an answer that it can read. Inside TLS the
    client's ALPN decides: HTTP/2 is for those alone that negotiated `h2`, and they get nothing else.
    """

    def __init__(
        self,
        connect: Callable[[], ServerConnection],
        connections: Connections,
        health: Callable[[str], bytes | None] | None = None,
    ) -> None:
        self._connect = connect
        self._connections = connections
        self._health = health
        self._data = b""
        self._http1 = self._http2 = True
        self._timer: asyncio.TimerHandle | None = None
        self.peer = ""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is connected, and TLS negotiated."""
        self.transport = cast("asyncio.Transport", transport)
        tls = transport.get_extra_info("ssl_object")
        if tls is not None:
            self._http2 = tls.selected_alpn_protocol() == "h2"
            self._http1 = not self._http2
        connections = self._connections
        self.peer = host_of(transport)
        if connections.draining or not connections.admit(self.peer):
            self.transport.close()
        connections.add(self)
        self._timer = asyncio.get_running_loop().call_later(
            connections.limits.handshake_timeout, self._give_up
        )

    def _give_up(self) -> None:
        if self.transport is not None:
            log.info("closing a connection: no HTTP/2 preface in time")
            self.transport.abort()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Bytes from the client."""
        transport = self.transport
        if transport is None or transport.is_closing():
            return
        self._data += data
        if not self._http2 or not self._data.startswith(PREFACE[: len(self._data)]):
            self._answer(transport)
        elif len(self._data) >= len(PREFACE):
            connection = self._connect()
            transport.set_protocol(connection)
            self._connections.add(connection)
            self._connections.discard(self)
            self._stop_timer()
            connection.connection_made(transport)
            connection.data_received(self._data)

    def _answer(self, transport: asyncio.Transport) -> None:
        answer = respond(self._data, self._health) if self._http1 else None
        if answer is None:
            if not self._http2 and self._data.startswith(PREFACE[:_HTTP2_LINE]):
                reason = "it speaks HTTP/2 in TLS without having negotiated h2 by ALPN"
            elif self._data.startswith(_TLS_HANDSHAKE):
                reason = "it speaks TLS, which this server was not given"
            else:
                reason = "its first bytes are neither HTTP/2 nor HTTP/1.1"
            log.warning("closing a connection: %s", reason)
            answer = goaway_frame(0, ErrorCode.PROTOCOL_ERROR, reason.encode())
        if answer:
            transport.write(answer)
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is closed."""
        self._stop_timer()
        self.transport = None
        self._connections.discard(self)

    @property
    def is_over(self) -> bool:
        """Whether its socket is about to be closed."""
        return self.transport is None or self.transport.is_closing()

    @property
    def is_spare(self) -> bool:
        """Whether it can be given up for another."""
        return not self.is_over

    def displace(self) -> None:
        """As `drain`."""
        self.drain()

    def drain(self) -> None:
        """No request was begun: closes the socket."""
        if self.transport is not None:
            self.transport.close()

    def refuse(self) -> None:
        """As `drain`."""
        self.drain()

    def tell_draining(self) -> None:
        """As `drain`."""
        self.drain()

    def stop(self, reason: str) -> None:
        """As `drain`."""
        self.drain()


def host_of(transport: asyncio.BaseTransport) -> str:
    """The host that a connection comes from; "" where the socket has none."""
    name: Sequence[object] | str | None = transport.get_extra_info("peername")
    return str(name[0]) if name and not isinstance(name, str) else ""


def _pseudo_fields(headers: Headers) -> tuple[bytes, bytes, int]:
    """The method, the path and the number of pseudo-fields, which come first."""
    method = path = b""
    count = 0
    for name, value in headers:
        if not name.startswith(b":"):
            break
        count += 1
        if name == b":path":
            path = value
        elif name == b":method":
            method = value
    return method, path, count


class _NoReceiver:
    """Stands in while `accept` runs, and for requests that it never sees."""

    __slots__ = ()

    def data_received(self, data: bytes) -> None:
        """Drops it."""

    def eof_received(self) -> None:
        """Does nothing."""

    def draining(self) -> None:
        """Does nothing."""

    def aborted(self, reason: str) -> None:
        """Does nothing."""

    def drained(self) -> None:
        """Does nothing."""

    def awaited_input(self) -> None:
        """Nothing."""


_NO_RECEIVER: Final = _NoReceiver()


class ServerConnection(Connection[ServerStream]):
    """Accepts requests and hands them to the layer above.

    Attributes:
        peer: the host that it comes from.
        settled: whether the client's SETTINGS have come.
        refuses: each new stream is refused, and the connection ends after the last one.
    """

    def __init__(
        self,
        accept: Callable[[ServerStream], StreamReceiver],
        factory: EngineFactory,
        settings: Http2Settings,
        connections: Connections,
    ) -> None:
        super().__init__(factory, settings, connections.turns, client=False)
        self._accept = accept
        self._connections = connections
        self._timeouts = Timeouts(self, connections.limits, self.loop)
        self._timer: asyncio.TimerHandle | None = None
        self._is_noticed = False
        self._is_proving = False
        self._lingers = False
        self._is_hung_up = False
        self._pings = 0
        self.peer = ""
        self.settled = False
        self.refuses = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `Connection.connection_made`."""
        self.peer = host_of(transport)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `Connection.connection_lost`."""
        self._timeouts.stop()
        self._stop_timer()
        super().connection_lost(exc)
        self._connections.discard(self)

    def on_headers(self, stream_id: int, headers: Headers, end: bool) -> None:
        """A request: makes its stream and calls `accept`."""
        if self.refuses:
            self.engine.reset(stream_id, ErrorCode.REFUSED_STREAM)
            return
        count = 4
        try:
            # The usual order.
            name, method = headers[0]
            other, path = headers[3]
        except IndexError:
            name = other = method = path = b""
        if name != b":method" or other != b":path":
            method, path, count = _pseudo_fields(headers)
        # Made here and not by an __init__, whose call would cost as much again.
        stream = ServerStream() if method != b"HEAD" else HeadStream()
        stream.connection = self
        stream.engine = self.engine
        stream.id = stream_id
        stream.state = HEADERS
        stream.receiver = _NO_RECEIVER
        stream.consumed = stream.written = stream.sent = 0
        stream.above_high_water = False
        stream.query = ""
        try:
            stream.method = method.decode()
            stream.path = target = path.decode()
        except UnicodeDecodeError:
            self.engine.reset(stream_id, ErrorCode.PROTOCOL_ERROR)
            return
        if "?" in target:
            stream.path, _, stream.query = target.partition("?")
        stream.headers = headers[count:]
        self.streams[stream_id] = stream
        if not path or not method:
            self._unroutable(stream)
            return
        try:
            receiver = stream.receiver = self._accept(stream)
            if end:
                if stream_id in self.streams:
                    receiver.eof_received()
            elif not stream.responded and _EXPECT in headers:
                self.engine.inform(stream_id, _CONTINUE)
        except Exception as error:  # noqa: BLE001 - user code must not hurt the connection
            self.fail(stream, "accept", error)

    def _unroutable(self, stream: ServerStream) -> None:
        if stream.method == "CONNECT":
            stream.respond(501, end=True)
        else:
            stream.reset(ErrorCode.PROTOCOL_ERROR)

    def tell_aborted(
        self, stream: ServerStream, reason: str, code: int | None, unprocessed: bool
    ) -> None:
        """See `Connection.tell_aborted`."""
        stream.receiver.aborted(reason)

    def on_goaway(self, last_stream_id: int, code: int, debug: bytes) -> None:
        """The client opens no more streams: the connection ends with the last one."""
        self.refuse()

    def on_closed(self, stream_id: int) -> None:
        """See `Sink.on_closed`."""
        stream = self.streams.pop(stream_id, None)
        if stream is not None:
            stream.state = GONE
            # Stream and receiver hold each other; apart they are freed at once.
            del stream.receiver
            if self.refuses:
                self.stream_gone()

    def stream_gone(self) -> None:
        """See `Connection.stream_gone`."""
        if self.refuses and not self.streams:
            # Not at once: the last bytes of the stream may be on their way from the engine to the
            # socket, and nothing may overtake them.
            self.loop.call_soon(self._prove)

    def on_peer_settings(self, max_concurrent_streams: int) -> None:
        """See `Sink.on_peer_settings`."""
        self.settled = True

    def give_up_stream(self, stream: ServerStream, code: ErrorCode, reason: str) -> None:
        """Resets a stream whose peer does not do its part, and tells its receiver."""
        if code:
            log.warning("a stream is reset (%s %s): %s", stream.method, stream.path, reason)
        self.engine.reset(stream.id, code)
        self.abort_stream(stream.id, reason, None)
        self.touch()

    def drop(self, reason: str) -> None:
        """Ends a connection whose peer does not read: what it was to get is dropped."""
        if self.transport is not None:
            log.warning("dropping a connection: %s", reason)
            self.lost_reason = self.lost_reason or reason
            self.transport.abort()

    # Stopping.

    @property
    def is_over(self) -> bool:
        """Whether its socket is about to be closed."""
        return self.closing

    @property
    def is_spare(self) -> bool:
        """Whether nothing runs on it, so that it can be given up for another."""
        return not self.streams and not self.closing

    def displace(self) -> None:
        """Ends it, as nothing runs on it, to make room for another."""
        self.engine.goaway(ErrorCode.NO_ERROR)
        self.close()

    def refuse(self) -> None:
        """As `drain`, but the client is told when it has read all that runs, and not before."""
        self.refuses = True
        self.stream_gone()

    def drain(self) -> None:
        """Ends gracefully: announces it, then takes no new streams, then closes when idle."""
        if self.closing or self.refuses or self._is_noticed:
            return
        self._is_noticed = True
        # The PING's answer says that the client has seen the notice: what it sent before that is
        # still taken, and what it sends after that it sends for no good reason.
        self.engine.shutdown_notice()
        self.flush()  # else the PING may overtake it
        self.ping()
        self._start_timer(NOTICE_SECONDS, self.refuse)

    def ping(self) -> None:
        """Sends a PING."""
        self._pings += 1
        self.engine.ping()
        self.touch()

    def on_pong(self) -> None:
        """See `Sink.on_pong`; where no other is awaited, the client has read all before it."""
        self._pings -= 1
        if self._pings > 0:
            return
        if self._is_proving:
            self._leave()
        elif self._is_noticed:
            self.refuse()

    def _prove(self) -> None:
        """All streams have ended: asks the client whether it has read what they sent.

        A socket that is closed while it has unread input drops what was not sent, and a client
        that is told of the end may drop what it has not read.
        """
        if not (self.streams or self.closing or self._is_proving):
            self._is_proving = True
            self.ping()
            self._start_timer(PROOF_SECONDS, self._leave)

    def _leave(self) -> None:
        if not self.closing:
            self.engine.goaway(ErrorCode.NO_ERROR)
            self._lingers = True
            self.close()

    def on_terminated(self, code: int, reason: str) -> None:
        """See `Sink.on_terminated`; without an error, as when the client has left."""
        self._lingers = not code
        super().on_terminated(code, reason)

    def hang_up(self, transport: asyncio.Transport) -> None:
        """See `Connection.hang_up`; waits for the client's end, where there is no error.

        What comes until then is read and dropped (RFC 9112, section 9.6): input that is left would
        have the kernel reset the connection. TLS has a closing handshake of its own.
        """
        if not self._lingers:
            transport.close()
            return
        if self.paused or self._is_hung_up:
            return
        self._is_hung_up = True
        if transport.can_write_eof():
            transport.resume_reading()
            try:
                transport.write_eof()
            except OSError:  # the client was faster
                transport.close()
        else:
            transport.close()
        self._start_timer(LINGER_SECONDS, self._end_lingering)

    def _end_lingering(self) -> None:
        transport = self.transport
        if transport is None:
            return
        if transport.get_write_buffer_size():
            # The client still reads; `Timeouts` ends one that does not.
            self._start_timer(LINGER_SECONDS, self._end_lingering)
        else:
            transport.abort()

    def _start_timer(self, seconds: float, callback: Callable[[], None]) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(seconds, callback)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def tell_draining(self) -> None:
        """Tells the receivers of all streams that the server stops."""
        for stream in list(self.streams.values()):
            try:
                stream.receiver.draining()
            except Exception as error:  # noqa: BLE001 - user code must not hurt the connection
                self.fail(stream, "draining", error)

    def stop(self, reason: str) -> None:
        """Ends now: aborts what still runs and closes the socket."""
        for stream_id in self.streams:
            self.engine.reset(stream_id, ErrorCode.CANCEL)
        if not self.closing:
            self.lost_reason = reason
            self.engine.goaway(ErrorCode.NO_ERROR)
        self.refuses = self._lingers = True
        self.abort_all()
        self.close()
