"""The HTTP/2 server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from restate_proto.http2.engines import load_engine
from restate_proto.http2.server_connection import ServerConnection
from restate_proto.http2.settings import Http2Settings

if TYPE_CHECKING:
    import ssl as ssl_module
    from collections.abc import Callable

    from restate_proto.http2.stream import ServerStream, StreamReceiver

__all__ = ["Server"]


class Server:
    """Serves HTTP/2: with prior knowledge on plain sockets, by ALPN with TLS.

    Args:
        accept: called with each request when its headers are complete; returns what receives
            its body. It may respond at once.
        engine: "h2" or "ngh2"; None takes the environment variable RESTATE_PROTO_HTTP2, else
            ngh2 where it is installed, else h2.
        ssl: a TLS context, such as `server_ssl_context` makes; None serves plain sockets.
        settings: limits; the default suits a Restate endpoint.

    Raises:
        ValueError: the engine's name is unknown.
        ImportError: the engine is not installed.
    """

    def __init__(
        self,
        accept: Callable[[ServerStream], StreamReceiver],
        *,
        engine: str | None = None,
        ssl: ssl_module.SSLContext | None = None,
        settings: Http2Settings | None = None,
    ) -> None:
        self._accept = accept
        self._factory = load_engine(engine)
        self._ssl = ssl
        self._settings = settings or Http2Settings()
        self._connections: set[ServerConnection] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listens.

        Args:
            host: the address or name to bind.
            port: the port; 0 takes a free one (see `port`).

        Raises:
            OSError: the address cannot be bound.
            RuntimeError: the server was already started.
        """
        if self._server is not None:
            raise RuntimeError("the server was already started")
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connect, host, port, ssl=self._ssl)

    def _connect(self) -> asyncio.Protocol:
        return ServerConnection(self._accept, self._factory, self._settings, self._connections)

    @property
    def address(self) -> tuple[str, int]:
        """The host and port that the server listens on (the first where there are more)."""
        if self._server is None or not self._server.sockets:
            raise RuntimeError("the server is not listening")
        name = self._server.sockets[0].getsockname()
        return name[0], name[1]

    @property
    def port(self) -> int:
        """The port that the server listens on."""
        return self.address[1]

    async def drain(self, grace_seconds: float) -> None:
        """Stops gracefully."""
        await self.close()

    async def close(self) -> None:
        """Stops now."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.abort_all("server is shutting down")
            connection.close()
