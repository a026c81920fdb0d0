"""An ingress that answers from a script, over real HTTP/2."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from restate_proto.http2.errors import ErrorCode
from restate_proto.http2.limits import Http2Settings
from restate_proto.http2.server import Server

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from restate_proto.http2.stream import ServerStream

__all__ = ["Behaviour", "FakeIngress", "Leave", "Reply", "Request", "Reset", "error"]


@dataclass
class Request:
    """A request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Behaviour(Protocol):
    """A step that answers one complete request."""

    def act(self, fake: FakeIngress, stream: ServerStream) -> None:
        """Carry out the step."""
        ...


@dataclass
class Reply:
    """Answers the request."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict[str, str])

    def act(self, fake: FakeIngress, stream: ServerStream) -> None:
        stream.respond(
            self.status, [(name.encode(), value.encode()) for name, value in self.headers.items()]
        )
        stream.write(self.body, end=True)


@dataclass
class Reset:
    """Resets the request's stream."""

    code: ErrorCode

    def act(self, fake: FakeIngress, stream: ServerStream) -> None:
        stream.reset(self.code)


@dataclass
class Leave:
    """Leaves the request unanswered; the test waits for `fake.left` and does the rest."""

    def act(self, fake: FakeIngress, stream: ServerStream) -> None:
        fake.left.set()


def error(status: int, message: str, source: str = "ingress") -> Reply:
    """Return an error as Restate writes it."""
    body = json.dumps({"code": status, "message": message, "source": source}).encode()
    return Reply(status, body, {"x-restate-error-source": source})


class _Receiver:
    def __init__(self, fake: FakeIngress, stream: ServerStream) -> None:
        self._fake = fake
        self._stream = stream
        self._body = bytearray()

    def data_received(self, data: bytes) -> None:
        self._body += data
        self._stream.acknowledge(len(data))

    def eof_received(self) -> None:
        stream = self._stream
        headers = {name.decode(): value.decode() for name, value in stream.headers}
        path = f"{stream.path}?{stream.query}" if stream.query else stream.path
        self._fake.requests.append(Request(stream.method, path, headers, bytes(self._body)))
        self._fake.script.popleft().act(self._fake, stream)

    def draining(self) -> None:
        pass

    def aborted(self, reason: str) -> None:
        self._fake.aborted.set()

    def drained(self) -> None:
        pass

    def awaited_input(self) -> None:
        pass


class FakeIngress:
    """Follows the script, one step per request, and remembers the requests."""

    def __init__(self, *script: Behaviour) -> None:
        self.script = deque(script)
        self.requests: list[Request] = []
        self.left = asyncio.Event()
        self.aborted = asyncio.Event()
        # As many streams on a connection as Restate allows.
        settings = Http2Settings(max_concurrent_streams=200)
        self.server = Server(lambda stream: _Receiver(self, stream), settings=settings)

    @asynccontextmanager
    async def serve(self, port: int = 0) -> AsyncGenerator[str, None]:
        """Serve while the context is open; yield the URL."""
        await self.server.start("127.0.0.1", port)
        try:
            yield f"http://127.0.0.1:{self.server.port}"
        finally:
            await self.server.close()
