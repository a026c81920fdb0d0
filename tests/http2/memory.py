"""A server's side of a connection on an in-memory transport, with a loop whose time is virtual."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any, cast

from restate_proto.http2.engines import load_engine
from restate_proto.http2.greeting import Greeting
from restate_proto.http2.limits import Http2Settings, ServerLimits
from restate_proto.http2.open_connections import Connections
from restate_proto.http2.server_connection import ServerConnection
from restate_proto.http2.stream import ServerStream
from tests.http2.frames import RawClient

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


class FakeTransport:
    """Collects writes; full when told so."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.closed = False
        self.wrote_eof = False
        self.paused = False
        self.aborted = False
        self.unsent = 0
        self.peer: tuple[str, int] = ("192.0.2.1", 1)
        self.protocol: Any = None

    def write(self, data: bytes) -> None:
        assert not self.closed, "a write after close()"
        assert not self.wrote_eof, "a write after write_eof()"
        assert data, "an empty write"
        self.writes.append(data)

    def set_write_buffer_limits(self, high: int) -> None:
        assert high > 0

    def pause_reading(self) -> None:
        assert not self.paused
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        assert not self.wrote_eof
        self.wrote_eof = True

    def get_extra_info(self, name: str) -> object:
        return self.peer if name == "peername" else None

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def set_protocol(self, protocol: object) -> None:
        self.protocol = protocol

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True

    def is_closing(self) -> bool:
        return self.closed

    @property
    def has_ended(self) -> bool:
        return self.closed or self.wrote_eof

    def take(self) -> bytes:
        data = b"".join(self.writes)
        self.writes.clear()
        return data


class Memory:
    """A server's side of one connection; `feed` is the client's socket."""

    connection: ServerConnection

    def __init__(
        self,
        accept: Callable[[ServerStream], Any],
        engine: str,
        settings: Http2Settings | None = None,
        *,
        connections: Connections | None = None,
        limits: ServerLimits | None = None,
        peer: str = "192.0.2.1",
    ) -> None:
        self.transport = FakeTransport()
        self.transport.peer = (peer, 1)
        self.client = RawClient()
        self.connections = connections or Connections(limits or ServerLimits())
        if connections is None:
            self.connections.turns.clock = lambda: 0.0  # what is taken does not depend on the time

        def connect() -> ServerConnection:
            self.connection = ServerConnection(
                accept, load_engine(engine), settings or Http2Settings(), self.connections
            )
            return self.connection

        greeting = Greeting(connect, self.connections)
        self.transport.protocol = greeting
        greeting.connection_made(cast("asyncio.Transport", self.transport))

    def feed(self, *data: bytes) -> None:
        """Bytes that are read into the shared buffer, as a transport does, and gone afterwards."""
        rest = memoryview(b"".join(data))
        while rest and not self.transport.closed:
            protocol = self.transport.protocol
            buffer = protocol.get_buffer(-1)
            size = min(len(buffer), len(rest))
            buffer[:size] = rest[:size]
            protocol.buffer_updated(size)
            buffer[:size] = b"\xff" * size
            rest = rest[size:]

    def lose(self) -> None:
        self.transport.protocol.connection_lost(None)


async def turn() -> None:
    """Let the loop run the callbacks that were scheduled."""
    await asyncio.sleep(0)


class _Jump(selectors.DefaultSelector):
    """Moves the time forward instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        found = super().select(0)
        if not found:
            assert timeout is not None, "the test waits for what never happens"
            self.now += timeout
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its clock stands still while code runs, and jumps to the next timer when none does."""

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        return self._jump.now


def run_virtually(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a test in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(coroutine)
