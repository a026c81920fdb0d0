"""Make HTTP/2's frames by hand, and read those of the other side."""

from __future__ import annotations

import asyncio
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

import hpack

from restate_proto.http2.engines.base import PREFACE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = [
    "ACK",
    "CONTINUATION",
    "DATA",
    "END_HEADERS",
    "END_STREAM",
    "GOAWAY",
    "HEADERS",
    "PADDED",
    "PING",
    "PRIORITY",
    "PUSH_PROMISE",
    "REQUEST",
    "RST_STREAM",
    "SETTINGS",
    "WINDOW_UPDATE",
    "Frame",
    "RawClient",
    "RawConnection",
    "frame",
    "frames",
    "goaway_code",
    "goaways",
    "is_ping",
    "resets",
    "settings_frame",
    "window_update",
]

REQUEST: Final = [
    (b":method", b"POST"),
    (b":scheme", b"http"),
    (b":authority", b"test"),
    (b":path", b"/x"),
]

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS = 0, 1, 2, 3, 4
PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 5, 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS, PADDED = 0x1, 0x1, 0x4, 0x8


class Frame(NamedTuple):
    kind: int
    flags: int
    stream_id: int
    payload: bytes

    def encode(self) -> bytes:
        length = len(self.payload).to_bytes(3, "big")
        return (
            length
            + bytes((self.kind, self.flags))
            + self.stream_id.to_bytes(4, "big")
            + (self.payload)
        )


def frame(kind: int, flags: int = 0, stream_id: int = 0, payload: bytes = b"") -> bytes:
    return Frame(kind, flags, stream_id, payload).encode()


def frames(data: bytes) -> list[Frame]:
    """All frames of some output; it must hold whole ones."""
    found: list[Frame] = []
    data = data.removeprefix(PREFACE)
    while data:
        length = int.from_bytes(data[:3], "big")
        assert len(data) >= 9 + length, "a frame is cut"
        stream_id = int.from_bytes(data[5:9], "big") & 0x7FFFFFFF
        found.append(Frame(data[3], data[4], stream_id, data[9 : 9 + length]))
        data = data[9 + length :]
    return found


def settings_frame(values: dict[int, int]) -> bytes:
    return frame(SETTINGS, payload=b"".join(struct.pack(">HI", k, v) for k, v in values.items()))


def window_update(stream_id: int, increment: int) -> bytes:
    return frame(WINDOW_UPDATE, 0, stream_id, increment.to_bytes(4, "big"))


def goaway_code(found: Iterable[Frame]) -> int | None:
    """The error code of the last GOAWAY."""
    codes = [int.from_bytes(f.payload[4:8], "big") for f in found if f.kind == GOAWAY]
    return codes[-1] if codes else None


def goaways(seen: Iterable[Frame]) -> list[int]:
    """The last stream ids of the GOAWAY frames."""
    return [int.from_bytes(f.payload[:4], "big") for f in seen if f.kind == GOAWAY]


def is_ping(found: Frame) -> bool:
    """Say whether a frame is a PING that asks for an answer."""
    return found.kind == PING and not found.flags & ACK


def resets(found: Iterable[Frame]) -> dict[int, int]:
    """Return the error codes of the RST_STREAM frames, by stream."""
    return {f.stream_id: int.from_bytes(f.payload, "big") for f in found if f.kind == RST_STREAM}


class RawClient:
    """Makes a client's bytes frame by frame."""

    def __init__(self) -> None:
        self.encoder = hpack.Encoder()

    def preface(self, values: dict[int, int] | None = None) -> bytes:
        return PREFACE + settings_frame(values or {})

    def request(
        self,
        stream_id: int,
        headers: Iterable[tuple[bytes, bytes]] = REQUEST,
        *,
        end: bool = False,
    ) -> bytes:
        block = self.encoder.encode(list(headers))
        return frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream_id, block)


class RawConnection:
    """A socket to a server, driven frame by frame."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.client = RawClient()
        self.seen: list[Frame] = []
        self.answers_pings = True

    @classmethod
    async def open(cls, port: int, *, preface: dict[int, int] | None = None) -> RawConnection:
        connection = cls(*await asyncio.open_connection("127.0.0.1", port))
        connection.send(connection.client.preface(preface))
        return connection

    def send(self, *data: bytes) -> None:
        self.writer.write(b"".join(data))

    async def read_frame(self) -> Frame | None:
        """The next frame; None at the end of the connection, which is then closed here, too."""
        try:
            head = await self.reader.readexactly(9)
            payload = await self.reader.readexactly(int.from_bytes(head[:3], "big"))
        except (asyncio.IncompleteReadError, ConnectionError):
            self.writer.close()
            return None
        found = Frame(head[3], head[4], int.from_bytes(head[5:9], "big") & 0x7FFFFFFF, payload)
        self.seen.append(found)
        if self.answers_pings and found.kind == PING and not found.flags & ACK:
            self.send(found._replace(flags=ACK).encode())
        return found

    async def until(self, wanted: Callable[[Frame], bool]) -> Frame:
        """Read up to a frame that fits; fail if the connection ends before."""
        while (found := await self.read_frame()) is not None:
            if wanted(found):
                return found
        raise AssertionError(f"the connection ended before; seen: {self.seen}")

    async def rest(self) -> list[Frame]:
        """All frames up to the end of the connection."""
        while await self.read_frame() is not None:
            pass
        return self.seen

    async def sync(self) -> None:
        """Wait until the server has handled all that was sent, by a PING."""
        self.send(frame(PING, payload=b"sync-sync"[:8]))
        await self.until(lambda f: f.kind == PING and f.flags == ACK)

    async def close(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()
