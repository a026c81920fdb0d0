"""A server that a test plays by hand, frame by frame."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from restate_proto.http2.engines.base import PREFACE
from tests.http2.frames import ACK, SETTINGS, Frame, frame, settings_frame

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

OK = bytes([0x88])  # HPACK for ":status: 200"


class Peer:
    """A server that the test plays by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.seen: list[Frame] = []

    async def greet(self, values: dict[int, int] | None = None) -> None:
        assert await self.reader.readexactly(len(PREFACE)) == PREFACE
        self.send(settings_frame(values or {}), frame(SETTINGS, ACK))

    def send(self, *data: bytes) -> None:
        self.writer.write(b"".join(data))

    async def until(self, kind: int) -> Frame:
        while True:
            head = await self.reader.readexactly(9)
            payload = await self.reader.readexactly(int.from_bytes(head[:3], "big"))
            found = Frame(head[3], head[4], int.from_bytes(head[5:9], "big"), payload)
            self.seen.append(found)
            if found.kind == kind:
                return found


@asynccontextmanager
async def played(play: Callable[[Peer], Awaitable[None]]) -> AsyncGenerator[str]:
    """Serve connections with a coroutine, and yield the base URL."""
    failures: list[BaseException] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await play(Peer(reader, writer))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except AssertionError as error:
            failures.append(error)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}"
    assert not failures
