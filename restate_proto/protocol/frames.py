"""Framing: messages behind eight byte headers, over any chunking of the stream."""

from __future__ import annotations

import struct

__all__ = ["MAX_LENGTH", "REQUESTED_ACK", "Frame", "FrameDecoder", "pack_header"]

Frame = tuple[int, bytes]
"""A message's type number and its payload."""

REQUESTED_ACK = 0x8000
"""The header flag that asks for an ack of a run proposal."""

MAX_LENGTH = 2**31 - 1
"""protobuf's own bound on a message, in bytes."""

_HEADER = struct.Struct(">HHI")
_unpack_header = _HEADER.unpack_from

pack_header = _HEADER.pack
"""(type, flags, length) -> the eight bytes before a payload."""


class FrameDecoder:
    """Cuts a byte stream into messages; keeps what is incomplete until the rest is there."""

    __slots__ = ("_chunks", "_missing", "error")

    def __init__(self) -> None:
        self.error: str | None = None
        self._chunks: list[bytes] = []
        self._missing = 0

    @property
    def is_inside_message(self) -> bool:
        """Whether a message has begun that is not complete."""
        return bool(self._chunks)

    def feed(self, data: bytes) -> list[Frame]:
        """The messages that these bytes complete.

        A header that no message can have sets `error`; what follows it is not read. The messages
        before it are given all the same, so that the chunking makes no difference.
        """
        if self.error is not None:
            return []
        if self._chunks:
            self._chunks.append(data)
            self._missing -= len(data)
            if self._missing > 0:
                return []
            data = b"".join(self._chunks)
            self._chunks = []
        frames: list[Frame] = []
        position = 0
        end = len(data)
        needed = 8
        while end - position >= 8:
            type_, _, length = _unpack_header(data, position)
            needed = 8 + length
            if end - position < needed:
                if length > MAX_LENGTH:
                    self.error = f"a message of type {type_:#06x} announces {length} bytes"
                    return frames
                break
            start = position + 8
            position += needed
            frames.append((type_, data[start:position]))
            needed = 8
        if position < end:
            self._chunks = [data[position:] if position else data]
            self._missing = needed - (end - position)
        return frames
