"""One request whose response is collected whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from restate_proto.http2.errors import ErrorCode, ResponseTooLargeError

if TYPE_CHECKING:
    import asyncio

    from restate_proto.http2.engines.base import Headers
    from restate_proto.http2.errors import Http2Error
    from restate_proto.http2.stream import ClientStream

__all__ = ["Exchange", "Response"]

_PIECE: Final = 524_288


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

    __slots__ = (
        "_chunks",
        "_headers",
        "_limit",
        "_sent",
        "_size",
        "_status",
        "body",
        "future",
        "stream",
    )

    stream: ClientStream

    def __init__(self, future: asyncio.Future[Response], body: bytes, limit: int) -> None:
        self.future = future
        self.body = body
        self._sent = 0
        self._limit = limit
        self._size = 0
        self._chunks: list[bytes] = []
        self._status = 0
        self._headers: Headers = ()

    def send_body(self) -> None:
        """Sends the next piece of the request's body; in pieces, so that streams take turns."""
        body, start = self.body, self._sent
        self._sent = end = start + _PIECE
        if end < len(body):
            self.stream.write(body[start:end])
        else:
            self.stream.write(body[start:] if start else body, end=True)

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
        if self._sent < len(self.body):
            self.send_body()

    def aborted(self, error: Http2Error) -> None:
        """See `ResponseReceiver`."""
        if not self.future.done():
            self.future.set_exception(error)
