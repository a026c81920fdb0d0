"""The client's side of one connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from restate_proto.http2.connection import Connection
from restate_proto.http2.errors import (
    ConnectError,
    ConnectionLostError,
    ErrorCode,
    StreamResetError,
    code_name,
)
from restate_proto.http2.stream import BODY, ENDED, GONE, ClientStream

if TYPE_CHECKING:
    from collections.abc import Callable

    from restate_proto.http2.engines.base import EngineFactory, Headers
    from restate_proto.http2.errors import Http2Error
    from restate_proto.http2.settings import Http2Settings
    from restate_proto.http2.stream import ResponseReceiver

__all__ = ["ClientConnection"]

# What RFC 9113 recommends as the least; the peer's SETTINGS replace it.
_ASSUMED_STREAMS: Final = 100


class ClientConnection(Connection[ClientStream]):
    """Opens streams on one connection.

    Attributes:
        max_streams: how many the peer allows at once.
        settled: whether `max_streams` is what the peer said.
        usable: whether new streams may be opened at all.
    """

    def __init__(
        self, factory: EngineFactory, settings: Http2Settings, changed: Callable[[], None]
    ) -> None:
        super().__init__(factory, settings, client=True)
        self.max_streams = _ASSUMED_STREAMS
        self.settled = False
        self.usable = True
        self._changed = changed
        self._lost = self.loop.create_future()
        self._greeted = False
        self._foreign = False

    @property
    def has_room(self) -> bool:
        """Whether the peer allows another stream now."""
        return self.usable and len(self.streams) < self.max_streams

    async def lost(self) -> None:
        """Waits until the socket is closed."""
        await self._lost

    def open(
        self, headers: Headers, receiver: ResponseReceiver, label: str, *, end: bool
    ) -> ClientStream | None:
        """Opens a stream and sends the request's headers.

        Returns:
            The stream; None when this connection has no stream left to give.
        """
        stream_id = self.engine.request(headers, end_stream=end)
        if stream_id == 0:
            self.usable = False
            return None
        stream = ClientStream()
        stream.connection = self
        stream.engine = self.engine
        stream.id = stream_id
        stream.state = ENDED if end else BODY
        stream.receiver = receiver
        stream.consumed = stream.written = 0
        stream.above_high_water = False
        stream.label = label
        self.streams[stream_id] = stream
        self.touch()
        return stream

    def data_received(self, data: bytes) -> None:
        """See `Connection.data_received`."""
        if not self._greeted:
            self._greeted = True
            if data.startswith(b"HTTP/1."):
                # What was sent made no sense to this server, so nothing was processed.
                self._foreign = True
                self.lost_reason = "the server answered in HTTP/1.1: it does not speak HTTP/2 here"
                self.close()
                return
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `Connection.connection_lost`."""
        self.usable = False
        super().connection_lost(exc)
        if not self._lost.done():
            self._lost.set_result(None)
        self._changed()

    def close(self) -> None:
        """See `Connection.close`."""
        self.usable = False
        super().close()

    def stop(self, reason: str) -> None:
        """Ends now: aborts what runs and closes the socket."""
        for stream_id in self.streams:
            self.engine.reset(stream_id, ErrorCode.CANCEL)
        if not self.closing:
            self.lost_reason = reason
            self.engine.goaway(ErrorCode.NO_ERROR)
        self.abort_all()
        self.close()

    def on_headers(self, stream_id: int, headers: Headers, end: bool) -> None:
        """See `Sink.on_headers`."""
        stream = self.streams.get(stream_id)
        if stream is None:
            return
        try:
            status = int(headers[0][1])
        except (IndexError, ValueError):
            self.engine.reset(stream_id, ErrorCode.PROTOCOL_ERROR)
            self.abort_stream(stream_id, "the response has no status", ErrorCode.PROTOCOL_ERROR)
            return
        receiver = stream.receiver
        try:
            receiver.response_received(status, headers[1:])
            if end and stream.state != GONE:
                receiver.eof_received()
        except Exception as error:  # noqa: BLE001 - user code must not hurt the connection
            self.fail(stream, "response_received", error)

    def tell_aborted(
        self, stream: ClientStream, reason: str, code: int | None, unprocessed: bool
    ) -> None:
        """See `Connection.tell_aborted`."""
        message = f"{stream.label}: {reason}"
        error: Http2Error
        if code is not None:
            unprocessed = unprocessed or code == ErrorCode.REFUSED_STREAM
            error = StreamResetError(message, code=code, unprocessed=unprocessed)
        elif self._foreign:
            error = ConnectError(message)
        else:
            error = ConnectionLostError(message)
        stream.receiver.aborted(error)

    def on_goaway(self, last_stream_id: int, code: int, debug: bytes) -> None:
        """The server takes no new streams: the next request needs another connection."""
        self.usable = False
        reason = f"the server is going away ({code_name(code)}) and did not process the request"
        for stream_id in list(self.streams):
            if stream_id > last_stream_id:
                self.abort_stream(stream_id, reason, code, unprocessed=True)
        self._changed()
        self.stream_gone()

    def on_peer_settings(self, max_concurrent_streams: int) -> None:
        """See `Sink.on_peer_settings`."""
        self.max_streams = max_concurrent_streams
        self.settled = True
        self._changed()

    def stream_gone(self) -> None:
        """See `Connection.stream_gone`."""
        if self.usable:
            self._changed()
        elif not self.streams and not self.closing:
            self.close()
