"""What a connection says at its end reaches a peer that was still sending.

In each test the kernel holds unread input when the connection ends. If the socket were closed at
once, it would be reset, and a peer that reads late would see ECONNRESET instead of the last frames.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING

import pytest

from restate_proto.http2.client import Http2Client
from restate_proto.http2.engines.base import PREFACE
from restate_proto.http2.errors import ErrorCode, Http2Error
from restate_proto.http2.limits import Http2Settings
from restate_proto.http2.tls import client_ssl_context, server_ssl_context
from tests.certificates import self_signed
from tests.http2.frames import (
    HEADERS,
    PING,
    RawClient,
    frame,
    frames,
    goaway_code,
    settings_frame,
    window_update,
)
from tests.http2.support import App, connection_of, engines, loops, run, serving

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


# More than one read takes, and than the peer has sent when the first bytes are found to be wrong.
UNREAD = frame(PING, payload=bytes(8)) * 60_000
BAD_FRAME = window_update(0, 0)


def converse(port: int, *parts: bytes, tls: ssl.SSLContext | None = None) -> bytes:
    """Send everything before reading anything; then read up to the end, and return it."""
    with socket.create_connection(("127.0.0.1", port)) as plain:
        if tls is None:
            return send_and_read(plain, parts)
        with tls.wrap_socket(plain, server_hostname="127.0.0.1") as peer:
            return send_and_read(peer, parts)


def send_and_read(peer: socket.socket, parts: Iterable[bytes]) -> bytes:
    for part in parts:
        peer.sendall(part)
    found = b""
    while data := peer.recv(65_536):
        found += data
        if isinstance(peer, ssl.SSLSocket) and b"\x07\0\0\0\0\0" in found:
            peer.sendall(UNREAD)  # as a client may that is about to read the GOAWAY
            break  # a server does not close TLS before its client does
    return found


@engines
@loops
def test_a_connection_error(engine: str, loop: str) -> None:
    async def test() -> None:
        async with serving(App(), engine=engine) as server:
            preface = RawClient().preface()
            found = await asyncio.to_thread(converse, server.port, preface + BAD_FRAME + UNREAD)
            assert goaway_code(frames(found)) == ErrorCode.PROTOCOL_ERROR

    run(test(), loop=loop)


@engines
@loops
def test_a_connection_error_in_tls(engine: str, loop: str, tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path, host="restate-proto.test")
    client = client_ssl_context(certificate)
    client.set_alpn_protocols(["h2"])

    async def test() -> None:
        async with serving(
            App(), engine=engine, ssl=server_ssl_context(certificate, key)
        ) as server:
            data = RawClient().preface() + BAD_FRAME + UNREAD
            found = await asyncio.to_thread(converse, server.port, data, tls=client)
            assert goaway_code(frames(found)) == ErrorCode.PROTOCOL_ERROR

    run(test(), loop=loop)


@engines
@loops
def test_a_limit(engine: str, loop: str) -> None:
    async def test() -> None:
        settings = Http2Settings(max_frame_size=16_384)
        async with serving(App(), engine=engine, settings=settings) as server:
            data = RawClient().preface() + frame(HEADERS, 0, 1, bytes(20_000)) + UNREAD
            found = await asyncio.to_thread(converse, server.port, data)
            assert goaway_code(frames(found)) == ErrorCode.FRAME_SIZE_ERROR

    run(test(), loop=loop)


@engines
@loops
@pytest.mark.parametrize("how", ["a timeout", "displaced", "stopped"])
def test_an_end_that_the_server_decides(engine: str, loop: str, how: str) -> None:
    async def test() -> None:
        app = App()
        async with serving(app, engine=engine) as server:
            client = RawClient()
            with socket.create_connection(("127.0.0.1", server.port)) as peer:
                peer.sendall(client.preface() + client.request(1))
                connection = connection_of(await app.request(0))
                peer.sendall(UNREAD[:100_000])  # the loop does not run before the end
                if how == "a timeout":
                    connection.end(ErrorCode.SETTINGS_TIMEOUT, "no SETTINGS in time")
                elif how == "displaced":
                    connection.displace()
                else:
                    connection.stop("the server stops")
                found = await asyncio.to_thread(send_and_read, peer, ())
            wanted = ErrorCode.SETTINGS_TIMEOUT if how == "a timeout" else ErrorCode.NO_ERROR
            assert goaway_code(frames(found)) == wanted

    run(test(), loop=loop)


@loops
@pytest.mark.parametrize("first", [b"\0" * 40, PREFACE[:-1] + b"!"])
def test_a_refused_preface(loop: str, first: bytes) -> None:
    async def test() -> None:
        async with serving(App()) as server:
            found = await asyncio.to_thread(converse, server.port, first + UNREAD)
            assert goaway_code(frames(found)) == ErrorCode.PROTOCOL_ERROR

    run(test(), loop=loop)


@loops
def test_http1_with_a_body(loop: str) -> None:
    async def test() -> None:
        async with serving(App()) as server:
            head = b"POST /invoke HTTP/1.1\r\ncontent-length: %d\r\n\r\n" % len(UNREAD)
            found = await asyncio.to_thread(converse, server.port, head + UNREAD)
            assert found.startswith(b"HTTP/1.1 505 ")

    run(test(), loop=loop)


@engines
@loops
def test_a_client_whose_server_breaks_the_rules(engine: str, loop: str) -> None:
    def serve(listener: socket.socket) -> bytes:
        peer, _ = listener.accept()
        with peer:
            peer.settimeout(30)
            peer.sendall(settings_frame({}))
            found = b""
            while b"the request" not in found:
                found += peer.recv(65_536)
            return found + send_and_read(peer, [BAD_FRAME + UNREAD])

    async def test() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            played = asyncio.create_task(asyncio.to_thread(serve, listener))
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            async with Http2Client(url, engine=engine) as client:
                with pytest.raises(Http2Error, match="PROTOCOL_ERROR"):
                    await client.request("POST", "/", body=b"the request")
                found = await played
            assert goaway_code(frames(found)) == ErrorCode.PROTOCOL_ERROR

    run(test(), loop=loop)
