"""The server's side of one connection."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from restate_proto.http2.connection import Connection
from restate_proto.http2.errors import ErrorCode
from restate_proto.http2.stream import HEADERS, HeadStream, ServerStream

if TYPE_CHECKING:
    from collections.abc import Callable

    from restate_proto.http2.engines.base import EngineFactory, Headers
    from restate_proto.http2.settings import Http2Settings
    from restate_proto.http2.stream import StreamReceiver

__all__ = ["ServerConnection"]

_log = logging.getLogger("restate_proto.http2")

_EXPECT: Final = (b"expect", b"100-continue")
_CONTINUE: Final = [(b":status", b"100")]


class _NoReceiver:
    """Stands in while `accept` runs, and for requests that it never sees."""

    __slots__ = ()

    def data_received(self, data: bytes) -> None:
        """Drops it."""

    def eof_received(self) -> None:
        """Does nothing."""

    def aborted(self, reason: str) -> None:
        """Does nothing."""

    def drained(self) -> None:
        """Does nothing."""


_NO_RECEIVER: Final = _NoReceiver()


class ServerConnection(Connection[ServerStream]):
    """Accepts requests and hands them to the layer above."""

    def __init__(
        self,
        accept: Callable[[ServerStream], StreamReceiver],
        factory: EngineFactory,
        settings: Http2Settings,
        connections: set[ServerConnection],
    ) -> None:
        super().__init__(factory, settings, client=False)
        self._accept = accept
        self._connections = connections
        self._draining = False
        self._refusing = False
        connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `Connection.connection_lost`."""
        super().connection_lost(exc)
        self._connections.discard(self)

    def on_headers(self, stream_id: int, headers: Headers, end: bool) -> None:
        """A request: makes its stream and calls `accept`."""
        if self._refusing:
            self.engine.reset(stream_id, ErrorCode.REFUSED_STREAM)
            return
        method = path = b""
        count = 0
        for name, value in headers:
            if name[:1] != b":":
                break
            count += 1
            if name == b":path":
                path = value
            elif name == b":method":
                method = value
        kind = HeadStream if method == b"HEAD" else ServerStream
        stream = kind(self, stream_id, HEADERS, _NO_RECEIVER)
        stream.method = method.decode("latin-1")
        stream.path, _, stream.query = path.decode("latin-1").partition("?")
        stream.headers = headers[count:]
        self.streams[stream_id] = stream
        if not path or not method:
            self._unroutable(stream, method)
            return
        if not end and _EXPECT in headers:
            self.engine.inform(stream_id, _CONTINUE)
        try:
            receiver = stream.receiver = self._accept(stream)
            if end:
                receiver.eof_received()
        except Exception:  # noqa: BLE001 - user code must not hurt the connection
            self.fail(stream, "accept")

    def _unroutable(self, stream: ServerStream, method: bytes) -> None:
        if method == b"CONNECT":
            stream.respond(501, end=True)
        else:
            stream.reset(ErrorCode.PROTOCOL_ERROR)

    def on_goaway(self, last_stream_id: int, code: int, debug: bytes) -> None:
        """The client opens no more streams: the connection ends with the last one."""
        self._draining = True
        self.stream_gone()

    def stream_gone(self) -> None:
        """See `Connection.stream_gone`."""
        if self._draining and not self.streams:
            self.close()
