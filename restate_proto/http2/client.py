"""The HTTP/2 client: checks a request, finds a connection for it, and collects the response."""

from __future__ import annotations

import asyncio
import re
import warnings
from typing import TYPE_CHECKING, Final, Self

from restate_proto.http2.base_url import BaseUrl
from restate_proto.http2.connector import Connector
from restate_proto.http2.engines import load_engine
from restate_proto.http2.errors import ErrorCode, ResponseTimeoutError
from restate_proto.http2.exchange import Exchange, Response
from restate_proto.http2.limits import Http2Settings
from restate_proto.http2.pool import Pool
from restate_proto.http2.pool_limits import PoolLimits
from restate_proto.http2.tls import ALPN, client_ssl_context

if TYPE_CHECKING:
    import ssl as ssl_module
    from types import TracebackType

    from restate_proto.http2.engines.base import Headers
    from restate_proto.http2.stream import ClientStream, ResponseReceiver

__all__ = ["Http2Client"]

MAX_RESPONSE_BYTES: Final = 67_108_864
MAX_HEADER_BYTES: Final = 65_536
_METHOD: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PATH: Final = re.compile(r"/[!-~]*")
_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+")
_VALUE: Final = re.compile(rb"[^\0\r\n]*")


class Http2Client:
    """Sends requests to one server over HTTP/2.

    The first request connects, and all requests share that connection. Another connection is made
    when the server allows no more streams on the existing ones, or when one was lost or is about to
    end. Use a client in one event loop, from any number of tasks. Close it with `close` or `async
    with`.

    Args:
        base_url: `http://host[:port][/prefix]`, which speaks HTTP/2 with prior knowledge, or
            `https://...`, by ALPN.
        ssl: the TLS context for https; the default verifies against the system's issuers. Its
            ALPN protocols are set to HTTP/2.
        engine: "h2" or "ngh2"; None takes the environment variable RESTATE_PROTO_HTTP2, else
            ngh2, else h2 where ngh2 cannot be imported.
        limits: how many connections there may be, and how long to wait for each step.
        max_response_bytes: the largest response body that `request` collects.
        settings: what each connection allows the server to do.

    Raises:
        TypeError: the URL is not a string.
        ValueError: the URL is not of that form, or the engine's name is unknown.
        ImportError: the engine is not installed.
    """

    def __init__(
        self,
        base_url: str,
        *,
        ssl: ssl_module.SSLContext | None = None,
        engine: str | None = None,
        limits: PoolLimits | None = None,
        max_response_bytes: int = MAX_RESPONSE_BYTES,
        settings: Http2Settings | None = None,
    ) -> None:
        url = BaseUrl.parse(base_url)
        self._prefix = url.prefix
        self._origin = url.origin
        self._fixed = ((b":scheme", url.scheme.encode()), (b":authority", url.authority.encode()))
        if url.scheme == "https":
            ssl = ssl or client_ssl_context()
            ssl.set_alpn_protocols(ALPN)
        elif ssl is not None:
            raise ValueError(f"a TLS context needs an https URL, not {base_url!r}")
        self._max_response_bytes = max_response_bytes
        limits = limits or PoolLimits()
        connector = Connector(
            url.host,
            url.port,
            tls=ssl,
            factory=load_engine(engine),
            settings=settings or Http2Settings(),
            limits=limits,
        )
        self._pool = Pool(connector, limits)

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
        timeout: float | None = None,  # noqa: ASYNC109 - begins when the request is sent
        max_response_bytes: int | None = None,
    ) -> Response:
        """Send one request and collect its response.

        Cancelling the awaiting task resets the stream.

        Args:
            method: such as "POST".
            path: path and query, percent-encoded; the base URL's path goes before it.
            headers: further fields, names in lower case.
            body: the request's body.
            timeout: how many seconds the response may take from the time when the request is sent;
                None waits as long as the server shows signs of life.
            max_response_bytes: the largest response body; None for the client's limit.

        Raises:
            ConnectError: no connection could be made, or no stream came free; nothing was sent.
            ConnectionLostError: the connection broke; it is not known whether the request was
                processed.
            StreamResetError: the server reset the stream.
            ResponseTimeoutError: the response took longer than the timeout.
            MalformedResponseError: the server's response breaks HTTP.
            ResponseTooLargeError: the response's body is larger than allowed.
            ValueError: the method, path or a header has characters that HTTP does not allow, or
                path and headers are larger than 64 KiB.
            RuntimeError: the client is closed, or belongs to another event loop.
        """
        limit = self._max_response_bytes if max_response_bytes is None else max_response_bytes
        exchange = Exchange(asyncio.get_running_loop().create_future(), body, limit)
        stream = await self.open(method, path, headers, exchange, end=not body)
        exchange.stream = stream
        if body:
            exchange.send_body()
        try:
            if timeout is None:
                return await exchange.future
            async with asyncio.timeout(timeout):
                return await exchange.future
        except TimeoutError:
            stream.reset(ErrorCode.CANCEL)
            raise ResponseTimeoutError(
                f"{stream.label}: no response within {timeout:g} s"
            ) from None
        except asyncio.CancelledError:
            stream.reset(ErrorCode.CANCEL)
            raise
        finally:
            # A server may answer before it has read the whole body; the rest is not sent then.
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
        """Open a stream whose body is sent, and whose response is received, in pieces.

        This waits for a connection and, if the server limits them, for a free stream.

        Args:
            method: such as "POST".
            path: path and query, percent-encoded; the base URL's path goes before it.
            headers: further fields, names in lower case.
            receiver: gets the response; it acknowledges the data that it has used.
            end: True if there is no body.

        Returns:
            The stream, which the body is written to.

        Raises:
            ConnectError: no connection could be made, or no stream came free; nothing was sent.
            ValueError: as in `request`.
            RuntimeError: the client is closed, or belongs to another event loop.
        """
        label = f"{method} {self._origin}{self._prefix}{path}"
        fields = self._request_fields(method, path, headers)
        while True:
            connection = await self._pool.acquire(label)
            stream = connection.open(fields, receiver, label, end=end)
            if stream is not None:
                return stream

    async def close(self) -> None:
        """Close the connections; requests that are running fail with `ConnectionLostError`.

        Raises:
            RuntimeError: the client was used in another event loop; close it there.
        """
        await self._pool.close()

    def __repr__(self) -> str:
        return f"<Http2Client of {self._origin}{self._prefix}>"

    def __del__(self) -> None:
        pool: Pool | None = getattr(self, "_pool", None)  # none where __init__ failed
        if pool is not None and pool.abandon():
            warnings.warn(
                f"unclosed {self!r}: use the client in `async with`, or await its close()",
                ResourceWarning,
                source=self,
                stacklevel=1,
            )

    def _request_fields(self, method: str, path: str, headers: Headers) -> Headers:
        if not _METHOD.fullmatch(method):
            raise ValueError(f"not an HTTP method: {method!r}")
        if not _PATH.fullmatch(path):
            raise ValueError(f'not a percent-encoded path that begins with "/": {path!r}')
        size = len(self._prefix) + len(path)
        for name, value in headers:
            size += len(name) + len(value) + 32  # as RFC 9113 counts
            if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
                raise ValueError(f"not an HTTP/2 header field: {name!r}")
        if size > MAX_HEADER_BYTES:
            raise ValueError(
                f"path and header fields have {size} bytes, but at most {MAX_HEADER_BYTES} are allowed,"
                " and servers take less: put what is large into the body"
            )
        target = (self._prefix + path).encode("ascii")
        return [(b":method", method.encode()), *self._fixed, (b":path", target), *headers]
