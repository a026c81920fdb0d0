"""A peer that sends whatever it likes, and waits for answers."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from restate_proto.http2.errors import ErrorCode
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.http2.frames import (
    ACK,
    DATA,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PING,
    RST_STREAM,
    SETTINGS,
    Frame,
    RawClient,
    frame,
)
from tests.protocol.case import frame as message_frame
from tests.protocol.case import read_messages

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

__all__ = ["GET_HEALTH", "Peer", "invocation"]

GET_HEALTH = [
    (b":method", b"GET"),
    (b":scheme", b"http"),
    (b":authority", b"test"),
    (b":path", b"/health"),
]
# The endpoint opens a stream's window of 1 MiB when half of it is used up.
_PORTION = 400_000


def invocation(path: str = "Greeter/greet", version: int = 6) -> list[tuple[bytes, bytes]]:
    """Return the header fields of a request that invokes a handler."""
    return [
        (b":method", b"POST"),
        *GET_HEALTH[1:3],
        (b":path", f"/invoke/{path}".encode()),
        (b"content-type", f"application/vnd.restate.invocation.v{version}".encode()),
    ]


class Peer:
    """A connection that is driven frame by frame, and read continuously.

    Attributes:
        client: makes header blocks with the connection's HPACK table.
        frames: what has come, but for the answers to PING and SETTINGS frames beyond the first.
        body: what has come of the bodies, by stream.
        has_ended: whether the endpoint has closed its side, or the connection broke.
        is_broken: whether it broke.
        answers: whether it answers PING and SETTINGS.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.client = RawClient()
        self.frames: list[Frame] = []
        self.body: dict[int, bytes] = {}
        self.has_ended = False
        self.is_broken = False
        self.answers = True
        self._arrived = asyncio.Condition()
        self._pings = 0
        self._pongs = 0
        self._reading: asyncio.Task[None] | None = None

    @classmethod
    async def connect(cls, port: int, *, receive_buffer: int | None = None) -> Peer:
        """Open a connection, and send nothing."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        if receive_buffer is not None:
            plain = writer.get_extra_info("socket")
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        return cls(reader, writer)

    def read(self) -> Peer:
        """Read from now on."""
        self._reading = asyncio.create_task(self._read())
        return self

    def greet(self, settings: dict[int, int] | None = None) -> Peer:
        """Send the preface and SETTINGS, and read from now on."""
        self.send(self.client.preface(settings))
        return self.read()

    def send(self, *parts: bytes) -> None:
        self._writer.write(b"".join(parts))

    async def flood(self, piece: bytes, size: int) -> None:
        """Send a piece again and again, or until the endpoint has ended the connection.

        Args:
            piece: the bytes.
            size: how many bytes in all.
        """
        many = piece * max(1, 65_536 // len(piece))
        for _ in range(0, size, len(many)):
            if self.has_ended:
                return
            self.send(many)
            await self.drain()

    async def drain(self) -> None:
        """Wait until the socket has taken what was sent."""
        with suppress(ConnectionError):
            await self._writer.drain()

    async def is_taken(self) -> None:
        """Wait until all that was sent is processed; fail if the connection ends before."""
        self._pings += 1
        number = self._pings
        self.send(frame(PING, payload=b"mark" + number.to_bytes(4, "big")))
        await self._until(lambda: self._pongs >= number)
        assert self._pongs >= number, f"the connection ended: {self.frames[-3:]}"

    async def sees(self, wanted: Callable[[Frame], bool]) -> Frame:
        """Wait for a frame; fail if the connection ends before."""
        start = 0

        def find() -> Frame | None:
            nonlocal start
            for each in self.frames[start:]:
                start += 1
                if wanted(each):
                    return each
            return None

        found: list[Frame] = []

        def there() -> bool:
            each = find()
            if each is not None:
                found.append(each)
            return bool(found)

        await self._until(there)
        assert found, f"the connection ended before; seen: {self.frames[-3:]}"
        return found[0]

    async def sees_reset(self, stream_id: int) -> ErrorCode:
        """Wait until a stream is reset; return the code."""
        reset = await self.sees(lambda f: f.kind == RST_STREAM and f.stream_id == stream_id)
        return ErrorCode(int.from_bytes(reset.payload, "big"))

    async def sees_end(self) -> ErrorCode | None:
        """Wait until the endpoint has closed the connection; return the code of its GOAWAY."""
        await self._until(lambda: False)
        codes = [int.from_bytes(f.payload[4:8], "big") for f in self.frames if f.kind == GOAWAY]
        return ErrorCode(codes[-1]) if codes else None

    async def rest(self) -> bytes:
        """Return all bytes up to the end of a connection that is not answered in frames."""
        try:
            return await self._reader.read()
        except ConnectionError:
            self.is_broken = True
            return b""

    async def is_dropped(self) -> None:
        """Wait until the connection of a peer that does not read is gone."""
        with suppress(ConnectionError):
            while True:
                self.send(frame(PING, payload=bytes(8)))
                await self._writer.drain()
                await asyncio.sleep(0.05)

    async def answer(self, stream_id: int) -> list[Message]:
        """Wait until the answer on a stream is complete; return its messages."""
        return read_messages(await self.answer_of(stream_id))

    async def answer_of(self, stream_id: int) -> bytes:
        """Wait until the answer to a request outside of the service protocol is complete."""
        last = await self.sees(
            lambda f: (
                f.stream_id == stream_id
                and (
                    f.kind == RST_STREAM
                    or (f.kind in {DATA, HEADERS} and bool(f.flags & END_STREAM))
                )
            )
        )
        assert last.kind != RST_STREAM, f"stream {stream_id} was reset: {last}"
        return self.body.get(stream_id, b"")

    async def error(self, stream_id: int) -> int:
        """Wait until an attempt has failed; return the code of its ErrorMessage."""
        last = (await self.answer(stream_id))[-1]
        assert isinstance(last, pb.ErrorMessage), last
        return last.code

    def invoke(
        self, stream_id: int, *messages: Message | bytes, end: bool = False, **to: Any
    ) -> None:
        """Begin an invocation, and send its first messages or bytes.

        Args:
            stream_id: the stream.
            *messages: what to send.
            end: whether the request ends.
            **to: see `invocation`.
        """
        self.send(self.client.request(stream_id, invocation(**to)))
        self.tell(stream_id, *messages, end=end)

    def tell(self, stream_id: int, *messages: Message | bytes, end: bool = False) -> None:
        """Send messages or bytes on a stream."""
        data = b"".join(
            each if isinstance(each, bytes) else message_frame(each) for each in messages
        )
        size = 16_384
        for start in range(0, len(data), size):
            self.send(frame(DATA, 0, stream_id, data[start : start + size]))
        if end:
            self.send(frame(DATA, END_STREAM, stream_id))

    async def pour(self, stream_id: int, *messages: Message | bytes, end: bool = False) -> None:
        """Send many bytes on a stream, no faster than its window opens."""
        data = b"".join(
            each if isinstance(each, bytes) else message_frame(each) for each in messages
        )
        for start in range(0, len(data), _PORTION):
            self.tell(stream_id, data[start : start + _PORTION])
            await self.is_taken()
        self.tell(stream_id, end=end)

    def abort(self) -> None:
        """Reset the TCP connection."""
        plain = self._writer.get_extra_info("socket")
        if not self._writer.is_closing():
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def close(self) -> None:
        """Close the connection."""
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()
        if self._reading is not None:
            await self._reading

    async def _until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds, or the connection has ended."""
        assert self._reading is not None, "this peer does not read"
        async with self._arrived:
            await self._arrived.wait_for(lambda: condition() or self.has_ended)

    async def _read(self) -> None:
        try:
            while True:
                head = await self._reader.readexactly(9)
                payload = await self._reader.readexactly(int.from_bytes(head[:3], "big"))
                stream_id = int.from_bytes(head[5:9], "big") & 0x7FFFFFFF
                await self._take(Frame(head[3], head[4], stream_id, payload))
        except asyncio.IncompleteReadError:
            pass
        except ConnectionError:
            self.is_broken = True
        finally:
            async with self._arrived:
                self.has_ended = True
                self._arrived.notify_all()

    async def _take(self, found: Frame) -> None:
        if found.kind == PING and found.flags & ACK:
            if not found.payload.startswith(b"mark"):
                return
            self._pongs += 1
        elif found.kind == SETTINGS and found.flags & ACK:
            return
        elif found.kind in {PING, SETTINGS} and self.answers:
            payload = found.payload if found.kind == PING else b""
            self.send(frame(found.kind, ACK, payload=payload))
        elif found.kind == DATA:
            self.body[found.stream_id] = self.body.get(found.stream_id, b"") + found.payload
        async with self._arrived:
            self.frames.append(found)
            self._arrived.notify_all()
