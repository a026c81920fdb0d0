"""The bytes that restate-server sends to an endpoint, made before the instructions are counted."""

from __future__ import annotations

from typing import Final

import hpack

from bench.workloads import Workload, call_completion, run_completion

__all__ = ["ENDS", "PREFACE", "Requests"]

_DATA, _HEADERS, _SETTINGS, _WINDOW_UPDATE = 0, 1, 4, 8
_END_STREAM, _END_HEADERS, _ACK = 1, 4, 1
_WIDEST: Final = 2**31 - 1
_INITIAL_WINDOW_SIZE: Final = 4
_DEFAULT_WINDOW: Final = 65_535

ENDS: Final = b"\x00\x03\x00\x00\x00\x00\x00\x00"
"""The message that ends an invocation. No header of a frame has these bytes."""


def _frame(type_: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    head = len(payload).to_bytes(3, "big") + bytes((type_, flags)) + stream.to_bytes(4, "big")
    return head + payload


def _settings() -> bytes:
    widest = _WIDEST.to_bytes(4, "big")
    windows = _INITIAL_WINDOW_SIZE.to_bytes(2, "big") + widest
    update = (_WIDEST - _DEFAULT_WINDOW).to_bytes(4, "big")
    return (
        _frame(_SETTINGS, 0, 0, windows)
        + _frame(_SETTINGS, _ACK, 0)
        + _frame(_WINDOW_UPDATE, 0, 0, update)
    )


PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _settings()
"""How the client's side of a connection begins, with windows that need no updates."""


class Requests:
    """The requests of one connection, batch by batch.

    Args:
        work: the workload to invoke.
        in_flight: the number of invocations in a batch.
        version: the version of the service protocol.

    Attributes:
        awaited: the bytes that each invocation of a batch writes once before `completions` are due;
            empty for a workload without completions.
    """

    def __init__(self, work: Workload, in_flight: int, version: int = 6) -> None:
        self._work = work
        self._in_flight = in_flight
        self._encoder = hpack.Encoder()
        self._next = 1
        self._headers = [
            (":method", "POST"),
            (":scheme", "http"),
            (":authority", "127.0.0.1"),
            (":path", work.path),
            ("content-type", f"application/vnd.restate.invocation.v{version}"),
        ]
        match work.name:
            case "run":
                self.awaited = b"Hello world"
                self._completion = run_completion(1, work.result)
            case "call":
                self.awaited = b"Greeter"
                self._completion = call_completion(1, 2, work.result)
            case _:
                self.awaited = self._completion = b""

    def batch(self) -> tuple[bytes, bytes, bytes]:
        """Return the bytes that open the next invocations, complete their waits, and end them."""
        streams = range(self._next, self._next + 2 * self._in_flight, 2)
        self._next += 2 * self._in_flight
        opening = [part for stream in streams for part in self._opening(stream)]
        completions = [_frame(_DATA, 0, stream, self._completion) for stream in streams]
        closing = [_frame(_DATA, _END_STREAM, stream) for stream in streams]
        return b"".join(opening), b"".join(completions), b"".join(closing)

    def _opening(self, stream: int) -> tuple[bytes, bytes, bytes]:
        """Return a request and its two frames, as restate-server sends them."""
        headers = self._encoder.encode(self._headers)
        return (
            _frame(_HEADERS, _END_HEADERS, stream, headers),
            _frame(_DATA, 0, stream, self._work.start),
            _frame(_DATA, 0, stream, self._work.journal),
        )
