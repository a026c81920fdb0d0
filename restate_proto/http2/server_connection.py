"""The server's side of one connection: accepts requests, and ends without losing a response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from typing_extensions import override

from restate_proto.http2.connection import Connection, log
from restate_proto.http2.errors import ErrorCode
from restate_proto.http2.open_connections import host_of
from restate_proto.http2.states import ConnectionState, StreamState
from restate_proto.http2.stream import HeadStream, ServerStream, StreamReceiver
from restate_proto.http2.timeouts import Timeouts

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from restate_proto.http2.engines.base import EngineFactory, Headers
    from restate_proto.http2.limits import Http2Settings
    from restate_proto.http2.open_connections import Connections

__all__ = ["ServerConnection"]

# The seconds that a client has to answer the notice of the end before new streams are refused.
NOTICE_SECONDS: Final = 1.0
# The seconds that it has to confirm, by answering a PING, that it has read all responses.
CONFIRM_SECONDS: Final = 5.0

_EXPECT: Final = (b"expect", b"100-continue")
_CONTINUE: Final = [(b":status", b"100")]
_HEADERS: Final = StreamState.HEADERS
_GONE: Final = StreamState.GONE
_DRAINING: Final = ConnectionState.DRAINING
_CLOSING: Final = ConnectionState.CLOSING


def _pseudo_fields(headers: Headers) -> tuple[bytes, bytes, int]:
    """Return the method, the path and the number of pseudo-fields, which come first."""
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


class _NoReceiver(StreamReceiver):
    """Stands in for the receiver while `accept` runs, and for requests that it never sees."""

    __slots__ = ()

    @override
    def data_received(self, data: bytes) -> None: ...

    @override
    def eof_received(self) -> None: ...

    @override
    def draining(self) -> None: ...

    @override
    def aborted(self, reason: str) -> None: ...

    @override
    def drained(self) -> None: ...

    @override
    def awaited_input(self) -> None: ...


_NO_RECEIVER: Final = _NoReceiver()


class ServerConnection(Connection[ServerStream]):
    """Accepts requests and passes them to the layer above.

    Attributes:
        peer: the host that it comes from.
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
        self._patience: asyncio.TimerHandle | None = None
        self._unanswered_pings = 0
        self.peer = ""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.peer = host_of(transport)
        super().connection_made(transport)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._timeouts.stop()
        self._cancel_patience_timer()
        super().connection_lost(exc)
        self._connections.discard(self)

    @override
    def on_headers(self, stream_id: int, headers: Headers, end: bool) -> None:
        if self.state >= _DRAINING:
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
        # Made here and not in an __init__, whose call would cost as much again.
        stream = ServerStream() if method != b"HEAD" else HeadStream()
        stream.connection = self
        stream.engine = self.engine
        stream.id = stream_id
        stream.state = _HEADERS
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
            elif stream.state is _HEADERS and _EXPECT in headers:
                self.engine.inform(stream_id, _CONTINUE)
        except Exception as error:  # noqa: BLE001 - user code must not hurt the connection
            self.fail(stream, "accept", error)

    def _unroutable(self, stream: ServerStream) -> None:
        if stream.method == "CONNECT":
            stream.respond(501, end=True)
        else:
            stream.reset(ErrorCode.PROTOCOL_ERROR)

    @override
    def tell_aborted(
        self, stream: ServerStream, reason: str, code: int | None, unprocessed: bool
    ) -> None:
        stream.receiver.aborted(reason)

    @override
    def on_goaway(self, last_stream_id: int, code: int, debug: bytes) -> None:
        """Expect no more streams, because the client opens none."""
        self.refuse()

    @override
    def on_closed(self, stream_id: int) -> None:
        # The same as in `Connection`, without a call that each stream would cost.
        stream = self.streams.pop(stream_id, None)
        if stream is not None:
            stream.state = _GONE
            # Stream and receiver refer to each other; separated, they are freed at once.
            del stream.receiver
            if self.state >= _DRAINING:
                self.stream_gone()

    def give_up_stream(self, stream: ServerStream, code: ErrorCode, reason: str) -> None:
        """Reset a stream whose peer does not do its part, and tell its receiver."""
        if code:
            log.warning("a stream is reset (%s %s): %s", stream.method, stream.path, reason)
        self.engine.reset(stream.id, code)
        self.abort_stream(stream.id, reason, None)
        self.touch()

    def drop(self, reason: str) -> None:
        """End a connection whose peer does not read, and drop the rest of its responses."""
        if self.transport is not None:
            log.warning("dropping a connection: %s", reason)
            self.lost_reason = self.lost_reason or reason
            self.transport.abort()

    # Stopping.

    @property
    def is_over(self) -> bool:
        """Whether its socket is about to be closed."""
        return self.state >= _CLOSING

    @property
    def is_spare(self) -> bool:
        """Whether nothing runs on it, so that it can be closed to make room."""
        return not self.streams and self.state < _CLOSING

    def running_paths(self) -> list[str]:
        """Return the paths of the requests that run on it."""
        return [stream.path for stream in self.streams.values()]

    def displace(self) -> None:
        """End the connection, on which nothing runs, to make room for another."""
        self.engine.goaway(ErrorCode.NO_ERROR)
        self.close()

    def drain(self) -> None:
        """End the connection once its streams have ended; tell the client first."""
        if self.state >= ConnectionState.NOTICED:
            return
        self.enter(ConnectionState.NOTICED)
        # The PING's answer says that the client has seen the notice. Streams that it opened before
        # that are accepted, and streams that it opens after that are refused.
        self.engine.shutdown_notice()
        self.flush()  # otherwise the PING may overtake the notice
        self.ping()
        self._start_patience_timer(NOTICE_SECONDS, self.refuse)

    def forbid_streams(self) -> None:
        """End the connection once its streams have ended; let the client open no more streams.

        A client that is told so opens another connection, and loses nothing: streams that it opened
        before it knew, which the answer to a PING tells, are accepted.
        """
        if self.state >= ConnectionState.NOTICED:
            return
        self.enter(ConnectionState.NOTICED)
        self.engine.forbid_streams()
        self.flush()
        self.ping()
        self._start_patience_timer(NOTICE_SECONDS, self.refuse)

    def refuse(self) -> None:
        """End the connection once its streams have ended; refuse new ones from now on."""
        if self.state < _DRAINING:
            self.enter(_DRAINING)
            self.stream_gone()

    @override
    def stream_gone(self) -> None:
        if self.state is _DRAINING and not self.streams:
            self._ask_if_all_was_read()

    def _ask_if_all_was_read(self) -> None:
        """Ask the client whether it has read everything, because all streams have ended.

        A socket that is closed while it has unread input drops what was not sent, and a client that
        is told of the end may drop what it has not read. Nothing is flushed here, because the last
        bytes of a stream may be on their way from the engine to the socket.
        """
        self.enter(ConnectionState.CONFIRMING)
        self.ping()
        self._start_patience_timer(CONFIRM_SECONDS, self._close_politely)

    def _close_politely(self) -> None:
        if self.state is ConnectionState.CONFIRMING:
            self.engine.goaway(ErrorCode.NO_ERROR)
            self.close()

    def ping(self) -> None:
        """Send a PING."""
        self._unanswered_pings += 1
        self.engine.ping()
        self.touch()

    @override
    def on_pong(self) -> None:
        self._unanswered_pings -= 1
        if self._unanswered_pings > 0:
            return
        # The client has read all that was sent before the last PING.
        if self.state is ConnectionState.NOTICED:
            self.refuse()
        else:
            self._close_politely()

    def _start_patience_timer(self, seconds: float, then: Callable[[], None]) -> None:
        """Call `then` if the client does not do its part within some seconds."""
        self._cancel_patience_timer()
        self._patience = self.loop.call_later(seconds, then)

    def _cancel_patience_timer(self) -> None:
        if self._patience is not None:
            self._patience.cancel()

    def tell_draining(self) -> None:
        """Tell the receivers of all streams that the server stops."""
        for stream in list(self.streams.values()):
            try:
                stream.receiver.draining()
            except Exception as error:  # noqa: BLE001 - user code must not hurt the connection
                self.fail(stream, "draining", error)
