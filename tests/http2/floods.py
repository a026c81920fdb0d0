"""What a peer can flood a connection with, and connections that it is poured into."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from restate_proto.http2.errors import ErrorCode
from restate_proto.http2.stream import ServerStream
from tests.http2.frames import (
    ACK,
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    PING,
    PRIORITY,
    REQUEST,
    RST_STREAM,
    SETTINGS,
    RawClient,
    frame,
    settings_frame,
    window_update,
)
from tests.http2.memory import Memory
from tests.http2.support import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


__all__ = [
    "DAY",
    "FLOODS",
    "READ",
    "Answer",
    "connected",
    "floods",
    "header_bombs",
    "pour",
    "rapid_resets",
    "reads",
    "same",
]

READ = 262_144  # what asyncio reads at most at once
DAY = 86_400.0


def rapid_resets(client: RawClient) -> bytes:
    cancel = int(ErrorCode.CANCEL).to_bytes(4, "big")
    return b"".join(
        client.request(stream) + frame(RST_STREAM, 0, stream, cancel)
        for stream in range(3, 12_003, 2)
    )


def header_bombs(client: RawClient) -> bytes:
    """Headers of two kilobytes on the wire and sixty in memory."""
    block = client.encoder.encode(REQUEST) + bytes([0x80 | 16]) * 1_000
    return b"".join(
        frame(HEADERS, END_HEADERS | END_STREAM, stream, block) for stream in range(3, 803, 2)
    )


def same(data: bytes) -> Callable[[RawClient], bytes]:
    return lambda _: data * 200_000


FLOODS = {
    "PING": same(frame(PING, payload=bytes(8))),
    "PING ACK": same(frame(PING, 1, payload=bytes(8))),
    "SETTINGS": same(settings_frame({})),
    "WINDOW_UPDATE": same(window_update(0, 1)),
    "PRIORITY": same(frame(PRIORITY, 0, 1, bytes((0, 0, 0, 0, 16)))),
    "an unknown type": same(frame(0x77, 0, 1)),
    "empty DATA": same(frame(DATA, 0, 1)),
    "DATA of one byte": same(frame(DATA, 0, 1, b"x")),
    "resets": rapid_resets,
    "header bombs": header_bombs,
}


floods = pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)


class Answer(Request):
    """Answers at once; takes what comes."""

    def __init__(self, stream: ServerStream) -> None:
        super().__init__(stream)
        stream.respond(200)
        stream.write(b"ok", end=stream.method == "GET")

    def data_received(self, data: bytes) -> None:
        self.stream.acknowledge(len(data))


def connected(engine: str, other: Memory | None = None, accept: Any = Answer) -> Memory:
    memory = Memory(accept, engine, connections=other.connections if other else None)
    memory.feed(memory.client.preface(), frame(SETTINGS, ACK), memory.client.request(1))
    memory.transport.take()
    return memory


def reads(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), READ):
        yield data[start : start + READ]


async def pour(memory: Memory, data: bytes) -> None:
    """Send as a socket does: nothing is delivered while reading is paused."""
    for read in reads(data):
        while memory.transport.paused and not memory.transport.has_ended:
            # In virtual time: something is scheduled, be it the next turn or a timer.
            await asyncio.sleep(0)
            if memory.connection.intake.is_waiting:
                await asyncio.sleep(0.01)
        if memory.transport.has_ended:
            return
        memory.feed(read)
