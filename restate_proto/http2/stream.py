"""One request and its response, with which the layer above sends and receives."""

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
    """Takes the events of one stream; the layer above implements it, with one object per stream.

    The event loop calls these methods while it reads the socket, so they should return soon. If one
    raises, this one stream is reset with INTERNAL_ERROR, and the error is logged.
    """

    __slots__ = ()

    def data_received(self, data: bytes) -> None:
        """Take a piece of the body; call `stream.acknowledge(len(data))` once it is used."""
        ...

    def eof_received(self) -> None:
        """Take the end of the body."""
        ...

    def drained(self) -> None:
        """Write on: the unsent bytes, which were above the high-water mark, fell to the low one."""
        ...


class StreamReceiver(BodyReceiver, Protocol):
    """Receives one request on a server."""

    __slots__ = ()

    def draining(self) -> None:
        """End what can wait for another time, because the server stops."""
        ...

    def aborted(self, reason: str) -> None:
        """Stop: the stream ended early, by a reset or with its connection. Nothing follows."""
        ...

    def awaited_input(self) -> object:
        """Return which part of the request has to come before the stream can go on.

        Returns:
            Any value that changes when part of it comes; None if nothing is awaited. A stream is
            reset if its value stays the same for the server's read timeout.
        """
        ...


class ResponseReceiver(BodyReceiver, Protocol):
    """Receives one response on a client."""

    __slots__ = ()

    def response_received(self, status: int, headers: Headers) -> None:
        """Take the response's headers: names in lower case, without pseudo-fields."""
        ...

    def aborted(self, error: Http2Error) -> None:
        """Stop: the stream ended early, by a reset or with its connection. Nothing follows."""
        ...


class StreamConnection(Protocol):
    """What a stream needs of its connection."""

    flush_pending: bool
    window_step: int
    high_water: int
    low_water: int

    def schedule_flush(self) -> None:
        """Write the output at the end of this loop turn."""
        ...

    def touch(self) -> None:
        """Make sure that the output is written at the end of this loop turn."""
        ...

    def watch(self, stream: Stream[Any]) -> None:
        """Call `drained` once few of the stream's bytes are unsent."""
        ...

    def reset_stream(self, stream_id: int, code: int) -> None:
        """End a stream in both directions."""
        ...


R = TypeVar("R", bound=BodyReceiver)


class Stream(Generic[R]):
    """Our sending side of one stream, and the window of its receiving side."""

    # The connection sets these attributes when it makes a stream: a call of __init__ would cost as
    # much as setting all of them.
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
    """Whether more bytes are unsent than the high-water mark; `drained` is called when few are."""

    connection: StreamConnection
    engine: Engine
    id: int
    state: StreamState
    receiver: R
    consumed: int
    written: int
    sent: int
    """How many of the written bytes had left at the last measuring."""

    def write(self, data: bytes, *, end: bool = False) -> None:
        """Send a piece of the body, without blocking: what cannot be sent yet is buffered.

        This does nothing on a stream that the peer reset, or whose connection is gone.

        Args:
            data: the bytes; all bytes of one loop turn are sent in one write.
            end: True if nothing follows.

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
        # The difference is an upper bound of what is buffered. With it, the engine has to be asked
        # only now and then.
        self.written += len(data)
        if self.written - self.sent > connection.high_water:
            self._check_high_water()

    def end(self) -> None:
        """End our side, like `write(b"", end=True)`."""
        self.write(b"", end=True)

    def reset(self, code: int = ErrorCode.CANCEL) -> None:
        """End the stream at once, in both directions; the receiver is not called again.

        Args:
            code: the reason for the peer (see `ErrorCode`).
        """
        if self.state is not _GONE:
            self.state = _GONE
            self.connection.reset_stream(self.id, code)

    def acknowledge(self, amount: int) -> None:
        """Let the peer send as many more bytes, because these were used.

        Args:
            amount: how many of the bytes that `data_received` delivered; portions may have any
                size. The peer is told once they make up half of the stream's window.
        """
        self.consumed += amount
        if self.consumed >= self.connection.window_step and self.state is not _GONE:
            self.engine.acknowledge(self.id, self.consumed)
            self.consumed = 0
            self.connection.touch()

    @property
    def buffered(self) -> int:
        """The number of bytes given to `write` that the socket has not been given yet."""
        return 0 if self.state is _GONE else self.engine.buffered(self.id)

    def settle(self) -> bool:
        """Return whether `drained` is due; the connection calls this after a flush."""
        if self.measure() > self.connection.low_water:
            return False
        self.above_high_water = False
        return True

    def measure(self) -> int:
        """Return the number of buffered bytes and update `sent`; the connection calls this."""
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
    """One request that `accept` was given; the response is sent with its methods.

    Attributes:
        method: the HTTP method, such as "POST".
        path: the path without the query.
        query: the part after the "?", or "".
        headers: the request's fields without pseudo-fields, names in lower case.
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
        """Send the response's status and header fields.

        Args:
            status: 200 to 599.
            headers: names in lower case, values without line breaks; they are not checked.
            end: True if there is no body.

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
        """Send only the end, if this is the end."""
        if end or self.state is not _BODY:
            super().write(b"", end=end)


class ClientStream(Stream[ResponseReceiver]):
    """One request of a client; its body is sent with `write`.

    Attributes:
        label: the request, for error texts: its method and URL.
    """

    __slots__ = ("label",)

    label: str
