"""A hostile peer of a running endpoint: others are answered between its turns."""

from __future__ import annotations

import asyncio
import socket
import struct
from datetime import timedelta
from importlib.metadata import version
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from benchmark.v1.benchmark_pb2 import GreetRequest, GreetResponse
from benchmark.v1.benchmark_restate import GreeterBase
from restate_proto import Context, Endpoint, Limits
from restate_proto.http2.engines.base import PREFACE
from tests.http2.frames import (
    ACK,
    DATA,
    HEADERS,
    PING,
    REQUEST,
    RST_STREAM,
    SETTINGS,
    RawClient,
    RawConnection,
    frame,
    settings_frame,
    window_update,
)
from tests.http2.support import ENGINES, LOOPS, App, Echo, run, serving

if TYPE_CHECKING:
    from tests.http2.frames import Frame

GET_HEALTH = [
    (b":method", b"GET"),
    (b":scheme", b"http"),
    (b":authority", b"test"),
    (b":path", b"/health"),
]


class Greeter(GreeterBase):
    async def greet(self, ctx: Context, request: GreetRequest) -> GreetResponse:
        return GreetResponse()


def is_the_mark(found: Frame) -> bool:
    return found.kind == PING and found.payload == b"the mark"


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "piece",
    [
        pytest.param(frame(PING, ACK, payload=bytes(8)), id="PING ACK"),
        pytest.param(settings_frame({}), id="SETTINGS"),
        pytest.param(window_update(0, 1), id="WINDOW_UPDATE"),
        pytest.param(frame(DATA, 0, 1), id="empty DATA"),
        pytest.param(frame(DATA, 0, 1, b"x"), id="DATA of one byte"),
    ],
)
def test_health_is_answered_between_the_turns_of_a_flood(
    engine: str, loop: str, piece: bytes
) -> None:
    async def test() -> None:
        async with Endpoint(Greeter(), engine=engine).run() as running:
            hostile = await RawConnection.open(running.port)
            hostile.send(frame(SETTINGS, ACK))
            hostile.send(hostile.client.request(1, [(b":method", b"POST"), *GET_HEALTH[1:]]))
            await hostile.sync()
            honest = await RawConnection.open(running.port)
            await honest.sync()
            hostile.send(piece * (900_000 // len(piece)), frame(PING, payload=b"the mark"))
            taken = asyncio.create_task(hostile.until(is_the_mark))
            answered = 0
            while not taken.done():
                honest.send(honest.client.request(2 * answered + 1, GET_HEALTH, end=True))
                await honest.until(lambda f: f.kind == HEADERS)
                answered += 1
            await taken
            assert answered >= 20
            await hostile.close()
            await honest.close()

    run(test(), loop=loop)


def invoke(connection: RawConnection, stream_id: int) -> bytes:
    return connection.client.request(
        stream_id,
        [
            (b":method", b"POST"),
            (b":scheme", b"http"),
            (b":authority", b"test"),
            (b":path", b"/invoke/Greeter/greet"),
            (b"content-type", b"application/vnd.restate.invocation.v6"),
        ],
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_a_message_that_is_too_long_is_refused_at_its_header(
    engine: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        endpoint = Endpoint(Greeter(), engine=engine, limits=Limits(max_inbound_message=2_000))
        async with endpoint.run() as running:
            connection = await RawConnection.open(running.port)
            connection.send(invoke(connection, 1))
            connection.send(frame(DATA, 0, 1, bytes((0, 0, 0, 0, 0, 0, 0x10, 0))))
            answer = await connection.until(lambda f: f.kind == DATA and f.stream_id == 1)
            assert b"announces 4096 bytes, but at most 2000 are accepted" in answer.payload
            await connection.close()

    run(test())
    assert "at most 2000 are accepted" in caplog.text


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("begun", [b"", PREFACE[:10], PREFACE, PREFACE + settings_frame({})[:5]])
def test_who_does_not_finish_greeting_is_closed(engine: str, loop: str, begun: bytes) -> None:
    async def test() -> None:
        limits = Limits(handshake_timeout=timedelta(milliseconds=200))
        async with Endpoint(Greeter(), engine=engine, limits=limits).run() as running:
            connection = RawConnection(*await asyncio.open_connection("127.0.0.1", running.port))
            connection.send(begun)
            await connection.rest()  # up to the end of the connection
            await connection.close()

    run(test(), loop=loop)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("engine", ENGINES)
def test_a_journal_that_does_not_come_and_an_answer_that_is_not_read(
    engine: str, loop: str
) -> None:
    async def test() -> None:
        limits = Limits(
            read_timeout=timedelta(milliseconds=300), write_timeout=timedelta(milliseconds=300)
        )
        async with Endpoint(Greeter(), engine=engine, limits=limits).run() as running:
            silent = await RawConnection.open(running.port)
            silent.send(invoke(silent, 1))
            reset = await silent.until(lambda f: f.kind == RST_STREAM)
            assert reset.stream_id == 1
            # A connection that ends one stream goes on.
            silent.send(silent.client.request(3, GET_HEALTH, end=True))
            await silent.until(lambda f: f.kind == HEADERS and f.stream_id == 3)
            await silent.close()
            # One that opens no window for the answer.
            closed = await RawConnection.open(running.port, preface={4: 0})
            closed.send(closed.client.request(1, GET_HEALTH, end=True))
            await closed.until(lambda f: f.kind == RST_STREAM and f.stream_id == 1)
            await closed.close()

    run(test(), loop=loop)


@pytest.mark.parametrize("loop", LOOPS)
def test_there_are_only_so_many_connections(loop: str) -> None:
    async def test() -> None:
        async with Endpoint(Greeter(), limits=Limits(max_connections=3)).run() as running:
            busy = [await RawConnection.open(running.port) for _ in range(3)]
            for connection in busy[:2]:
                connection.send(invoke(connection, 1))
                await connection.sync()
            await busy[2].sync()
            late = await RawConnection.open(running.port)
            await late.sync()
            await busy[2].rest()
            late.send(invoke(late, 1))
            await late.sync()
            refused = await RawConnection.open(running.port)
            assert await refused.rest() == []
            for connection in (*busy, late, refused):
                await connection.close()

    run(test(), loop=loop)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_crowd_that_connects_at_once_is_let_in_by_and_by(loop: str) -> None:
    async def test() -> None:
        async with serving(App()) as server:
            crowd = [socket.create_connection(server.address) for _ in range(100)]
            counts = [0]
            while counts[-1] < len(crowd):
                await asyncio.sleep(0)
                counts.append(server.connection_count)
            most = max(later - before for before, later in pairwise(counts))
            assert most <= 17  # newer Pythons accept one more than they are told
            for each in crowd:
                each.close()

    run(test(), loop=loop)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("engine", ENGINES)
def test_requests_of_a_client_that_has_gone_before_it_was_read_do_not_begin(
    engine: str, loop: str
) -> None:
    if loop == "uvloop" and version("uvloop").startswith(("0.21.", "0.22.")):
        pytest.skip("before 0.23, uvloop does not tell of the reset before the turn is over")

    async def test() -> None:
        app = App(Echo)
        async with serving(app, engine=engine) as server:
            for _ in range(20):
                client = RawClient()
                gone = socket.create_connection(server.address)
                gone.sendall(client.preface() + client.request(1, REQUEST))
                gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                gone.close()  # by a reset
            there = await RawConnection.open(server.port)
            there.send(there.client.request(1, REQUEST, end=True))
            await there.until(lambda f: f.kind == HEADERS)
            assert len(app.requests) == 1
            assert server.connection_count == 1
            await there.close()

    run(test(), loop=loop)
