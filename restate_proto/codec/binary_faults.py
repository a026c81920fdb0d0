"""Find the fault in broken protobuf binary; protobuf's own parsers only say that there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.descriptor import FieldDescriptor

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor

__all__ = ["MAX_DEPTH", "find_fault"]

MAX_DEPTH = 100
"""How deep messages may be nested; protobuf's parsers read no deeper."""

_FIXED = {1: 8, 5: 4}
_VARINT, _LENGTH, _GROUP, _END = 0, 2, 3, 4
_SHORT_BYTES = 5
_TEXT = FieldDescriptor.TYPE_STRING
_MESSAGE = FieldDescriptor.TYPE_MESSAGE


class _FaultError(Exception):
    """Says what is wrong, with the names of the fields that lead there, innermost first."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path: list[str] = []


def find_fault(data: bytes, descriptor: Descriptor) -> tuple[str, str] | None:
    """Find out why bytes are not a message of a type.

    Args:
        data: the bytes.
        descriptor: the type.

    Returns:
        The path of the field, empty for the message itself, and what is wrong with it; None if no
        fault is found.
    """
    try:
        _Reader(data).message(descriptor, 0, len(data), 0)
    except _FaultError as fault:
        return ".".join(reversed(fault.path)), fault.reason
    return None


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def message(
        self, descriptor: Descriptor | None, position: int, end: int, depth: int, group: int = 0
    ) -> int:
        """Read a message up to an end, or a group up to its end tag; returns where it ended."""
        if depth > MAX_DEPTH:
            raise _FaultError(f"nested more than {MAX_DEPTH} messages deep")
        while position < end:
            tag, position = self._short_varint("tag", position, end)
            number, type_ = tag >> 3, tag & 7
            if type_ == _END and group and number == group:
                return position
            field = None if descriptor is None else descriptor.fields_by_number.get(number)
            try:
                position = self._field(field, number, type_, position, end, depth)
            except _FaultError as fault:
                if fault.path or depth <= MAX_DEPTH:
                    fault.path.append(f"field {number}" if field is None else field.name)
                raise
        if group:
            raise _FaultError("the group has no end")
        return position

    def _field(
        self,
        field: FieldDescriptor | None,
        number: int,
        type_: int,
        position: int,
        end: int,
        depth: int,
    ) -> int:
        inner = None if field is None else field.message_type
        if number == 0:
            raise _FaultError("a field cannot have the number 0")
        if type_ == _VARINT:
            return self._varint(position, end)[1]
        if type_ == _GROUP:
            return self.message(inner, position, end, depth + 1, number)
        if type_ != _LENGTH and type_ not in _FIXED:
            raise _FaultError(f"the wire type {type_} does not fit here")
        length = _FIXED.get(type_, 0)
        if type_ == _LENGTH:
            length, position = self._short_varint("length", position, end)
        if length > end - position:
            raise _FaultError(f"it is cut off: {end - position} of {length} bytes are there")
        if type_ == _LENGTH and field is not None:
            if field.type == _MESSAGE:
                self.message(inner, position, position + length, depth + 1)
            elif field.type == _TEXT:
                self._text(position, position + length)
        return position + length

    def _varint(self, position: int, end: int) -> tuple[int, int]:
        value = 0
        for shift in range(0, 70, 7):
            if position >= end:
                raise _FaultError("it is cut off")
            byte = self._data[position]
            position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, position
        raise _FaultError("an integer has too many bytes")

    def _short_varint(self, what: str, position: int, end: int) -> tuple[int, int]:
        """Read a tag or a length, which has 32 bits in at most 5 bytes."""
        value, after = self._varint(position, end)
        if after - position > _SHORT_BYTES or value >= 1 << 32:
            raise _FaultError(f"its {what} has more than 32 bits")
        return value, after

    def _text(self, start: int, end: int) -> None:
        try:
            self._data[start:end].decode()
        except UnicodeDecodeError:
            raise _FaultError("not UTF-8") from None
