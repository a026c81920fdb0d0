"""As many connections as the requests that wait for an answer need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from restate_proto.ingress.responses import IngressResponse
    from restate_proto.ingress.sending import Transport

__all__ = ["ConnectionPool"]

# What RFC 9113 asks every server to allow; Restate allows 200.
_REQUESTS_PER_CONNECTION: Final = 100


class ConnectionPool:
    """Sends requests on the first connection that has room, or on a new one.

    A call waits for its handler, for days where that sleeps. On one connection, as many such calls
    as the server allows streams would keep every further request waiting, and with them the one
    that resolves what the handlers wait for.

    Args:
        connect: makes what sends requests on one connection.
        limit: how many requests may wait for their answers on one connection.
    """

    def __init__(
        self, connect: Callable[[], Transport], *, limit: int = _REQUESTS_PER_CONNECTION
    ) -> None:
        self._connect = connect
        self._limit = limit
        self._members = [_Member(connect())]

    async def request(
        self, method: str, path: str, headers: Sequence[tuple[bytes, bytes]], body: bytes
    ) -> IngressResponse:
        """Send a request and wait for its response; raises `Http2Error`."""
        member = self._member_with_room()
        member.waiting += 1
        try:
            return await member.transport.request(method, path, headers, body)
        finally:
            member.waiting -= 1

    async def close(self) -> None:
        """Close all connections."""
        for member in self._members:
            await member.transport.close()

    def _member_with_room(self) -> _Member:
        for member in self._members:
            if member.waiting < self._limit:
                return member
        member = _Member(self._connect())
        self._members.append(member)
        return member


class _Member:
    """A connection and how many requests wait on it."""

    __slots__ = ("transport", "waiting")

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.waiting = 0
