"""One request and its response on a connection, as the layer above sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

from typing_extensions import override

from restate_proto.http2.errors import ErrorCode
from restate_proto.http2.states import StreamState

if TYPE_CHECKING:
    from restate_proto.http2.engines.base import Engine, Headers
    from restate_proto.http2.errors import Http2Error

__all__ = [
    "BodyReceiver",
    "ClientStream",
    "HeadStream",
    "ResponseReceiver",
    "ServerStream",
    "Stream",
    "StreamReceiver",
]

_HEADERS: Final = StreamState.HEADERS
_BODY: Final = StreamState.BODY
_ENDED: Final = StreamState.ENDED
_GONE: Final = StreamState.GONE

_STATUS: Final = {code: (b":status", str(code).encode()) for code in range(200, 600)}


class BodyReceiver(Protocol):
    """What happens on a stream; implemented by the layer above, one object for each stream.

    The methods are called from the event loop's callback that read the socket and should return
    soon. An exception resets this one stream with INTERNAL_ERROR and is logged.
    """

    __slots__ = ()

    def data_received(self, data: bytes) -> None:
        """A piece of the body arrived; call `stream.acknowledge(len(data))` when it is used."""
        ...

    def eof_received(self) -> None:
        """The body is complete."""
        ...

    def drained(self) -> None:
        """The unsent bytes fell to the low-water mark after being above the high one."""
        ...


class StreamReceiver(BodyReceiver, Protocol):
    """Receives one request on a server."""

    __slots__ = ()

    def draining(self) -> None:
        """The server stops: what can wait for another time should end now."""
        ...

    def aborted(self, reason: str) -> None:
        """The stream ended early: reset, or the connection is gone. Nothing follows."""
        ...

    def awaited_input(self) -> object:
        """What must come of the request before anything else can happen on the stream.

        Returns:
            Any value that changes when some of it comes; None when nothing is awaited. A stream
            whose value stays the same for the server's read timeout is reset.
        """
        ...


class ResponseReceiver(BodyReceiver, Protocol):
    """Receives one response on a client."""

    __slots__ = ()

    def response_received(self, status: int, headers: Headers) -> None:
        """The response's headers arrived; names in lower case, no pseudo-fields."""
        ...

    def aborted(self, error: Http2Error) -> None:
        """The stream ended early: reset, or the connection is gone. Nothing follows."""
        ...


class StreamConnection(Protocol):
    """What a stream needs of its connection."""

    flush_pending: bool
    window_step: int
    high_water: int
    low_water: int

    def schedule_flush(self) -> None:
        """Has the output written at the end of this loop turn."""
        ...

    def touch(self) -> None:
        """Has it written, where that is not sure already."""
        ...

    def watch(self, stream: Stream[Any]) -> None:
        """Has `drained` called when few of the stream's bytes are unsent."""
        ...

    def reset_stream(self, stream_id: int, code: int) -> None:
        """Ends a stream in both directions."""
        ...


R = TypeVar("R", bound=BodyReceiver)


class Stream(Generic[R]):
    """Our sending side of one stream, and the window of its receiving side."""

    # Set by the connection that makes the stream; without an __init__, whose call costs as much
    # as all of them.
    __slots__ = (
        "above_high_water",
        "connection",
        "consumed",
        "engine",
        "id",
        "receiver",
        "sent",
        "state",
        "written",
    )

    above_high_water: bool
    """Whether more unsent bytes than the high-water mark wait; `drained` is called when few do."""

    connection: StreamConnection
    engine: Engine
    id: int
    state: StreamState
    receiver: R
    consumed: int
    written: int
    sent: int
    """Of the bytes written, those that were known to have left at the last measuring."""

    def write(self, data: bytes, *, end: bool = False) -> None:
        """Sends a piece of the body. Never blocks: what cannot be sent yet is buffered.

        On a stream that the peer reset, or whose connection is gone, this does nothing.

        Args:
            data: the bytes; they are sent with others of this loop turn in one write.
            end: True when nothing follows.

        Raises:
            RuntimeError: the headers were not sent yet, or our side has ended.
        """
        if self.state is not _BODY:
            self._raise_unless_gone("write")
            return
        if end:
            self.state = _ENDED
        try:
            self.engine.send(self.id, data, end_stream=end)
        except self.engine.gone:
            return
        connection = self.connection
        if not connection.flush_pending:
            connection.schedule_flush()
        # The difference is an upper bound of what is buffered, so that the engine is asked only
        # now and then.
        self.written += len(data)
        if self.written - self.sent > connection.high_water:
            self._check_high_water()

    def end(self) -> None:
        """Ends our side; as `write(b"", end=True)`."""
        self.write(b"", end=True)

    def reset(self, code: int = ErrorCode.CANCEL) -> None:
        """Ends the stream at once, in both directions. The receiver is not called again.

        Args:
            code: the reason for the peer (see `ErrorCode`).
        """
        if self.state is not _GONE:
            self.state = _GONE
            self.connection.reset_stream(self.id, code)

    def acknowledge(self, amount: int) -> None:
        """Gives the peer credit for received bytes that are used, so that it can send more.

        Args:
            amount: bytes, of those that `data_received` delivered; in any portions. They are
                passed on to the peer when they make up half of the stream's window.
        """
        self.consumed += amount
        if self.consumed >= self.connection.window_step and self.state is not _GONE:
            self.engine.acknowledge(self.id, self.consumed)
            self.consumed = 0
            self.connection.touch()

    @property
    def buffered(self) -> int:
        """Bytes accepted by `write` and not yet handed to the socket."""
        return 0 if self.state is _GONE else self.engine.buffered(self.id)

    def settle(self) -> bool:
        """For the connection, after a flush: True when `drained` is due."""
        if self.measure() > self.connection.low_water:
            return False
        self.above_high_water = False
        return True

    def measure(self) -> int:
        """For the connection: the bytes that are buffered, by which `sent` is brought up to date."""
        buffered = self.buffered
        self.sent = self.written - buffered
        return buffered

    def _check_high_water(self) -> None:
        if self.measure() > self.connection.high_water and not self.above_high_water:
            self.above_high_water = True
            self.engine.interleave(self.id)
            self.connection.watch(self)

    def _raise_unless_gone(self, what: str) -> None:
        if self.state is _HEADERS:
            raise RuntimeError(f"cannot {what} before the response headers: call respond() first")
        if self.state is _ENDED:
            raise RuntimeError(f"cannot {what}: this side of the stream has ended")
        if self.state is _BODY:
            raise RuntimeError(f"cannot {what}: the headers were already sent")


class ServerStream(Stream[StreamReceiver]):
    """One request, given to `accept`; the response is sent with its methods.

    Attributes:
        method: the HTTP method, such as "POST".
        path: the path without its query.
        query: what followed the "?", or "".
        headers: the request's fields, names in lower case, without the pseudo-fields.
    """

    __slots__ = ("headers", "method", "path", "query")

    method: str
    path: str
    query: str
    headers: Headers

    @property
    def responded(self) -> bool:
        """Whether `respond` was called, or the stream is gone."""
        return self.state is not _HEADERS

    def respond(self, status: int, headers: Headers = (), *, end: bool = False) -> None:
        """Sends the response's status and header fields.

        Args:
            status: 200 to 599.
            headers: names in lower case, values without line breaks; they are not checked.
            end: True when there is no body.

        Raises:
            RuntimeError: the headers were already sent.
        """
        if self.state is not _HEADERS:
            self._raise_unless_gone("respond")
            return
        self.state = _ENDED if end else _BODY
        try:
            self.engine.respond(self.id, [_STATUS[status], *headers], end_stream=end)
        except self.engine.gone:
            return
        connection = self.connection
        if not connection.flush_pending:
            connection.schedule_flush()


class HeadStream(ServerStream):
    """A response to HEAD: its body is dropped."""

    __slots__ = ()

    @override
    def write(self, data: bytes, *, end: bool = False) -> None:
        """Sends the end alone, where it is the end."""
        if end or self.state is not _BODY:
            super().write(b"", end=end)


class ClientStream(Stream[ResponseReceiver]):
    """One request of a client; its body is sent with `write`.

    Attributes:
        label: what was requested, for errors: the method and the URL.
    """

    __slots__ = ("label",)

    label: str
