"""The cost of a wake-up while one call is in flight: one read, one write, one turn, no timer.

The calls are counted at the seams of asyncio and of the socket, on a real connection, without a
clock.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from typing_extensions import override

from bench.guard.requests import ENDS, PREFACE, Requests
from bench.servers.python.ours import make_endpoint
from bench.workloads import workload
from tests.http2.support import ENGINES

if TYPE_CHECKING:
    from collections.abc import Generator

CALLS = 20
IDLE_SECONDS = 60.0
"""What passes on the endpoint's clock between two inputs: nothing may take that for work."""


class CountingLoop(asyncio.SelectorEventLoop):
    """Counts the timers and callbacks that are scheduled on it."""

    def __init__(self) -> None:
        self.counted: Counter[str] = Counter()
        super().__init__()

    @override
    def call_at(self, *args: Any, **options: Any) -> asyncio.TimerHandle:
        self.counted["timers"] += 1
        return super().call_at(*args, **options)

    @override
    def call_soon(self, *args: Any, **options: Any) -> asyncio.Handle:
        self.counted["callbacks"] += 1
        return super().call_soon(*args, **options)

    def turn(self) -> Counter[str]:
        """Run one turn of the loop, with the callbacks that are ready when it begins.

        Returns:
            What was asked for meanwhile: a callback is another turn.
        """
        self.call_soon(self.stop)
        self.counted.clear()
        self.run_forever()
        return self.counted


class CountingSocket(socket.socket):
    """Counts the system calls on a connection."""

    counted: Counter[str]

    @override
    def recv_into(self, *args: Any, **options: Any) -> int:
        self.counted["reads"] += 1
        return super().recv_into(*args, **options)

    @override
    def send(self, *args: Any) -> int:
        self.counted["writes"] += 1
        return super().send(*args)


class Caller:
    """The client of an endpoint that runs in the same thread, turn by turn."""

    def __init__(self, loop: CountingLoop, client: socket.socket) -> None:
        self._loop = loop
        self._client = client
        self.now = 0.0
        """The endpoint's clock, which stands still within a turn."""

    def send(self, data: bytes = b"") -> tuple[dict[str, int], bytes]:
        """Send what is one read, after a time of idleness, and give the endpoint one turn.

        Returns:
            What was counted, and what the endpoint has sent by then.
        """
        self.now += IDLE_SECONDS
        self._client.sendall(data)
        counted = dict(self._loop.turn())
        try:
            return counted, self._client.recv(1 << 20)
        except BlockingIOError:
            return counted, b""


@contextmanager
def caller_of(engine: str, monkeypatch: pytest.MonkeyPatch) -> Generator[Caller]:
    loop = CountingLoop()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        accepted, _ = listener.accept()
    connection = CountingSocket(fileno=accepted.detach())
    connection.counted = loop.counted
    for each in (client, connection):
        each.setblocking(False)
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    caller = Caller(loop, client)
    for module in ("runtime.execution", "http2.intake"):
        monkeypatch.setattr(f"restate_proto.{module}.monotonic", lambda: caller.now)
    context = make_endpoint(engine).connections(grace=timedelta(0))
    running = loop.run_until_complete(context.__aenter__())
    try:
        loop.run_until_complete(running.server.adopt(connection))
        counted, _ = caller.send(PREFACE)
        while counted:
            counted, _ = caller.send()
        yield caller
    finally:
        client.close()
        loop.run_until_complete(context.__aexit__(None, None, None))
        loop.close()


@pytest.mark.parametrize("name", ["greet", "counter", "run", "call"])
@pytest.mark.parametrize("engine", ENGINES)
def test_each_input_is_one_read_one_write_and_one_turn(
    engine: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = Requests(workload(name, "protobuf"), 1)
    with caller_of(engine, monkeypatch) as caller:
        for _ in range(CALLS):
            opening, completion, closing = requests.batch()
            for input_ in (opening, completion) if requests.awaited else (opening,):
                counted, output = caller.send(input_)
                assert counted == {"reads": 1, "writes": 1}
                assert (ENDS in output) is (input_ is not opening or not requests.awaited)
            assert caller.send(closing) == ({"reads": 1}, b"")
            assert caller.send() == ({}, b"")
