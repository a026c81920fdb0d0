"""What can go wrong on an HTTP/2 connection, and the error codes of RFC 9113, section 7."""

from __future__ import annotations

from enum import IntEnum

from restate_proto.errors import RestateError

__all__ = [
    "ConnectError",
    "ConnectionLostError",
    "ErrorCode",
    "Http2Error",
    "MalformedResponseError",
    "PoolTimeoutError",
    "ResponseTimeoutError",
    "ResponseTooLargeError",
    "StreamResetError",
]


class ErrorCode(IntEnum):
    """The reason in a RST_STREAM or GOAWAY frame."""

    NO_ERROR = 0x0
    PROTOCOL_ERROR = 0x1
    INTERNAL_ERROR = 0x2
    FLOW_CONTROL_ERROR = 0x3
    SETTINGS_TIMEOUT = 0x4
    STREAM_CLOSED = 0x5
    FRAME_SIZE_ERROR = 0x6
    REFUSED_STREAM = 0x7
    CANCEL = 0x8
    COMPRESSION_ERROR = 0x9
    CONNECT_ERROR = 0xA
    ENHANCE_YOUR_CALM = 0xB
    INADEQUATE_SECURITY = 0xC
    HTTP_1_1_REQUIRED = 0xD


def code_name(code: int) -> str:
    """The name of an error code, or its number where it has none."""
    try:
        return ErrorCode(code).name
    except ValueError:
        return f"error code {code:#x}"


class Http2Error(RestateError):
    """Base of the errors that the HTTP/2 client raises."""


class ConnectError(Http2Error):
    """No connection could be made, so the request was never sent; it is safe to retry."""


class PoolTimeoutError(ConnectError):
    """No stream came free in time, on any of the connections; nothing was sent."""


class ConnectionLostError(Http2Error):
    """The connection broke after the request was sent: whether it was processed is unknown."""


class MalformedResponseError(Http2Error):
    """The response breaks HTTP: the request was answered, but nobody can say what."""


class ResponseTimeoutError(Http2Error):
    """The response took too long, and the stream was reset: whether it was processed is unknown."""


class ResponseTooLargeError(Http2Error):
    """The response body is larger than the client's limit; the stream was reset."""


class StreamResetError(Http2Error):
    """The peer gave up this one request; the connection lives on.

    Args:
        message: what was attempted and what happened.
        code: the peer's error code (see `ErrorCode`).
        unprocessed: True when the peer says that it did not begin to process the request
            (REFUSED_STREAM, or a GOAWAY that left it out): it is safe to retry.
    """

    def __init__(self, message: str, *, code: int, unprocessed: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.unprocessed = unprocessed
