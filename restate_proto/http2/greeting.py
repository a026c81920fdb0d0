"""Read the first bytes of a connection, which tell an HTTP/2 client from any other."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, cast

from typing_extensions import override

from restate_proto.http2.engines.base import PREFACE, goaway_frame
from restate_proto.http2.errors import ErrorCode
from restate_proto.http2.http1 import Http1Answers
from restate_proto.http2.linger import Linger
from restate_proto.http2.open_connections import host_of
from restate_proto.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from restate_proto.http2.open_connections import Connections
    from restate_proto.http2.server_connection import ServerConnection

__all__ = ["Greeting"]

_HTTP2_LINE: Final = len(b"PRI * HTTP/2")
_TLS_HANDSHAKE: Final = b"\x16\x03"

log = get_logger("restate_proto.http2")


class Greeting(asyncio.BufferedProtocol):
    """Decides by a connection's first bytes, or by its ALPN, which protocol it speaks.

    Nothing is sent before they are read, so that an HTTP/1.1 client gets an answer that it
    understands. With TLS, ALPN decides: HTTP/2 is only for clients that negotiated `h2`, and they
    get nothing else.
    """

    def __init__(
        self,
        connect: Callable[[], ServerConnection],
        connections: Connections,
        http1: Http1Answers | None = None,
    ) -> None:
        self._connect = connect
        self._connections = connections
        self._http1 = http1 or Http1Answers()
        self._data = b""
        self._may_be_http1 = self._may_be_http2 = True
        self._timer: asyncio.TimerHandle | None = None
        self._linger: Linger | None = None
        self.peer = ""
        self.transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        tls = transport.get_extra_info("ssl_object")
        if tls is not None:
            self._may_be_http2 = tls.selected_alpn_protocol() == "h2"
            self._may_be_http1 = not self._may_be_http2
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

    @override
    def get_buffer(self, sizehint: int) -> memoryview:
        return self._connections.turns.buffer

    @override
    def buffer_updated(self, nbytes: int) -> None:
        self.data_received(bytes(self._connections.turns.buffer[:nbytes]))

    def data_received(self, data: bytes) -> None:
        """Take the first bytes of the connection."""
        transport = self.transport
        if transport is None or transport.is_closing():
            return
        if self._linger is not None:
            self._linger.drop(len(data))
            return
        self._data += data
        if not self._may_be_http2 or not self._data.startswith(PREFACE[: len(self._data)]):
            self._answer(transport)
        elif len(self._data) >= len(PREFACE):
            connection = self._connect()
            transport.set_protocol(connection)
            self._connections.add(connection)
            self._connections.discard(self)
            self._stop_timer()
            connection.connection_made(transport)
            # Writing the first SETTINGS has shown whether the client has reset the connection. What it
            # sent before that would only start handlers that are aborted at once.
            if not transport.is_closing():
                connection.data_received(self._data)

    def _answer(self, transport: asyncio.Transport) -> None:
        answer = self._http1.answer(self._data) if self._may_be_http1 else None
        if answer is None:
            if not self._may_be_http2 and self._data.startswith(PREFACE[:_HTTP2_LINE]):
                reason = "it speaks HTTP/2 in TLS without having negotiated h2 by ALPN"
            elif self._data.startswith(_TLS_HANDSHAKE):
                reason = "it speaks TLS, for which this server has no certificate"
            else:
                reason = "its first bytes are neither HTTP/2 nor HTTP/1.1"
            log.warning("closing a connection: %s", reason)
            answer = goaway_frame(0, ErrorCode.PROTOCOL_ERROR, reason.encode())
        if answer:
            transport.write(answer)
            self._stop_timer()
            self._linger = Linger(transport, patient=False)
            self._linger.half_close()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        if self._linger is not None:
            self._linger.stop()
        self.transport = None
        self._connections.discard(self)

    @property
    def is_over(self) -> bool:
        """Whether its socket is about to be closed."""
        return self.transport is None or self.transport.is_closing() or self._linger is not None

    @property
    def is_spare(self) -> bool:
        """Whether it can be closed to make room for another."""
        return not self.is_over

    def running_paths(self) -> Sequence[str]:
        """Empty: no request has begun."""
        return ()

    def drain(self) -> None:
        """Close the socket: no request has begun."""
        if self.transport is not None and self._linger is None:
            self.transport.close()

    displace = forbid_streams = tell_draining = drain

    def stop(self, reason: str) -> None:
        """Close the socket, as `drain` does."""
        self.drain()
