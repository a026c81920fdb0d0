"""The errors of HTTP/2 connections, and the error codes of RFC 9113, section 7."""

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
    """The reason in a RST_STREAM or GOAWAY frame (RFC 9113, section 7)."""

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
    """Return the name of an error code, or its number if it has no name."""
    try:
        return ErrorCode(code).name
    except ValueError:
        return f"error code {code:#x}"


class Http2Error(RestateError):
    """Base of the errors that the HTTP/2 client raises."""


class ConnectError(Http2Error):
    """No connection could be made, so the request was never sent; retrying is safe."""


class PoolTimeoutError(ConnectError):
    """No stream came free in time on any connection; nothing was sent, and retrying is safe."""


class ConnectionLostError(Http2Error):
    """The connection broke after the request was sent; it may or may not have been processed."""


class MalformedResponseError(Http2Error):
    """The response breaks HTTP: the request was answered, but the answer cannot be understood."""


class ResponseTimeoutError(Http2Error):
    """The response took too long; the stream was reset. The request may have been processed."""


class ResponseTooLargeError(Http2Error):
    """The response body is larger than the client's limit; the stream was reset."""


class StreamResetError(Http2Error):
    """The peer reset this one stream; the connection goes on.

    Args:
        message: what was attempted, and what happened.
        code: the peer's error code (see `ErrorCode`).
        unprocessed: whether the peer says that it did not begin to process the request (by
            REFUSED_STREAM, or a GOAWAY that left it out); retrying is then safe.
    """

    def __init__(self, message: str, *, code: int, unprocessed: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.unprocessed = unprocessed
