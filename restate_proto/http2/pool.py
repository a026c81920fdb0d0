"""The connections of one client: made when needed, shared, replaced."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from restate_proto.http2.client_connection import ClientConnection
from restate_proto.http2.errors import ConnectError, Http2Error

if TYPE_CHECKING:
    import ssl as ssl_module

    from restate_proto.http2.engines.base import EngineFactory
    from restate_proto.http2.settings import Http2Settings

__all__ = ["Pool"]

# How long a server may take to read the last bytes when the client is closed.
CLOSE_SECONDS: Final = 2.0
# Connections that one request tries in a row when each is useless from the start.
_MAX_ATTEMPTS: Final = 5


class Pool:
    """Finds or makes a connection with a free stream.

    Args:
        host: the server's name or address.
        port: the server's port.
        ssl: the TLS context, or None.
        factory: makes the engines.
        settings: the limits of each connection.
        connect_timeout: seconds until a connection attempt counts as failed.
        max_connections: connections at once.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        ssl: ssl_module.SSLContext | None,
        factory: EngineFactory,
        settings: Http2Settings,
        connect_timeout: float,
        max_connections: int,
    ) -> None:
        self._host = host
        self._port = port
        self._ssl = ssl
        self._factory = factory
        self._settings = settings
        self._connect_timeout = connect_timeout
        self._max_connections = max_connections
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connections: list[ClientConnection] = []
        self._connecting: asyncio.Task[None] | None = None
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._closed = False

    async def acquire(self, label: str) -> ClientConnection:
        """Gives a connection that has room for a stream, which must be opened at once.

        Args:
            label: what is requested, for errors.

        Raises:
            ConnectError: no connection could be made.
            RuntimeError: the pool is closed, or belongs to another event loop.
        """
        self._check_loop(label)
        queued = False
        attempts = 0
        while True:
            if self._closed:
                raise RuntimeError(f"{label}: the client is closed")
            if queued or not self._waiting:
                for connection in self._connections:
                    if connection.has_room:
                        return connection
            usable = [c for c in self._connections if c.usable]
            if not usable:
                if attempts == _MAX_ATTEMPTS:
                    where = f"{self._host}:{self._port}"
                    raise ConnectError(f"{label}: {where} closes each connection at once")
                attempts += 1
                await self._connect(label)
            elif len(usable) == self._max_connections or not all(c.settled for c in usable):
                await self._wait(first=queued)
            else:
                try:
                    await self._connect(label)
                except ConnectError:
                    # There is one that works; a stream of it will come free.
                    await self._wait(first=queued)
            queued = True

    def _check_loop(self, label: str) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise RuntimeError(f"{label}: the client belongs to another event loop")

    async def _wait(self, *, first: bool) -> None:
        """Waits until a stream ends, or anything else about the connections changes."""
        waiter = asyncio.get_running_loop().create_future()
        if first:
            self._waiting.appendleft(waiter)
        else:
            self._waiting.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._changed()  # the turn goes to the next
            else:
                with suppress(ValueError):
                    self._waiting.remove(waiter)
            raise

    def _changed(self) -> None:
        """A stream ended, a limit changed, a connection came or went."""
        self._connections = [c for c in self._connections if c.transport is not None]
        free = 0
        for connection in self._connections:
            if connection.usable:
                free += max(0, connection.max_streams - len(connection.streams))
        usable = sum(c.usable for c in self._connections)
        if usable == 0:
            free = len(self._waiting)
        elif usable < self._max_connections:
            free += 1  # one of them may connect
        self._wake(free)

    def _wake(self, count: int) -> None:
        while self._waiting and count > 0:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                count -= 1

    async def _connect(self, label: str) -> None:
        """Connects, together with the others that want to."""
        task = self._connecting
        if task is None:
            task = self._connecting = asyncio.create_task(self._open())
            task.add_done_callback(self._opened)
        try:
            await asyncio.shield(task)
        except ConnectError as error:
            raise ConnectError(f"{label}: {error}") from error
        except asyncio.CancelledError:
            if self._closed and task.cancelled():
                raise RuntimeError(f"{label}: the client is closed") from None
            raise

    def _opened(self, task: asyncio.Task[None]) -> None:
        self._connecting = None
        if not task.cancelled():
            task.exception()  # seen, even when all that waited for it were cancelled

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        where = f"{self._host}:{self._port}"
        try:
            async with asyncio.timeout(self._connect_timeout):
                transport, connection = await loop.create_connection(
                    lambda: ClientConnection(self._factory, self._settings, self._changed),
                    self._host,
                    self._port,
                    ssl=self._ssl,
                )
        except TimeoutError:
            seconds = self._connect_timeout
            raise ConnectError(f"no connection to {where} within {seconds:g} s") from None
        except OSError as error:
            raise ConnectError(f"cannot connect to {where}: {error}") from error
        self._connections.append(connection)
        tls: ssl_module.SSLObject | None = transport.get_extra_info("ssl_object")
        if tls is not None and tls.selected_alpn_protocol() != "h2":
            connection.close()
            raise ConnectError(f"{where} does not speak HTTP/2: ALPN did not choose h2")

    async def close(self) -> None:
        """Closes the connections and fails what runs or waits."""
        self._closed = True
        if self._connecting is not None:
            self._connecting.cancel()
            with suppress(asyncio.CancelledError, Http2Error):
                await self._connecting
        connections = list(self._connections)
        for connection in connections:
            connection.stop("the client was closed")
        for connection in connections:
            try:
                async with asyncio.timeout(CLOSE_SECONDS):
                    await connection.lost()
            except TimeoutError:
                if connection.transport is not None:
                    connection.transport.abort()
                await connection.lost()
