"""Closes a socket so that the peer can read all that was written to it.

Input that nobody has read when a socket is closed has the kernel reset the connection, and the peer
may lose what it has not read. So our side is closed first, and what still comes is dropped until the
peer closes its own (RFC 9112, section 9.6). TLS cannot close one side alone: there the last frames
have to say it, and the socket stays open until the peer has read them and closes.
"""

from __future__ import annotations

import asyncio
from typing import Final

__all__ = ["FAULT_SECONDS", "LINGER_BYTES", "LINGER_SECONDS", "Linger"]

LINGER_SECONDS: Final = 2.0
"""How long a peer may take to close its side, once the socket has taken all output."""

FAULT_SECONDS: Final = 5.0
"""How long a peer that did what it should not may take to read the output and to close its side."""

LINGER_BYTES: Final = 33_554_432
"""How much of a peer is dropped: what its windows and the kernels of both sides can hold."""


class Linger:
    """The end of one connection: drops its input, and aborts it when the peer does not close.

    Args:
        transport: the socket. All that it is to send is written to it before `half_close`.
        patient: whether a peer that still reads the output has the time that it needs, which
            somebody else has to bound. Else `FAULT_SECONDS` are all that it has.
    """

    __slots__ = ("_dropped", "_half_closed", "_loop", "_patient", "_timer", "_transport")

    def __init__(self, transport: asyncio.Transport, *, patient: bool) -> None:
        self._transport = transport
        self._patient = patient
        self._dropped = 0
        self._half_closed = False
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        if not patient:
            self._timer = self._loop.call_later(FAULT_SECONDS, transport.abort)

    def half_close(self) -> None:
        """All is written: closes our side of the socket, and waits for the peer's."""
        transport = self._transport
        if self._half_closed or transport.is_closing():
            return
        self._half_closed = True
        transport.resume_reading()
        if transport.can_write_eof():
            try:
                transport.write_eof()
            except OSError:  # the peer was faster
                transport.close()
                return
        if self._patient:
            self._timer = self._loop.call_later(LINGER_SECONDS, self._look)

    def drop(self, size: int) -> None:
        """Input has come that nobody reads.

        Args:
            size: how many bytes.
        """
        self._dropped += size
        if self._dropped > LINGER_BYTES:
            self._transport.abort()

    def stop(self) -> None:
        """The socket is closed."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        transport = self._transport
        if transport.get_write_buffer_size():
            self._timer = self._loop.call_later(LINGER_SECONDS, self._look)
        elif transport.can_write_eof():
            transport.abort()
        else:
            transport.close()  # TLS has not told the peer yet
