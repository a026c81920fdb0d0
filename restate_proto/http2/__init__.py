"""HTTP/2 connections: a server and a client over a choice of libraries. Knows no Restate."""

from __future__ import annotations

from restate_proto.http2.errors import (
    ConnectError,
    ConnectionLostError,
    ErrorCode,
    Http2Error,
    ResponseTooLargeError,
    StreamResetError,
)
from restate_proto.http2.server import Server
from restate_proto.http2.settings import Http2Settings
from restate_proto.http2.stream import ServerStream, StreamReceiver

__all__ = [
    "ConnectError",
    "ConnectionLostError",
    "ErrorCode",
    "Http2Error",
    "Http2Settings",
    "ResponseTooLargeError",
    "Server",
    "ServerStream",
    "StreamReceiver",
    "StreamResetError",
]
