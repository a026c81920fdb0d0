"""Cut the stream into messages: each follows a header of eight bytes, in chunks of any size."""

from __future__ import annotations

import struct
from typing import Any

from restate_proto.protocol.wire import LARGE, LargeMessage

__all__ = [
    "MAX_LENGTH",
    "REQUESTED_ACK",
    "Frame",
    "FrameDecoder",
    "framed",
    "pack_header",
]

Frame = tuple[int, bytes]
"""The type number of a message, and its payload."""

REQUESTED_ACK = 0x8000
"""The header flag that asks for an ack of a run proposal."""

MAX_LENGTH = 2**31 - 1
"""The longest message that protobuf allows, in bytes."""

_HEADER = struct.Struct(">HHI")
_unpack_header = _HEADER.unpack_from

pack_header = _HEADER.pack
"""Make a header, the eight bytes before a payload, from type, flags and length."""


def framed(frame: Frame) -> bytes:
    """Return a message as it is sent, with its header."""
    type_, payload = frame
    return pack_header(type_, 0, len(payload)) + payload


class FrameDecoder:
    """Cuts a byte stream into messages; keeps an incomplete message until the rest has arrived.

    Large messages are neither cut out nor joined before it is clear what of them is needed: the
    payload in a message can then be copied straight from the chunks.

    Args:
        max_length: the longest message to accept, in bytes.

    Attributes:
        error: what is wrong with the stream; None as long as nothing is.
        missing: how many bytes are missing of the message that has begun: of its header first, then
            of its payload; 0 between messages.
        found_large: whether `feed_uncopied` has returned large messages; its caller sets it back.
    """

    __slots__ = (
        "_chunks",
        "_max_length",
        "_most_at_once",
        "_type",
        "error",
        "found_large",
        "missing",
    )

    def __init__(self, max_length: int = MAX_LENGTH) -> None:
        self._max_length = max_length
        self._most_at_once = min(max_length, LARGE - 1)
        self.error: str | None = None
        self.found_large = False
        self.missing = 0
        # The parts of an incomplete message: of its header as long as its type is not known.
        self._chunks: list[bytes | memoryview] = []
        self._type: int | None = None

    @property
    def is_inside_message(self) -> bool:
        """Whether a message has begun that is not complete."""
        return self.missing > 0

    def feed(self, data: bytes) -> list[Frame]:
        """Return the messages that these bytes complete.

        An invalid header sets `error`, and nothing after it is read. The messages before it are
        returned all the same, so that the chunking makes no difference.
        """
        return [
            (type_, payload if isinstance(payload, bytes) else payload.joined())
            for type_, payload in self.feed_uncopied(data)
        ]

    def feed_uncopied(self, data: bytes) -> list[tuple[int, Any]]:
        """Return the same as `feed`, with large messages as they have come.

        Returns:
            The type and the payload of each message: a `LargeMessage` if it is large, else bytes.
        """
        if self.error is not None:
            return []
        missing = self.missing
        if not missing and len(data) >= 8:
            type_, _, length = _unpack_header(data)
            # The usual case: one chunk is one message.
            if len(data) == 8 + length <= self._most_at_once:
                return [(type_, data[8:])]
        frames: list[tuple[int, Any]] = []
        position = 0
        if missing:
            if len(data) < missing:
                self._chunks.append(data)
                self.missing = missing - len(data)
                return frames
            if self._type is None:
                data = b"".join(self._chunks) + data
            else:
                self._chunks.append(_part(data, 0, missing))
                frames.append((self._type, self._whole(self._chunks)))
                position = missing
                self._type = None
            self._chunks = []
            self.missing = 0
        end = len(data)
        max_length = self._max_length
        while end - position >= 8:
            type_, _, length = _unpack_header(data, position)
            position += 8
            if length > max_length:
                self.error = (
                    f"a message of type {type_:#06x} announces {length} bytes, but at most "
                    f"{max_length} are accepted"
                )
                return frames
            if end - position < length:
                self._type = type_
                self.missing = length - (end - position)
                self._chunks = [_part(data, position, end)]
                return frames
            if length < LARGE:
                frames.append((type_, data[position : position + length]))
            else:
                view = memoryview(data)[position : position + length]
                frames.append((type_, self._whole([view])))
            position += length
        if position < end:
            self._chunks = [data[position:]]
            self.missing = 8 - (end - position)
        return frames

    def _whole(self, chunks: list[bytes | memoryview]) -> bytes | LargeMessage:
        """Return a message whose last chunk has come."""
        message = LargeMessage(chunks)
        if message.size < LARGE:
            return message.joined()
        self.found_large = True
        return message


def _part(data: bytes, start: int, end: int) -> bytes | memoryview:
    """Return a part of a chunk; copy it only if that costs less than to keep the whole chunk."""
    return data[start:end] if end - start < LARGE else memoryview(data)[start:end]
