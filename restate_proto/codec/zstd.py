"""`Zstd`: compresses payloads with zstd (RFC 8878)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from restate_proto.errors import TerminalError
from restate_proto.model.arguments import wrong_type

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["Zstd", "zstd_module"]

_PLAIN, _COMPRESSED = b"\x00", b"\x01"


class Zstd:
    """A payload codec that compresses.

    Args:
        level: 1 (fast) to 19 (small). Any level can read what another has written.
        min_size: the size in bytes from which payloads are compressed; short ones gain little.
        max_size: the longest payload to write or read, in bytes before compression. A longer one is
            refused before it takes up memory, because a few compressed bytes can expand to
            gigabytes.

    Raises:
        TypeError: an argument is not an int.
        ValueError: an argument is out of range.
        ImportError: the package backports.zstd is not installed, which Python before 3.14 needs.
    """

    def __init__(
        self, level: int = 3, *, min_size: int = 256, max_size: int = 64 * 1024 * 1024
    ) -> None:
        for name, value, least, most in (
            ("level", level, 1, 19),
            ("min_size", min_size, 0, sys.maxsize),
            ("max_size", max_size, 1, sys.maxsize - 1),
        ):
            if not isinstance(value, int):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
                raise wrong_type("Zstd", name, value, "an int")
            if not least <= value <= most:
                raise ValueError(f"Zstd({name}={value}): must be {least} to {most}")
        self._zstd: Any = zstd_module()
        self._level = level
        self._min_size = min_size
        self._max_size = max_size

    def encode(self, data: bytes, /) -> bytes:
        """Compress a payload if that makes it shorter.

        Raises:
            ValueError: it is longer than `max_size`, so it could not be read again.
        """
        if len(data) > self._max_size:
            raise ValueError(
                f"a payload of {len(data)} bytes is longer than Zstd(max_size={self._max_size})"
            )
        if len(data) >= self._min_size:
            compressed: bytes = self._zstd.compress(data, self._level)
            if len(compressed) < len(data):
                return _COMPRESSED + compressed
        return _PLAIN + data

    def decode(self, data: bytes, /) -> bytes:
        """Decompress a payload.

        Raises:
            TerminalError: it expands to more than `max_size` (code 413), or it is broken (code
                400).
        """
        kind, rest = data[:1], data[1:]
        if kind == _PLAIN:
            return rest
        if kind != _COMPRESSED:
            raise TerminalError("a payload was not compressed by Zstd", code=400)
        decompressor = self._zstd.ZstdDecompressor()
        try:
            payload: bytes = decompressor.decompress(rest, self._max_size + 1)
        except self._zstd.ZstdError as error:
            raise TerminalError(f"a compressed payload is broken: {error}", code=400) from error
        if len(payload) > self._max_size:
            raise TerminalError(
                f"a compressed payload of {len(rest)} bytes has more than "
                f"Zstd(max_size={self._max_size}) bytes",
                code=413,
            )
        if not decompressor.eof or decompressor.unused_data:
            raise TerminalError("a compressed payload is broken: it ends early or late", code=400)
        return payload


def zstd_module() -> ModuleType:
    """Import the module for zstd: Python's own from 3.14 on, before that backports.zstd.

    Raises:
        ImportError: it is not installed.
    """
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd  # noqa: PLC0415 - only if needed
        else:
            from backports import zstd  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ImportError(
            "Zstd needs the package backports.zstd: run `pip install 'restate-proto[codec]'`"
        ) from error
    return zstd
