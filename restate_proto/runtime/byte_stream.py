"""Where an attempt's output goes: the stream of a server, or what stands in for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ByteStream"]


class ByteStream(Protocol):
    """Where an attempt's output goes, and how it says that it has consumed its input."""

    @property
    def headers(self) -> Sequence[tuple[bytes, bytes]]:
        """The headers of the request."""
        ...

    @property
    def above_high_water(self) -> bool:
        """Whether so much output is buffered that the attempt should wait."""
        ...

    def write(self, data: bytes, *, end: bool = False) -> None:
        """Send bytes; never blocks."""
        ...

    def acknowledge(self, amount: int) -> None:
        """Bytes of input were consumed; as many more may come."""
        ...
