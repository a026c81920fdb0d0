"""Framing: messages behind eight byte headers, over any chunking of the stream."""

from __future__ import annotations

import struct

__all__ = [
    "DEFAULT_MAX_OUTBOUND",
    "MAX_LENGTH",
    "MAX_PAYLOAD",
    "REQUESTED_ACK",
    "RESTATES_SHARE",
    "Frame",
    "FrameDecoder",
    "pack_header",
]

Frame = tuple[int, bytes]
"""A message's type number and its payload."""

REQUESTED_ACK = 0x8000
"""The header flag that asks for an ack of a run proposal."""

MAX_LENGTH = 2**31 - 1
"""protobuf's own bound on a message, in bytes."""

DEFAULT_MAX_OUTBOUND = 32 * 2**20
"""Restate's default `message-size-limit`, in bytes: it takes only messages that are shorter."""

RESTATES_SHARE = 64 * 2**10
"""What Restate needs of its limit itself, in bytes, where a value leaves the invocation: for a call,
for another invocation, for whoever waits for the result. It takes half of this (1.7.12). To a
message that is larger than what is left it says nothing, and the invocation never goes on.
"""

MAX_PAYLOAD = DEFAULT_MAX_OUTBOUND - RESTATES_SHARE
"""The length in bytes of a payload that Restate, by its defaults, would not take any more."""

_HEADER = struct.Struct(">HHI")
_unpack_header = _HEADER.unpack_from

pack_header = _HEADER.pack
"""(type, flags, length) -> the eight bytes before a payload."""


class FrameDecoder:
    """Cuts a byte stream into messages; keeps what is incomplete until the rest is there.

    Each byte of a payload is copied once, be it cut out of one chunk or joined from many.

    Args:
        max_length: the longest message that is taken, in bytes.

    Attributes:
        error: what is wrong with the stream, once something is.
        missing: how many bytes are missing of a message that has begun: of its header while that
            is not complete, then of its payload; 0 between messages.
    """

    __slots__ = ("_chunks", "_max_length", "_type", "error", "missing")

    def __init__(self, max_length: int = MAX_LENGTH) -> None:
        self._max_length = max_length
        self.error: str | None = None
        self.missing = 0
        # What is there of an incomplete message: of its header while its type is not known.
        self._chunks: list[bytes] = []
        self._type: int | None = None

    @property
    def is_inside_message(self) -> bool:
        """Whether a message has begun that is not complete."""
        return self.missing > 0

    def feed(self, data: bytes) -> list[Frame]:
        """The messages that these bytes complete.

        A header that no message can have sets `error`; what follows it is not read. The messages
        before it are given all the same, so that the chunking makes no difference.
        """
        if self.error is not None:
            return []
        frames: list[Frame] = []
        position = 0
        missing = self.missing
        if missing:
            if len(data) < missing:
                self._chunks.append(data)
                self.missing = missing - len(data)
                return frames
            if self._type is None:
                data = b"".join(self._chunks) + data
            else:
                self._chunks.append(data[:missing])
                frames.append((self._type, b"".join(self._chunks)))
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
                    f"a message of type {type_:#06x} announces {length} bytes, where at most "
                    f"{max_length} are taken"
                )
                return frames
            if end - position < length:
                self._type = type_
                self.missing = length - (end - position)
                self._chunks = [data[position:]]
                return frames
            frames.append((type_, data[position : position + length]))
            position += length
        if position < end:
            self._chunks = [data[position:]]
            self.missing = 8 - (end - position)
        return frames
