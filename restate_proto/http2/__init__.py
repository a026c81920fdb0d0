"""HTTP/2 connections: a server and a client over a choice of libraries."""

from __future__ import annotations

from restate_proto.http2.base_url import BaseUrl
from restate_proto.http2.client import Http2Client
from restate_proto.http2.engines import ENGINES, engine_name
from restate_proto.http2.errors import (
    ConnectError,
    ConnectionLostError,
    ErrorCode,
    Http2Error,
    MalformedResponseError,
    PoolTimeoutError,
    ResponseTimeoutError,
    ResponseTooLargeError,
    StreamResetError,
)
from restate_proto.http2.event_loop import new_event_loop
from restate_proto.http2.exchange import Response
from restate_proto.http2.limits import Http2Settings, PoolLimits, ServerLimits
from restate_proto.http2.server import Server
from restate_proto.http2.stream import ClientStream, ResponseReceiver, ServerStream, StreamReceiver
from restate_proto.http2.tls import client_ssl_context, server_ssl_context

__all__ = [
    "ENGINES",
    "BaseUrl",
    "ClientStream",
    "ConnectError",
    "ConnectionLostError",
    "ErrorCode",
    "Http2Client",
    "Http2Error",
    "Http2Settings",
    "MalformedResponseError",
    "PoolLimits",
    "PoolTimeoutError",
    "Response",
    "ResponseReceiver",
    "ResponseTimeoutError",
    "ResponseTooLargeError",
    "Server",
    "ServerLimits",
    "ServerStream",
    "StreamReceiver",
    "StreamResetError",
    "client_ssl_context",
    "engine_name",
    "new_event_loop",
    "server_ssl_context",
]
