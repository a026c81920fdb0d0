"""One request whose response is collected whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.http2.errors import ErrorCode, ResponseTooLargeError

if TYPE_CHECKING:
    import asyncio

    from restate_proto.http2.engines.base import Headers
    from restate_proto.http2.errors import Http2Error
    from restate_proto.http2.stream import ClientStream

__all__ = ["Exchange", "Response"]


@dataclass(frozen=True, slots=True)
class Response:
    """A response.

    Attributes:
        status: the HTTP status code.
        headers: the fields, names in lower case.
        body: the whole body.
    """

    status: int
    headers: Headers
    body: bytes

    def header(self, name: str) -> str | None:
        """The value of a field, or None; of the first, where there are several.

        Args:
            name: in lower case.
        """
        wanted = name.encode("latin-1")
        for field, value in self.headers:
            if field == wanted:
                return value.decode("latin-1")
        return None


class Exchange:
    """Collects a response into a future."""

    __slots__ = ("_chunks", "_headers", "_limit", "_size", "_status", "future", "stream")

    stream: ClientStream

    def __init__(self, future: asyncio.Future[Response], limit: int) -> None:
        self.future = future
        self._limit = limit
        self._size = 0
        self._chunks: list[bytes] = []
        self._status = 0
        self._headers: Headers = ()

    def response_received(self, status: int, headers: Headers) -> None:
        """See `ResponseReceiver`."""
        self._status = status
        self._headers = headers

    def data_received(self, data: bytes) -> None:
        """See `ResponseReceiver`."""
        self._size += len(data)
        if self._size > self._limit:
            stream = self.stream
            message = f"{stream.label}: the response is larger than {self._limit} bytes"
            self._chunks.clear()
            stream.reset(ErrorCode.CANCEL)
            if not self.future.done():
                self.future.set_exception(ResponseTooLargeError(message))
            return
        self._chunks.append(data)
        self.stream.acknowledge(len(data))

    def eof_received(self) -> None:
        """See `ResponseReceiver`."""
        if not self.future.done():
            chunks = self._chunks
            body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
            self.future.set_result(Response(self._status, self._headers, body))

    def drained(self) -> None:
        """See `ResponseReceiver`."""

    def aborted(self, error: Http2Error) -> None:
        """See `ResponseReceiver`."""
        if not self.future.done():
            self.future.set_exception(error)
