"""Write and read protobuf's wire format around payloads by hand, to avoid copying the payloads.

protobuf copies a payload into the message in which it is set, and copies it again when it
serializes the message; the same happens on the way in. What this module writes is byte for byte
what protobuf would write.
"""

from __future__ import annotations

from typing import Final

__all__ = ["LARGE", "before_value", "cut_value", "joined", "length_delimited", "varint"]

LARGE: Final = 16_384
"""The length in bytes from which on a copy costs more than the effort of avoiding it."""

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


def cut_value(message: bytes, tag: int) -> tuple[bytes, bytes] | None:
    """Cut the payload off a serialized message that ends with it, as nearly all messages do.

    Args:
        message: the message.
        tag: the tag of the field that the payload is in, one byte; its type is `Value`.

    Returns:
        The bytes before that field, and the payload. None if the message ends in another way or is
        not valid; protobuf has to read it then.
    """
    start = position = 0
    try:
        while message[position] != tag:
            key, position = _read_varint(message, position)
            match key & 7:  # the wire type
                case 0:
                    _, position = _read_varint(message, position)
                case 1:
                    position += 8
                case 2:
                    size, position = _read_varint(message, position)
                    position += size
                case 5:
                    position += 4
                case _:
                    return None
            start = position
        size, position = _read_varint(message, position + 1)
        if position + size != len(message) or message[position] != _CONTENT:
            return None
        size, position = _read_varint(message, position + 1)
    except IndexError:
        return None
    return (message[:start], message[position:]) if position + size == len(message) else None


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


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    """Return a number, and the position after it."""
    number = shift = 0
    while True:
        byte = data[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, position
        shift += 7
