"""Data given to the h2 engine that cannot be sent yet.

h2 does not buffer: it refuses data beyond the peer's windows or frame size. Such data waits in the
outbox of its stream. As the socket takes it, it is cut into frames, one of each stream in turn.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from h2.exceptions import H2Error

from restate_proto.http2.engines.base import OUTPUT_CHUNK

if TYPE_CHECKING:
    from restate_proto.http2.engines.h2_connection import StreamwiseConnection

__all__ = ["GONE", "Outboxes"]

GONE: Final = (H2Error, KeyError)
"""The errors of operations on a stream or connection that is already gone."""


class _Outbox:
    """The unsent data of one stream."""

    __slots__ = ("chunks", "end", "offset", "size")

    def __init__(self) -> None:
        self.chunks: deque[bytes] = deque()
        self.offset = 0
        self.size = 0
        self.end = False

    def take(self, amount: int) -> bytes | memoryview:
        """Take exactly `amount` bytes; small pieces are joined, a large one is not copied."""
        self.size -= amount
        chunks = self.chunks
        parts: list[bytes | memoryview] = []
        while amount:
            chunk = chunks[0]
            left = len(chunk) - self.offset
            if left > amount:
                parts.append(memoryview(chunk)[self.offset : self.offset + amount])
                self.offset += amount
                break
            parts.append(memoryview(chunk)[self.offset :] if self.offset else chunk)
            amount -= left
            self.offset = 0
            chunks.popleft()
        return parts[0] if len(parts) == 1 else b"".join(parts)


class Outboxes:
    """The outboxes of all streams of a connection.

    Attributes:
        of_streams: the outboxes by stream id; each has data, or an end to be sent.
        ready: the ids of streams whose data may be sent now, the next one first. Some of them may
            have no outbox any more.
    """

    __slots__ = ("_blocked", "_connection", "of_streams", "ready")

    def __init__(self, connection: StreamwiseConnection) -> None:
        self.of_streams: dict[int, _Outbox] = {}
        self.ready: deque[int] = deque()
        self._blocked: set[int] = set()
        self._connection = connection

    def add(self, stream_id: int, data: bytes, *, end: bool) -> None:
        """Add data to a stream's outbox, and the stream's end after it if `end` says so."""
        outbox = self.of_streams.get(stream_id)
        if outbox is None:
            outbox = self.of_streams[stream_id] = _Outbox()
            self.ready.append(stream_id)
        if data:
            outbox.chunks.append(data)
            outbox.size += len(data)
        outbox.end = end

    def frame(self) -> list[int]:
        """Put waiting data into frames: one of each stream in turn, up to one chunk in total.

        Returns:
            The ids of the streams whose end was among it.
        """
        connection = self._connection
        ready = self.ready
        ended: list[int] = []
        while ready and connection.unsent < OUTPUT_CHUNK:
            stream_id = ready.popleft()
            outbox = self.of_streams.get(stream_id)
            if outbox is None:
                continue
            try:
                window = connection.local_flow_control_window(stream_id)
                if outbox.size and window <= 0:
                    self._blocked.add(stream_id)
                    continue
                amount = min(outbox.size, window, connection.max_outbound_frame_size)
                end = outbox.end and amount == outbox.size
                connection.send_data(stream_id, outbox.take(amount), end_stream=end)
            except GONE:
                self.forget(stream_id)
                continue
            if outbox.size:
                ready.append(stream_id)
                continue
            del self.of_streams[stream_id]
            if end:
                ended.append(stream_id)
        return ended

    def unblock(self, stream_id: int) -> None:
        """Make data ready because a window opened: of one stream, or of all if the id is 0."""
        blocked = self._blocked
        if stream_id == 0:
            self.ready.extend(blocked)
            blocked.clear()
        elif stream_id in blocked:
            blocked.discard(stream_id)
            self.ready.append(stream_id)

    def forget(self, stream_id: int) -> None:
        """Drop the data of a stream that is gone."""
        self.of_streams.pop(stream_id, None)
        self._blocked.discard(stream_id)

    def clear(self) -> None:
        """Drop the data of all streams."""
        self.of_streams.clear()
        self.ready.clear()
