"""The connections of one client: made when they are needed, shared, and replaced."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from restate_proto.http2.errors import ConnectError, Http2Error, PoolTimeoutError

if TYPE_CHECKING:
    from restate_proto.http2.client_connection import ClientConnection
    from restate_proto.http2.connector import Connector
    from restate_proto.http2.pool_limits import PoolLimits

__all__ = ["Pool"]

# The seconds that a server has to read the last bytes when the client is closed.
CLOSE_SECONDS: Final = 2.0
# How many connections one request tries in a row if each is closed before it can be used.
_MAX_ATTEMPTS: Final = 5
# The pause after a failed attempt while other connections work.
RECONNECT_SECONDS: Final = 1.0
# Connections of a process that this one was forked from: closing them here would disturb them there.
_of_parents: Final[list[object]] = []


class Pool:
    """Finds or makes a connection with a free stream.

    Args:
        connector: makes the connections.
        limits: how many connections may take requests (as many more may be ending), and how long a
            request waits for one.
    """

    def __init__(self, connector: Connector, limits: PoolLimits) -> None:
        self._connector = connector
        self._limits = limits
        self._max_connections = limits.max_connections
        self._closed = False
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connections: list[ClientConnection] = []
        self._connecting: asyncio.Task[None] | None = None
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._pause: asyncio.TimerHandle | None = None

    async def acquire(self, label: str) -> ClientConnection:
        """Return a connection that has room for a stream, which must be opened at once.

        Args:
            label: the request, for error texts.

        Raises:
            ConnectError: no connection could be made.
            PoolTimeoutError: no stream came free in time.
            RuntimeError: the pool is closed, or belongs to another event loop.
        """
        self._check_loop(label)
        queued = False
        attempts = 0
        permission: float | None = None
        patience: float | None = None
        loop = asyncio.get_running_loop()
        while True:
            if self._closed:
                raise RuntimeError(f"{label}: the client is closed")
            if queued or not self._waiting:
                for connection in self._connections:
                    if connection.has_room:
                        return connection
            if self._may_connect():
                attempts += not any(c.usable for c in self._connections)
                if attempts > _MAX_ATTEMPTS:
                    where = self._connector.where
                    raise ConnectError(f"{label}: {where} closes each connection at once")
                try:
                    await self._connect(label)
                except ConnectError:
                    if not any(c.usable for c in self._connections):
                        raise
                    # There is one that works; a stream of it will come free.
                    self._pause_connecting()
            elif any(c.streams for c in self._connections):
                permission = None
                if patience is None and self._limits.pool_timeout is not None:
                    patience = loop.time() + self._limits.pool_timeout
                if not await self._wait_until(patience, first=queued):
                    raise PoolTimeoutError(f"{label}: {self._explain_full()}")
            else:
                # The server allows no stream, and only the server can change that.
                permission = permission or loop.time() + self._connector.timeout
                if not await self._wait_until(permission, first=queued):
                    raise ConnectError(
                        f"{label}: {self._connector.where} has allowed no request for"
                        f" {self._connector.timeout:g} s (SETTINGS_MAX_CONCURRENT_STREAMS is 0)"
                    )
            queued = True

    def _may_connect(self) -> bool:
        """Tell whether another connection may be made, if the existing ones have no room.

        If the server allows no stream at all on a connection, it wants no requests now, on any
        connection. Connections that are ending count, too: otherwise a server that ends each
        connection after its first request would get a new one for every call.
        """
        usable = [c for c in self._connections if c.usable]
        if len(self._connections) >= 2 * self._max_connections:
            return False
        if not usable:
            return True
        return (
            self._pause is None
            and len(usable) < self._max_connections
            and all(c.max_streams > 0 for c in usable)
        )

    def _pause_connecting(self) -> None:
        if self._pause is None:
            loop = asyncio.get_running_loop()
            self._pause = loop.call_later(RECONNECT_SECONDS, self._connect_again)

    def _connect_again(self) -> None:
        self._pause = None
        self._wake_waiting()

    def _check_loop(self, what: str) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is not loop and self._process != os.getpid():
            _of_parents.append((self._loop, self._connections, self._connecting, self._waiting))
            self._begin()
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            state = "has ended" if self._loop.is_closed() else "is not this one"
            raise RuntimeError(
                f"{what}: the client belongs to the event loop that it was first used in, which"
                f" {state}; make a client in each event loop, and close it there"
            )

    async def _wait_until(self, deadline: float | None, *, first: bool) -> bool:
        """Wait as `_wait` does, until a deadline at most; return False if it has passed."""
        try:
            async with asyncio.timeout_at(deadline):
                await self._wait(first=first)
        except TimeoutError:
            return False
        return True

    def _explain_full(self) -> str:
        usable = [c for c in self._connections if c.usable]
        streams = sum(len(c.streams) for c in usable)
        return (
            f"no stream to {self._connector.where} came free within {self._limits.pool_timeout:g} s:"
            f" {streams} requests wait for their responses on {len(usable)} of at most"
            f" {self._max_connections} connections"
        )

    async def _wait(self, *, first: bool) -> None:
        """Wait until a stream ends, or anything else about the connections changes."""
        waiter = asyncio.get_running_loop().create_future()
        if first:
            self._waiting.appendleft(waiter)
        else:
            self._waiting.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._wake_waiting()  # pass the turn on
            else:
                with suppress(ValueError):
                    self._waiting.remove(waiter)
            raise

    def _wake_waiting(self) -> None:
        """Wake waiting requests: a stream ended, a limit changed, a connection came or went."""
        self._connections = [c for c in self._connections if c.transport is not None]
        if not self._waiting:
            return
        usable = [c for c in self._connections if c.usable]
        if self._closed or not any(c.streams or c.max_streams for c in usable):
            self._wake(len(self._waiting))  # to connect, or to wait for permission
            return
        free = sum(max(0, c.max_streams - len(c.streams)) for c in usable)
        if self._may_connect():
            # One more, which finds nothing free and connects. The running calls may wait for what
            # the waiting ones are about to send, and then no stream would ever come free.
            free += 1
        self._wake(free)

    def _wake(self, count: int) -> None:
        while self._waiting and count > 0:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                count -= 1

    async def _connect(self, label: str) -> None:
        """Connect, together with all other requests that need a connection."""
        task = self._connecting
        if task is None:
            task = self._connecting = asyncio.create_task(self._make_connection())
            task.add_done_callback(self._connecting_ended)
        try:
            await asyncio.shield(task)
        except ConnectError as error:
            raise ConnectError(f"{label}: {error}") from error
        except asyncio.CancelledError:
            if self._closed and task.cancelled():
                raise RuntimeError(f"{label}: the client is closed") from None
            raise

    def _connecting_ended(self, task: asyncio.Task[None]) -> None:
        self._connecting = None
        if not task.cancelled():
            task.exception()  # retrieved, even if all who waited were cancelled
        self._wake_waiting()

    async def _make_connection(self) -> None:
        connection = await self._connector.connect(self._wake_waiting)
        self._connections.append(connection)

    async def close(self) -> None:
        """Close the connections; running and waiting requests fail.

        Raises:
            RuntimeError: the pool belongs to another event loop.
        """
        if self._loop is not None:
            self._check_loop(f"close() of the client of {self._connector.where}")
        self._closed = True
        if self._pause is not None:
            self._pause.cancel()
        self._wake(len(self._waiting))
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

    def abandon(self) -> bool:
        """Close the connections once their streams have ended, for a client that nobody has closed.

        It may be called in any thread.

        Returns:
            Whether anything was left open.
        """
        if self._closed or self._loop is None or not self._connections:
            return False
        if self._process != os.getpid():
            _of_parents.append((self._loop, self._connections, self._connecting, self._waiting))
            return False
        with suppress(RuntimeError):  # the loop is closed: nothing can close them
            self._loop.call_soon_threadsafe(self._retire)
        return True

    def _retire(self) -> None:
        for connection in list(self._connections):
            connection.retire()
