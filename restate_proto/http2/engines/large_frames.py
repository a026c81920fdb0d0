"""Find large DATA frames in what is read, for an engine whose library does not say where they are.

A large frame is little work, so it need not be given to the library in small portions; in one piece
it is copied once less. But a portion that only looks like a large frame may contain many small
ones, and all their work. Therefore:

- Heads of frames are read only where a frame is known or likely to begin: at the end of another,
  and at the beginning of what was read. It costs too much to follow all small frames.
- The engine reports a portion that had more events than a DATA frame can have. From then on, the
  peer's portions are small.
"""

from __future__ import annotations

import struct
from typing import Final

__all__ = ["LargeFrames"]

_HEAD: Final = struct.Struct(">IBI")
"""The length of a frame with its type, its flags, and its stream."""

_DATA: Final = 0
_FLAGS: Final = frozenset((0, 1, 8, 9))
"""Those of a DATA frame: END_STREAM and PADDED."""

_MUCH: Final = 16_384
"""The bytes from which on small frames are looked through, since a large one may follow them."""


class LargeFrames:
    """The large DATA frames of one connection's input.

    Args:
        small: the size in bytes of a small portion.
        max_frame_size: the largest payload of a frame.

    Attributes:
        end: how many bytes the peer has sent at the end of the last large frame that was found.
        guessed_wrong: whether something that looked like a large frame was none.
    """

    __slots__ = ("_head", "_head_end", "_longest", "_small", "end", "guessed_wrong")

    def __init__(self, small: int, max_frame_size: int) -> None:
        self._small = small
        self._longest = _HEAD.size + max_frame_size
        self.end = 0
        self.guessed_wrong = False
        # The first bytes of a head whose others were not there, and where they have to follow.
        self._head = b""
        self._head_end = -1

    def portion(self, data: memoryview, start: int, received: int) -> int:
        """Return the end of a large DATA frame, else of a small portion.

        Args:
            data: the bytes that were read.
            start: where the portion begins.
            received: how many bytes the peer had sent before the portion.
        """
        size = len(data)
        small = min(size, start + self._small)
        if self.guessed_wrong:
            return small
        if received < self.end:
            return min(size, start + self.end - received)
        head = self._head if received == self._head_end else b""
        position = start - len(head)
        while position < small:
            if size - position < _HEAD.size:
                if position > start:
                    return position
                self._head = head + bytes(data[start:])
                self._head_end = received + size - start
                return size
            if position < start:
                head += bytes(data[start : position + _HEAD.size])
                length_and_type, flags, stream_id = _HEAD.unpack(head)
            else:
                length_and_type, flags, stream_id = _HEAD.unpack_from(data, position)
            length = _HEAD.size + (length_and_type >> 8)
            if length > self._small:
                is_data = length_and_type & 0xFF == _DATA and flags in _FLAGS and stream_id & 1
                if not is_data or length > self._longest:
                    return small
                if position > start:
                    return position
                self.end = received + position - start + length
                return min(size, position + length)
            if size - start < _MUCH:
                return small
            position += length
        return min(size, position)
