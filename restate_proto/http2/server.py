"""The HTTP/2 server: listens, greets each connection, and stops without losing a response."""

from __future__ import annotations

import asyncio
import socket as socket_module
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from restate_proto.http2.engines import load_engine
from restate_proto.http2.greeting import Greeting
from restate_proto.http2.http1 import Http1Answers
from restate_proto.http2.limits import Http2Settings, ServerLimits
from restate_proto.http2.open_connections import Connections
from restate_proto.http2.server_connection import ServerConnection
from restate_proto.http2.tls import SERVER_ALPN

if TYPE_CHECKING:
    import ssl as ssl_module
    from collections.abc import Callable

    from restate_proto.http2.stream import ServerStream, StreamReceiver

__all__ = ["Server"]

# The seconds that a peer has to read the last bytes when the server stops.
CLOSE_SECONDS: Final = 2.0
# The seconds that streams have to end by themselves before they are told that the server stops.
_UNTOLD_SECONDS: Final = 5.0
# The connections that the kernel keeps until they are accepted.
_BACKLOG: Final = 1_024
# The connections that are accepted in one turn of the event loop, where the loop leaves that open: each
# costs as much as some requests, and those that are there already have to be served in between.
_ACCEPTS: Final = 16


class Server:
    """Serves HTTP/2: with prior knowledge on plain sockets, by ALPN with TLS.

    Args:
        accept: called with each request once its headers are complete; returns the receiver of its
            body. It may respond at once.
        engine: "h2" or "ngh2". None takes the environment variable RESTATE_PROTO_HTTP2; if that is
            not set, ngh2; and if ngh2 cannot be imported, h2.
        ssl: a TLS context, such as `server_ssl_context` makes; None serves plain sockets. Its ALPN
            protocols are set here. A client that does not negotiate `h2` is not served HTTP/2.
        settings: the limits of each connection.
        limits: how many connections there may be, and how long the server waits for a peer.
        health: answers health checks over HTTP/1.x: called with a path, it returns the JSON of the
            answer, or None for another path. All other HTTP/1.x requests get status 505.
        advice: a text to add to refusals of HTTP/1.x requests, such as how to reach the server.

    Raises:
        ValueError: the engine's name is unknown.
        ImportError: ngh2 was asked for and cannot be imported.
    """

    def __init__(
        self,
        accept: Callable[[ServerStream], StreamReceiver],
        *,
        engine: str | None = None,
        ssl: ssl_module.SSLContext | None = None,
        settings: Http2Settings | None = None,
        limits: ServerLimits | None = None,
        health: Callable[[str], bytes | None] | None = None,
        advice: str = "",
    ) -> None:
        self._accept = accept
        self._http1 = Http1Answers(health, advice=advice)
        self._factory = load_engine(engine)
        if ssl is not None:
            ssl.set_alpn_protocols(SERVER_ALPN)
        self._settings = settings or Http2Settings()
        self._limits = limits or ServerLimits()
        self._connections = Connections(self._limits)
        self._server: asyncio.Server | None = None
        handshake_timeout = None if ssl is None else self._limits.handshake_timeout
        self._tls: dict[str, Any] = {"ssl": ssl, "ssl_handshake_timeout": handshake_timeout}

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen on an address and port.

        Args:
            host: the address or name to bind.
            port: the port; 0 chooses a free one (see `port`).

        Raises:
            OSError: the address cannot be bound.
            RuntimeError: the server was already started.
        """
        self._check_not_started()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            self._make_greeting, host, port, backlog=_ACCEPTS, **self._tls
        )
        _lengthen_queues(self._server)

    async def listen(self, socket: socket_module.socket) -> None:
        """Listen on a socket that is already bound, of TCP or in the Unix domain.

        Args:
            socket: the socket, which is closed when the server stops.

        Raises:
            RuntimeError: the server was already started.
        """
        self._check_not_started()
        loop = asyncio.get_running_loop()
        is_tcp = socket.family in {socket_module.AF_INET, socket_module.AF_INET6}
        create = loop.create_server if is_tcp else loop.create_unix_server
        self._server = await create(self._make_greeting, sock=socket, backlog=_ACCEPTS, **self._tls)
        _lengthen_queues(self._server)

    async def adopt(self, socket: socket_module.socket) -> None:
        """Serve a connection that was accepted elsewhere.

        Args:
            socket: the connection, which the server closes from now on.

        Raises:
            OSError: the client is gone, or failed to negotiate TLS.
        """
        await asyncio.get_running_loop().connect_accepted_socket(
            self._make_greeting, socket, **self._tls
        )

    def _check_not_started(self) -> None:
        if self._server is not None:
            raise RuntimeError("the server was already started")

    @property
    def running(self) -> Counter[str]:
        """The number of running requests, by their path."""
        return Counter(path for each in self._connections for path in each.running_paths())

    @property
    def stream_count(self) -> int:
        """The number of running requests."""
        return sum(len(connection.running_paths()) for connection in self._connections)

    @property
    def connection_count(self) -> int:
        """The number of open connections."""
        return len(self._connections)

    def _make_greeting(self) -> asyncio.BufferedProtocol:
        return Greeting(self._make_connection, self._connections, self._http1)

    def _make_connection(self) -> ServerConnection:
        return ServerConnection(self._accept, self._factory, self._settings, self._connections)

    @property
    def address(self) -> tuple[str, int]:
        """The host and port that the server listens on; the first, if there are several.

        For a Unix domain socket, it is the path and 0.
        """
        if self._server is None or not self._server.sockets:
            raise RuntimeError("the server is not listening")
        name = self._server.sockets[0].getsockname()
        if isinstance(name, str):
            return name, 0
        return str(name[0]), int(name[1])

    @property
    def port(self) -> int:
        """The port that the server listens on."""
        return self.address[1]

    async def drain(self, grace_seconds: float, *, announce: bool = True) -> None:
        """Stop gracefully; return once every connection is closed.

        No new connections and no new streams are accepted; running streams go on. Those that do not
        end soon are told (`StreamReceiver.draining`), and those that run after `grace_seconds` are
        aborted with "server is shutting down".

        Args:
            grace_seconds: how many seconds running streams may go on.
            announce: whether clients are told at once, by a GOAWAY, or only when they have read the
                end of their last stream. Some clients react to a GOAWAY by dropping the connection
                with everything that runs on it. These are told by SETTINGS that they may open no
                more streams, whereupon they open another connection.
        """
        connections = self._connections
        connections.draining = True
        if self._server is not None:
            self._server.close()
        if grace_seconds > 0:
            for connection in connections:
                if announce:
                    connection.drain()
                else:
                    connection.forbid_streams()
            untold = min(grace_seconds / 2, _UNTOLD_SECONDS)
            if not await connections.closed(untold):
                for connection in connections:
                    connection.tell_draining()
                await connections.closed(grace_seconds - untold)
        for connection in connections:
            connection.stop("server is shutting down")
        if not await connections.closed(CLOSE_SECONDS):
            # The peer does not read: the rest of its responses is dropped.
            for connection in connections:
                if connection.transport is not None:
                    connection.transport.abort()
            await connections.closed(CLOSE_SECONDS)
        if self._server is not None:
            # A client may be in the middle of its TLS handshake for as long as it likes.
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._server.wait_closed()

    async def close(self) -> None:
        """Stop now: abort all running streams and close every connection."""
        await self.drain(0)


def _lengthen_queues(server: asyncio.Server) -> None:
    """Have the kernel keep more connections than asyncio accepts at once, which has one number for both."""
    for listening in server.sockets:
        family, type_ = listening.family, listening.type
        with socket_module.fromfd(listening.fileno(), family, type_) as socket:
            socket.listen(_BACKLOG)
