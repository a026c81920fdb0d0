"""Our server and client against the libraries themselves, with none of our code on the other side."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import h2.config
import h2.connection
import h2.events
import ngh2
import pytest

from restate_proto.http2.client import Http2Client
from tests.http2.frames import REQUEST
from tests.http2.support import App, Echo, engines, run, serving

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

BODY = bytes(range(256)) * 2_000


async def h2_request(port: int) -> tuple[bytes, bytes]:
    """Make one echo request with a client that is h2 alone; return status and body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding=None))
    connection.initiate_connection()
    connection.send_headers(1, REQUEST)
    left, status, body = BODY, b"", b""
    done = False
    while not done:
        while left:
            room = min(connection.local_flow_control_window(1), connection.max_outbound_frame_size)
            if room == 0:
                break
            connection.send_data(1, left[:room], end_stream=len(left) <= room)
            left = left[room:]
        writer.write(connection.data_to_send())
        data = await reader.read(65_536)
        assert data, "the server closed the connection"
        for event in connection.receive_data(data):
            if isinstance(event, h2.events.ResponseReceived):
                status = dict(event.headers)[b":status"]
            elif isinstance(event, h2.events.DataReceived):
                body += event.data
                connection.acknowledge_received_data(event.flow_controlled_length, 1)
            elif isinstance(event, h2.events.StreamEnded):
                done = True
    connection.close_connection()
    writer.write(connection.data_to_send())
    writer.close()
    await writer.wait_closed()
    return status, body


async def ngh2_request(port: int) -> tuple[bytes, bytes]:
    """Make one echo request with a client that is ngh2 alone; return status and body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    connection = ngh2.Connection(ngh2.Role.CLIENT)
    connection.initiate_connection()
    stream = connection.send_request(REQUEST)
    connection.send_data(stream, BODY, end_stream=True)
    status, body = b"", b""
    done = False
    while not done:
        writer.write(connection.data_to_send())
        data = await reader.read(65_536)
        assert data, "the server closed the connection"
        connection.receive_data(data)
        for event in connection.events():
            if isinstance(event, ngh2.ResponseReceived):
                status = dict(event.headers)[b":status"]
            elif isinstance(event, ngh2.DataReceived):
                body += event.data
            elif isinstance(event, ngh2.StreamClosed):
                assert event.error_code == 0
                done = True
    connection.terminate_connection()
    writer.write(connection.data_to_send())
    writer.close()
    await writer.wait_closed()
    return status, body


@engines
@pytest.mark.parametrize("request_by", [h2_request, ngh2_request])
def test_our_server(
    engine: str, request_by: Callable[[int], Awaitable[tuple[bytes, bytes]]]
) -> None:
    async def test() -> None:
        async with serving(App(Echo), engine=engine) as server:
            assert await request_by(server.port) == (b"200", BODY)

    run(test())


async def h2_serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Run a server that is h2 alone, and answers with the length of the body."""
    config = h2.config.H2Configuration(client_side=False, header_encoding=None)
    connection = h2.connection.H2Connection(config)
    connection.initiate_connection()
    writer.write(connection.data_to_send())
    size = 0
    while data := await reader.read(65_536):
        for event in connection.receive_data(data):
            if isinstance(event, h2.events.DataReceived):
                size += len(event.data)
                connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                connection.send_headers(event.stream_id, [(b":status", b"200")])
                connection.send_data(event.stream_id, str(size).encode(), end_stream=True)
        writer.write(connection.data_to_send())
    writer.close()


async def ngh2_serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Run a server that is ngh2 alone, and answers with the length of the body."""
    connection = ngh2.Connection(ngh2.Role.SERVER)
    connection.initiate_connection()
    writer.write(connection.data_to_send())
    size = 0
    while data := await reader.read(65_536):
        connection.receive_data(data)
        for event in connection.events():
            if isinstance(event, ngh2.DataReceived):
                size += len(event.data)
                if event.end_stream:
                    connection.send_response(event.stream_id, [(b":status", b"200")])
                    body = str(size).encode()
                    connection.send_data(event.stream_id, body, end_stream=True)
        writer.write(connection.data_to_send())
    writer.close()


@engines
@pytest.mark.parametrize("serve", [h2_serve, ngh2_serve])
def test_our_client(
    engine: str, serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
) -> None:
    async def test() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, Http2Client(f"http://127.0.0.1:{port}", engine=engine) as client:
            response = await client.request("POST", "/", (), BODY)
            assert (response.status, response.body) == (200, str(len(BODY)).encode())

    run(test())
