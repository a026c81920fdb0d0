"""Write and read protobuf's wire format around payloads by hand, to avoid copying the payloads.

protobuf copies a payload into the message in which it is set, and copies it again when it
serializes the message; the same happens on the way in. What this module writes is byte for byte
what protobuf would write.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "LARGE",
    "LargeMessage",
    "before_value",
    "joined",
    "length_delimited",
    "read_varint",
    "varint",
]

LARGE: Final = 16_384
"""The length in bytes from which on a copy costs more than the effort of avoiding it."""

_MOST_BEFORE_VALUE: Final = 4_096
"""The bytes before a payload that are looked through: nearly always, they are headers and ids."""

_CONTENT: Final = 0x0A
"""The tag of `Value.content`, the message's only field, which holds a payload."""


def varint(number: int) -> bytes:
    """Return a non-negative number as a varint: seven bits in each byte, the lowest first."""
    if number < 0x80:
        return bytes((number,))
    encoded = bytearray()
    while number >= 0x80:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def length_delimited(tag: int, data: bytes) -> bytes:
    """Return a string or bytes field; nothing if it is empty, as in proto3.

    Args:
        tag: the tag of the field, one byte.
        data: its value.
    """
    size = len(data)
    if size < 0x80:
        return b"%c%c%b" % (tag, size, data) if size else b""
    return b"%c%b%b" % (tag, varint(size), data)


def before_value(tag: int, size: int) -> bytes:
    """Return the bytes before a payload in a field of type `Value`.

    Args:
        tag: the tag of the field, one byte.
        size: the length of the payload, in bytes.
    """
    if size < 0x7E:
        return bytes((tag, size + 2, _CONTENT, size)) if size else bytes((tag, 0))
    content = varint(size)
    return b"%c%b%c%b" % (tag, varint(1 + len(content) + size), _CONTENT, content)


class LargeMessage:
    """A serialized message as it has come, in chunks, so that its payload is copied only once.

    Args:
        chunks: the message's bytes; at least one chunk.

    Attributes:
        size: how many bytes they are.
    """

    __slots__ = ("_chunks", "size")

    def __init__(self, chunks: list[bytes | memoryview]) -> None:
        self._chunks = chunks
        self.size = sum(map(len, chunks))

    def joined(self) -> bytes:
        """Return the message as one."""
        return b"".join(self._chunks)

    def cut_value(self, tag: int) -> tuple[bytes, bytes | None]:
        """Cut the payload off, if it is the end of the message, as in nearly all messages.

        Args:
            tag: the tag of the field that the payload is in, one byte; its type is `Value`.

        Returns:
            The bytes before that field, and the payload. The whole message and None if the message
            ends in another way or is not valid; protobuf has to read it then.
        """
        chunks = self._chunks
        if len(chunks) > 1 and len(chunks[0]) < _MOST_BEFORE_VALUE:
            chunks = _with_longer_beginning(chunks)
        beginning = chunks[0]
        found = _find_value(beginning, tag, self.size)
        if found is None:
            return self.joined(), None
        end, start = found
        payload = [memoryview(beginning)[start:], *chunks[1:]]
        return bytes(beginning[:end]), b"".join(payload)


def _with_longer_beginning(chunks: list[bytes | memoryview]) -> list[bytes | memoryview]:
    """Join the first chunks, which are small, so that they have all that is before the payload."""
    size = count = 0
    while count < len(chunks) and size < _MOST_BEFORE_VALUE:
        size += len(chunks[count])
        count += 1
    return [b"".join(chunks[:count]), *chunks[count:]]


def _find_value(beginning: bytes | memoryview, tag: int, end: int) -> tuple[int, int] | None:
    """Return where a field of type `Value` and its payload begin, if they are the message's end.

    Args:
        beginning: the first bytes of the message.
        tag: the tag of the field.
        end: the size of the message.
    """
    start = position = 0
    try:
        while beginning[position] != tag:
            key, position = read_varint(beginning, position)
            match key & 7:  # the wire type
                case 0:
                    _, position = read_varint(beginning, position)
                case 1:
                    position += 8
                case 2:
                    size, position = read_varint(beginning, position)
                    position += size
                case 5:
                    position += 4
                case _:
                    return None
            start = position
        size, position = read_varint(beginning, position + 1)
        if position + size != end or beginning[position] != _CONTENT:
            return None
        size, position = read_varint(beginning, position + 1)
    except IndexError:
        return None
    return (start, position) if position + size == end else None


def joined(pieces: list[bytes], size: int) -> list[bytes]:
    """Join small pieces; leave large ones as they are, so that they are not copied.

    Args:
        pieces: the bytes to write, in order.
        size: about how many bytes they are in total.
    """
    if size < LARGE:
        return [b"".join(pieces)]
    found: list[bytes] = []
    small: list[bytes] = []
    for piece in pieces:
        if len(piece) < LARGE:
            small.append(piece)
            continue
        if small:
            found.append(b"".join(small))
            small = []
        found.append(piece)
    if small:
        found.append(b"".join(small))
    return found


def read_varint(data: bytes | memoryview, position: int) -> tuple[int, int]:
    """Return the number at a position, and the position after it."""
    number = shift = 0
    while True:
        byte = data[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, position
        shift += 7
