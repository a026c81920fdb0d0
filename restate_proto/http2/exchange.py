"""One request of the client whose response is collected as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from restate_proto.headers import Headers
from restate_proto.http2.errors import ErrorCode, ResponseTooLargeError
from restate_proto.http2.stream import ResponseReceiver

if TYPE_CHECKING:
    import asyncio

    from restate_proto.http2.engines.base import Headers as Fields
    from restate_proto.http2.errors import Http2Error
    from restate_proto.http2.stream import ClientStream

__all__ = ["Exchange", "Response"]

_PIECE: Final = 524_288


@dataclass(frozen=True, slots=True)
class Response:
    """The response to a request, complete.

    Attributes:
        status: the HTTP status code.
        fields: the header fields in the order of the response, with names in lower case.
        body: the whole body.
    """

    status: int
    fields: Fields
    body: bytes

    @property
    def headers(self) -> Headers:
        """The header fields by name."""
        return Headers(self.fields)


class Exchange(ResponseReceiver):
    """Collects a response into a future."""

    __slots__ = (
        "_chunks",
        "_fields",
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
        self._fields: Fields = ()

    def send_body(self) -> None:
        """Send the next piece of the request's body; small pieces let streams take turns."""
        body, start = self.body, self._sent
        self._sent = end = start + _PIECE
        if end < len(body):
            self.stream.write(body[start:end])
        else:
            self.stream.write(body[start:] if start else body, end=True)

    @override
    def response_received(self, status: int, headers: Fields) -> None:
        self._status = status
        self._fields = headers

    @override
    def data_received(self, data: bytes) -> None:
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

    @override
    def eof_received(self) -> None:
        if not self.future.done():
            chunks = self._chunks
            body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
            self.future.set_result(Response(self._status, self._fields, body))

    @override
    def drained(self) -> None:
        if self._sent < len(self.body):
            self.send_body()

    @override
    def aborted(self, error: Http2Error) -> None:
        if not self.future.done():
            self.future.set_exception(error)
