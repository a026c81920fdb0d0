"""The messages, with their headers, that an attempt has written and that were not sent yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.protocol.frames import pack_header
from restate_proto.protocol.wire import joined

if TYPE_CHECKING:
    from google.protobuf.message import Message

__all__ = ["MUCH_OUTPUT", "Output"]

MUCH_OUTPUT = 1 << 20
"""The bytes of output that may pile up before they should be sent."""


class Output:
    """The base of a journal that keeps its output until it is sent.

    The journal adds its commands to `_output` itself, in statements that call nothing.

    Attributes:
        output_size: how many bytes were written and not sent yet.
    """

    __slots__ = ("_cut_by", "_output", "output_size")

    _output: list[bytes]
    _cut_by: BaseException | None  # what an operation was cut short by, until that is written
    output_size: int

    def send(self, type_: int, message: Message, flags: int = 0) -> None:
        """Write a message that is not a command."""
        payload = message.SerializeToString()
        length = len(payload)
        self._output += (pack_header(type_, flags, length), payload)
        self.output_size += length

    def send_payload(self, type_: int, before: bytes, payload: bytes, flags: int = 0) -> None:
        """Write a message that ends with a payload, which is not copied."""
        length = len(before) + len(payload)
        self._output += (pack_header(type_, flags, length), before, payload)
        self.output_size += length

    def take_output(self) -> bytes:
        """Return the bytes that were written since the last call."""
        return b"".join(self.take_pieces())

    def take_pieces(self) -> list[bytes]:
        """Return the same in pieces, of which a large payload is one, without copying it."""
        if self._cut_by is not None:
            self._write_cut_short_error()
        output = self._output
        if not output:
            return []
        self._output = []
        size, self.output_size = self.output_size, 0
        return joined(output, size)

    def _write_cut_short_error(self) -> None:
        """Write the error that there was no stack for; the journal knows which operation it is of."""
        raise NotImplementedError
