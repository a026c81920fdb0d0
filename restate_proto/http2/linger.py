"""Close a socket in such a way that the peer can still read everything that was written to it.

If a socket is closed while it has unread input, the kernel resets the connection, and the peer may
lose what it has not read. So our side is closed first, and input is dropped until the peer closes
its own side (RFC 9112, section 9.6). TLS cannot close one side only: there, the last frames have to
announce the end, and the socket stays open until the peer has read them and closes it.
"""

from __future__ import annotations

import asyncio
from typing import Final

__all__ = ["FAULT_SECONDS", "LINGER_BYTES", "LINGER_SECONDS", "Linger"]

LINGER_SECONDS: Final = 2.0
"""The seconds that a peer has to close its side, once the socket has taken all output."""

FAULT_SECONDS: Final = 5.0
"""The seconds that a peer which violated the rules has to read the output and close its side."""

LINGER_BYTES: Final = 33_554_432
"""The bytes of input that are dropped at most: what windows and kernels of both sides can hold."""


class Linger:
    """The end of one connection: drops its input, and aborts it when the peer does not close.

    Args:
        transport: the socket. Everything to be sent is written to it before `half_close`.
        patient: whether a peer that still reads the output gets all the time it needs, which the
            caller then has to bound; otherwise it gets `FAULT_SECONDS`.
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
        """Close our side of the socket, because everything is written, and wait for the peer's."""
        transport = self._transport
        if self._half_closed or transport.is_closing():
            return
        self._half_closed = True
        transport.resume_reading()
        if transport.can_write_eof():
            try:
                transport.write_eof()
            except OSError:  # the peer has closed it first
                transport.close()
                return
        if self._patient:
            self._timer = self._loop.call_later(LINGER_SECONDS, self._look)

    def drop(self, size: int) -> None:
        """Count input that is dropped.

        Args:
            size: its length in bytes.
        """
        self._dropped += size
        if self._dropped > LINGER_BYTES:
            self._transport.abort()

    def stop(self) -> None:
        """Stop waiting, because the socket is closed."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        transport = self._transport
        if transport.get_write_buffer_size():
            self._timer = self._loop.call_later(LINGER_SECONDS, self._look)
        elif transport.can_write_eof():
            transport.abort()
        else:
            transport.close()  # TLS has not told the peer of the end yet
