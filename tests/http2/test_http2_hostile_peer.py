"""A hostile peer of a running endpoint: others are answered between its turns."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from http2_support import (
    ACK,
    DATA,
    ENGINES,
    HEADERS,
    LOOPS,
    PING,
    SETTINGS,
    RawConnection,
    frame,
    run,
    settings_frame,
    window_update,
)

from benchmark.v1.benchmark_pb2 import GreetRequest, GreetResponse
from benchmark.v1.benchmark_restate import GreeterBase
from restate_proto import Context, Endpoint

if TYPE_CHECKING:
    from http2_support import Frame

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
