"""What an attempt needs of the HTTP stream that it answers on, as a protocol class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ByteStream"]


class ByteStream(Protocol):
    """The stream that takes an attempt's output, and learns how much of its input was consumed."""

    @property
    def headers(self) -> Sequence[tuple[bytes, bytes]]:
        """The headers of the request."""
        ...

    @property
    def above_high_water(self) -> bool:
        """Whether so much output is buffered that the attempt should wait."""
        ...

    def write(self, data: bytes, *, end: bool = False) -> None:
        """Send bytes, without blocking; `end` ends the stream after them."""
        ...

    def acknowledge(self, amount: int) -> None:
        """Allow the peer to send as many more bytes, because these were consumed."""
        ...
