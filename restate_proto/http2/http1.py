"""Answer HTTP/1.x clients: health checks get their answer, everything else a clear refusal.

Kubernetes, load balancers and uptime checks speak HTTP/1.1. One request is read per connection, and
only its head. The head's fields have no effect, and whatever follows the head is dropped with the
connection; so there is no second request that could be smuggled.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MAX_HEAD", "Http1Answers"]

# The most bytes that a request line and its fields may have.
MAX_HEAD: Final = 16_384
_REQUEST_LINE: Final = re.compile(rb"([A-Z]{1,20}) ([!-~]+) HTTP/1\.[01]\r?")
_METHOD: Final = re.compile(rb"[A-Z]{1,20}")
_TARGET: Final = re.compile(rb"[!-~]*")
_VERSIONS: Final = (b"HTTP/1.1\r", b"HTTP/1.0\r")
_END: Final = re.compile(rb"\n\r?\n")

_HTTP2_ONLY: Final = (
    b"This server speaks HTTP/2 only, with prior knowledge where there is no TLS "
    b"(curl --http2-prior-knowledge)."
)
_TOO_LARGE: Final = b"The head of a request to this server may have %d bytes.\n" % MAX_HEAD


class Http1Answers:
    """The answers of a server to HTTP/1.x.

    Args:
        health: called with the path of a GET or HEAD request; returns the JSON of a healthy server,
            or None if the path is not that of a health check.
        advice: a text to add to refusals, such as how to reach the server.
    """

    def __init__(
        self, health: Callable[[str], bytes | None] | None = None, *, advice: str = ""
    ) -> None:
        self._health = health
        self._refusal = _HTTP2_ONLY + (f" {advice}\n" if advice else "\n").encode()

    def answer(self, data: bytes) -> bytes | None:
        """Answer the first bytes of a connection that are not HTTP/2.

        Args:
            data: all bytes that have come so far.

        Returns:
            The bytes to write before the connection is closed; empty if more of the request has to
            come; None if this is not HTTP/1.x.
        """
        line, newline, rest = data.partition(b"\n")
        if not newline:
            return _unfinished(line)
        match = _REQUEST_LINE.fullmatch(line)
        if match is None:
            return None
        method, target = match.groups()
        json = None
        if self._health is not None and method in (b"GET", b"HEAD"):
            json = self._health(target.partition(b"?")[0].decode("ascii"))
        if json is None:
            return _answer(b"505 HTTP Version Not Supported", b"text/plain", self._refusal, method)
        # The empty line may follow the request line directly.
        end = _END.search(b"\n" + rest)
        if len(line) + (len(rest) if end is None else end.start()) > MAX_HEAD:
            return _too_large(method)
        return b"" if end is None else _answer(b"200 OK", b"application/json", json, method)


def _unfinished(line: bytes) -> bytes | None:
    method, *others = line.split(b" ", 3)
    if not _METHOD.fullmatch(method) or len(others) > 2:
        return None
    if others and not _TARGET.fullmatch(others[0]):
        return None
    if len(others) == 2 and not any(each.startswith(others[1]) for each in _VERSIONS):
        return None
    return b"" if len(line) <= MAX_HEAD else _too_large(method)


def _too_large(method: bytes) -> bytes:
    return _answer(b"431 Request Header Fields Too Large", b"text/plain", _TOO_LARGE, method)


def _answer(status: bytes, type_: bytes, body: bytes, method: bytes) -> bytes:
    head = b"HTTP/1.1 %s\r\ncontent-type: %s\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
    return head % (status, type_, len(body)) + (b"" if method == b"HEAD" else body)
