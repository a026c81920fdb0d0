"""The HTTP/2 client."""

from __future__ import annotations

import asyncio
import re
import ssl as ssl_module
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlsplit

from restate_proto.http2.client_connection import ClientConnection
from restate_proto.http2.engines import load_engine
from restate_proto.http2.errors import ConnectError, ErrorCode, Http2Error
from restate_proto.http2.exchange import Exchange, Response
from restate_proto.http2.settings import Http2Settings
from restate_proto.http2.tls import ALPN, client_ssl_context

if TYPE_CHECKING:
    from types import TracebackType

    from restate_proto.http2.engines.base import Headers
    from restate_proto.http2.stream import ClientStream, ResponseReceiver

__all__ = ["Http2Client"]

MAX_RESPONSE_BYTES: Final = 67_108_864
_CLOSE_SECONDS: Final = 2.0
_MAX_CONNECTS: Final = 5
_METHOD: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PATH: Final = re.compile(r"/[!-~]*")
_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+")
_VALUE: Final = re.compile(rb"[^\0\r\n]*")


class Http2Client:
    """Sends requests to one server over one HTTP/2 connection.

    The connection is made by the first request, shared by all, and made anew when it was lost or
    the server announced its end. Use it in one event loop, by any number of tasks; close it with
    `close` or `async with`.

    Args:
        base_url: `http://host[:port][/prefix]`, which speaks HTTP/2 with prior knowledge, or
            `https://...`, by ALPN.
        ssl: the TLS context for https; the default verifies against the system's issuers. Its
            ALPN protocols are set to HTTP/2.
        engine: "h2" or "ngh2"; None takes the environment variable RESTATE_PROTO_HTTP2, else
            ngh2 where it is installed, else h2.
        connect_timeout: seconds until a connection attempt counts as failed.
        max_response_bytes: the largest response body that `request` collects.
        settings: limits of the connection.

    Raises:
        ValueError: the URL is not of that form, or the engine's name is unknown.
        ImportError: the engine is not installed.
    """

    def __init__(
        self,
        base_url: str,
        *,
        ssl: ssl_module.SSLContext | None = None,
        engine: str | None = None,
        connect_timeout: float = 10.0,
        max_response_bytes: int = MAX_RESPONSE_BYTES,
        settings: Http2Settings | None = None,
    ) -> None:
        url = urlsplit(base_url)
        if url.scheme not in {"http", "https"} or not url.hostname:
            raise ValueError(f"not a URL of the form http(s)://host[:port]: {base_url!r}")
        if url.username is not None or url.query or url.fragment:
            raise ValueError(f"the URL may have no user, query or fragment: {base_url!r}")
        self.base_url = base_url.rstrip("/")
        self._host = url.hostname
        self._port = url.port or (443 if url.scheme == "https" else 80)
        self._prefix = url.path.rstrip("/")
        self._origin = f"{url.scheme}://{url.netloc}"
        self._fixed = ((b":scheme", url.scheme.encode()), (b":authority", url.netloc.encode()))
        self._ssl = ssl
        if url.scheme == "https":
            self._ssl = ssl or client_ssl_context()
            self._ssl.set_alpn_protocols(ALPN)
        elif ssl is not None:
            raise ValueError(f"a TLS context needs an https URL, not {base_url!r}")
        self._factory = load_engine(engine)
        self._connect_timeout = connect_timeout
        self._max_response_bytes = max_response_bytes
        self._settings = settings or Http2Settings()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connection: ClientConnection | None = None
        self._connections: set[ClientConnection] = set()
        self._connecting: asyncio.Task[ClientConnection] | None = None
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def request(
        self,
        method: str,
        path: str,
        headers: Headers = (),
        body: bytes = b"",
        *,
        max_response_bytes: int | None = None,
    ) -> Response:
        """Sends one request and collects its response.

        Cancelling the awaiting task resets the stream. There is no timeout of its own: use
        `asyncio.timeout`.

        Args:
            method: such as "POST".
            path: path and query, percent-encoded; the base URL's path goes before it.
            headers: further fields, names in lower case.
            body: the request's body.
            max_response_bytes: the largest response body; None takes the client's.

        Raises:
            ConnectError: no connection could be made; nothing was sent.
            ConnectionLostError: the connection broke; whether it was processed is unknown.
            StreamResetError: the server gave up this request.
            ResponseTooLargeError: the response's body is larger than allowed.
            ValueError: the method, path or a header has characters that HTTP does not allow.
            RuntimeError: the client is closed, or belongs to another event loop.
        """
        limit = self._max_response_bytes if max_response_bytes is None else max_response_bytes
        exchange = Exchange(asyncio.get_running_loop().create_future(), body, limit)
        stream = await self.open(method, path, headers, exchange, end=not body)
        exchange.stream = stream
        if body:
            exchange.send_body()
        try:
            return await exchange.future
        except asyncio.CancelledError:
            stream.reset(ErrorCode.CANCEL)
            raise
        finally:
            # A server may answer before it has read the whole body: the rest is not sent.
            stream.reset(ErrorCode.NO_ERROR)

    async def open(
        self,
        method: str,
        path: str,
        headers: Headers,
        receiver: ResponseReceiver,
        *,
        end: bool = False,
    ) -> ClientStream:
        """Opens a stream for a request whose body is written, and answer read, piece by piece.

        Waits for a connection, and for a free stream where the server limits them.

        Args:
            method: such as "POST".
            path: path and query, percent-encoded; the base URL's path goes before it.
            headers: further fields, names in lower case.
            receiver: gets the response; it acknowledges the data that it has used.
            end: True when there is no body.

        Returns:
            The stream, to write the body on.

        Raises:
            ConnectError: no connection could be made; nothing was sent.
            ValueError: the method, path or a header has characters that HTTP does not allow.
            RuntimeError: the client is closed, or belongs to another event loop.
        """
        label = f"{method} {self._origin}{self._prefix}{path}"
        fields = self._fields(method, path, headers)
        while True:
            connection = await self._acquire(label)
            stream = connection.open(fields, receiver, label, end=end)
            if stream is not None:
                return stream

    async def close(self) -> None:
        """Closes the connection; what still runs fails with `ConnectionLostError`."""
        self._closed = True
        if self._connecting is not None:
            self._connecting.cancel()
            with suppress(asyncio.CancelledError, Http2Error):
                await self._connecting
        self._wake_all()
        connections = list(self._connections)
        for connection in connections:
            connection.stop("the client was closed")
        for connection in connections:
            try:
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await connection.lost()
            except TimeoutError:
                if connection.transport is not None:
                    connection.transport.abort()
                await connection.lost()

    def _fields(self, method: str, path: str, headers: Headers) -> Headers:
        if not _METHOD.fullmatch(method):
            raise ValueError(f"not an HTTP method: {method!r}")
        if not _PATH.fullmatch(path):
            raise ValueError(f'not a percent-encoded path that begins with "/": {path!r}')
        for name, value in headers:
            if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
                raise ValueError(f"not an HTTP/2 header field: {name!r}")
        target = (self._prefix + path).encode("ascii")
        return [(b":method", method.encode()), *self._fixed, (b":path", target), *headers]

    # The connection.

    async def _acquire(self, label: str) -> ClientConnection:
        """A connection with a free stream."""
        queued = False
        attempts = 0
        while True:
            loop = asyncio.get_running_loop()
            if self._closed:
                raise RuntimeError(f"{label}: the client is closed")
            if self._loop is not loop:
                if self._loop is not None:
                    raise RuntimeError(f"{label}: the client belongs to another event loop")
                self._loop = loop
            connection = self._connection
            if connection is None or not connection.usable:
                if attempts == _MAX_CONNECTS:
                    where = f"{self._host}:{self._port}"
                    raise ConnectError(f"{label}: {where} closes each connection at once")
                attempts += 1
                await self._connect(label)
                continue
            if len(connection.streams) < connection.max_streams and (queued or not self._waiting):
                return connection
            await self._wait(loop, first=queued)
            queued = True

    async def _wait(self, loop: asyncio.AbstractEventLoop, *, first: bool) -> None:
        """Waits until a stream ends, or anything else about the connection changes."""
        waiter = loop.create_future()
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
        for gone in [c for c in self._connections if c.transport is None]:
            self._connections.discard(gone)
        connection = self._connection
        if connection is None or not connection.usable:
            self._wake_all()
            return
        free = connection.max_streams - len(connection.streams)
        while self._waiting and free > 0:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                free -= 1

    def _wake_all(self) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)

    async def _connect(self, label: str) -> None:
        """Connects, together with the others that want to."""
        task = self._connecting
        if task is None:
            task = self._connecting = asyncio.create_task(self._open_connection())
            task.add_done_callback(self._connected)
        try:
            await asyncio.shield(task)
        except ConnectError as error:
            raise ConnectError(f"{label}: {error}") from error
        except asyncio.CancelledError:
            if self._closed and task.cancelled():
                raise RuntimeError(f"{label}: the client is closed") from None
            raise

    def _connected(self, task: asyncio.Task[ClientConnection]) -> None:
        self._connecting = None
        if not task.cancelled() and task.exception() is None:
            self._connection = task.result()

    async def _open_connection(self) -> ClientConnection:
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
        self._connections.add(connection)
        tls: ssl_module.SSLObject | None = transport.get_extra_info("ssl_object")
        if tls is not None and tls.selected_alpn_protocol() != "h2":
            connection.close()
            raise ConnectError(f"{where} does not speak HTTP/2: ALPN did not choose h2")
        return connection
