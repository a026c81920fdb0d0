"""The client's side of one connection: opens streams, and tells each how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from typing_extensions import override

from restate_proto.http2.connection import Connection
from restate_proto.http2.errors import (
    ConnectionLostError,
    ErrorCode,
    MalformedResponseError,
    StreamResetError,
    code_name,
)
from restate_proto.http2.intake import Turns
from restate_proto.http2.keepalive import Keepalive
from restate_proto.http2.states import ConnectionState, StreamState
from restate_proto.http2.stream import ClientStream

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from restate_proto.http2.engines.base import EngineFactory, Headers
    from restate_proto.http2.errors import Http2Error
    from restate_proto.http2.limits import Http2Settings
    from restate_proto.http2.pool_limits import PoolLimits
    from restate_proto.http2.stream import ResponseReceiver

__all__ = ["ClientConnection"]

_OPEN: Final = ConnectionState.OPEN
_DRAINING: Final = ConnectionState.DRAINING
_MALFORMED: Final = "the server's response breaks HTTP, so that it cannot be understood"


class ClientConnection(Connection[ClientStream]):
    """Opens streams on one connection.

    Attributes:
        max_streams: how many streams may be open at once.
        heard: whether the peer has sent anything yet.
        is_silent: whether the peer has sent nothing since `Keepalive` last looked.
        is_unused: whether no stream was opened since `Keepalive` last looked.
    """

    def __init__(
        self,
        factory: EngineFactory,
        settings: Http2Settings,
        limits: PoolLimits,
        changed: Callable[[], None],
    ) -> None:
        super().__init__(factory, settings, Turns(), client=True)
        self.max_streams = 0
        self.heard = False
        self.is_silent = self.is_unused = True
        self._limits = limits
        self._keepalive = Keepalive(self, limits, self.loop)
        self._changed = changed
        self._greeted: asyncio.Future[bool] = self.loop.create_future()
        self._lost: asyncio.Future[None] = self.loop.create_future()

    @property
    def usable(self) -> bool:
        """Whether new streams may be opened at all."""
        return self.state < _DRAINING

    @property
    def has_room(self) -> bool:
        """Whether the peer allows another stream now."""
        return self.state is _OPEN and len(self.streams) < self.max_streams

    async def greeted(self) -> bool:
        """Wait for the peer's settings; return False if the connection ends before they come."""
        return await self._greeted

    async def lost(self) -> None:
        """Wait until the socket is closed."""
        await self._lost

    def open(
        self, headers: Headers, receiver: ResponseReceiver, label: str, *, end: bool
    ) -> ClientStream | None:
        """Open a stream and send the request's headers.

        Returns:
            The stream; None if no stream is left on this connection.
        """
        stream_id = self.engine.request(headers, end_stream=end)
        if stream_id == 0:
            self.retire()
            return None
        stream = ClientStream()
        stream.connection = self
        stream.engine = self.engine
        stream.id = stream_id
        stream.state = StreamState.ENDED if end else StreamState.BODY
        stream.receiver = receiver
        stream.consumed = stream.written = stream.sent = 0
        stream.above_high_water = False
        stream.label = label
        self.streams[stream_id] = stream
        self.is_unused = False
        self.touch()
        return stream

    @override
    def data_received(self, data: bytes | memoryview) -> None:
        self.is_silent = False
        if not self.heard:
            self.heard = True
            reason = _explain_other_protocol(bytes(data[:64]))
            if reason:
                self.lost_reason = reason
                self.close()
                return
        super().data_received(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._keepalive.stop()
        if not self._greeted.done():
            self._greeted.set_result(False)
        if not self._lost.done():
            self._lost.set_result(None)
        self._changed()

    def retire(self) -> None:
        """Open no more streams, and close the socket when those that run have ended."""
        if self.state < _DRAINING:
            self.enter(_DRAINING)
        self.stream_gone()

    def ping(self) -> None:
        """Send a PING; the connection only needs to see that some answer comes."""
        self.engine.ping()
        self.touch()

    def drop(self, reason: str) -> None:
        """End the connection without waiting for output, because the peer is gone."""
        if self.state < _DRAINING:
            self.enter(_DRAINING)
        self.lost_reason = reason
        if self.transport is not None:
            self.transport.abort()

    @override
    def on_headers(self, stream_id: int, headers: Headers, end: bool) -> None:
        stream = self.streams.get(stream_id)
        if stream is None:
            return
        try:
            status = int(headers[0][1])
        except (IndexError, ValueError):
            self.engine.reset(stream_id, ErrorCode.PROTOCOL_ERROR)
            self.abort_stream(stream_id, _MALFORMED, None)
            return
        receiver = stream.receiver
        try:
            receiver.response_received(status, headers[1:])
            if end and stream.state is not StreamState.GONE:
                receiver.eof_received()
        except Exception as error:  # noqa: BLE001 - user code must not hurt the connection
            self.fail(stream, "response_received", error)

    @override
    def tell_aborted(
        self, stream: ClientStream, reason: str, code: int | None, unprocessed: bool
    ) -> None:
        message = f"{stream.label}: {reason}"
        error: Http2Error
        if reason is _MALFORMED:
            error = MalformedResponseError(message)
        elif code is not None:
            unprocessed = unprocessed or code == ErrorCode.REFUSED_STREAM
            error = StreamResetError(message, code=code, unprocessed=unprocessed)
        else:
            error = ConnectionLostError(message)
        stream.receiver.aborted(error)

    @override
    def on_malformed(self, stream_id: int) -> None:
        self.abort_stream(stream_id, _MALFORMED, None)

    @override
    def on_goaway(self, last_stream_id: int, code: int, debug: bytes) -> None:
        """Open no more streams on this connection, because the server takes none."""
        if self.state < _DRAINING:
            self.enter(_DRAINING)
        reason = f"the server is going away ({code_name(code)}) and did not process the request"
        for stream_id in list(self.streams):
            if stream_id > last_stream_id:
                self.abort_stream(stream_id, reason, code, unprocessed=True)
        self.stream_gone()

    @override
    def on_peer_settings(self, max_concurrent_streams: int) -> None:
        super().on_peer_settings(max_concurrent_streams)
        own = self._limits.max_streams
        self.max_streams = (
            max_concurrent_streams if own is None else min(own, max_concurrent_streams)
        )
        if not self._greeted.done():
            self._greeted.set_result(True)
        self._changed()

    @override
    def stream_gone(self) -> None:
        if self.state is _DRAINING and not self.streams:
            self.close()
        self._changed()


def _explain_other_protocol(data: bytes) -> str | None:
    """Return what is wrong if the first bytes of a server are not HTTP/2; None if they may be."""
    if data.startswith(b"HTTP/1."):
        status = data.split(b"\r\n", 1)[0].decode("latin-1")
        return (
            f"the server answered in HTTP/1.1 ({status!r}): it does not speak HTTP/2 here, or"
            " wants TLS (then write https://)"
        )
    if data.startswith((b"\x15\x03", b"\x16\x03")):
        return "the server speaks TLS: write https:// in the URL"
    return None
