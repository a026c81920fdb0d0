"""A server's connection when the code below or above it has a bug."""

from __future__ import annotations

from typing import Any, cast

import pytest

from restate_proto.http2.errors import ErrorCode
from restate_proto.http2.stream import ServerStream
from tests.http2.frames import DATA, END_STREAM, REQUEST, RST_STREAM, frame, frames
from tests.http2.memory import Memory
from tests.http2.support import App, Request, engines, run


class Broken:
    """An engine with a bug."""

    more = False
    portion_size = 1_024

    def __init__(self, where: str) -> None:
        self.where = where

    def receive(self, data: bytes) -> int:
        if self.where == "receive":
            raise ZeroDivisionError("a bug")
        return 0

    def output(self) -> bytes:
        if self.where == "output":
            raise ZeroDivisionError("a bug")
        return b""


@pytest.mark.parametrize("where", ["receive", "output"])
def test_a_bug_below_ends_the_connection_and_not_the_loop(
    where: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        app = App()
        memory = Memory(app, "h2")
        memory.feed(memory.client.preface(), memory.client.request(1))
        memory.connection.engine = cast("Any", Broken(where))
        memory.feed(b"x")
        assert memory.transport.has_ended
        memory.lose()
        assert app.requests[0].reason == "ZeroDivisionError('a bug')"

    run(test())
    assert [record.name for record in caplog.records] == ["restate_proto.http2"]


class Bomb(Request):
    """Raises where the path says so."""

    def __init__(self, stream: ServerStream) -> None:
        super().__init__(stream)
        self.where = stream.path[1:]
        self.explode("accept")

    def explode(self, where: str) -> None:
        if where == self.where:
            raise LookupError(f"boom in {where}")

    def data_received(self, data: bytes) -> None:
        self.explode("data_received")

    def eof_received(self) -> None:
        self.explode("eof_received")
        self.stream.respond(200, end=True)

    def draining(self) -> None:
        self.explode("draining")

    def aborted(self, reason: str) -> None:
        self.explode("aborted")


@engines
@pytest.mark.parametrize("where", ["accept", "data_received", "eof_received"])
def test_an_exception_resets_its_stream_alone(
    engine: str, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        memory = Memory(Bomb, engine)
        path = [*REQUEST[:3], (b":path", b"/" + where.encode())]
        memory.feed(memory.client.preface(), memory.client.request(1, path))
        memory.feed(frame(DATA, END_STREAM, 1, b"x"))
        resets = [f for f in frames(memory.transport.take()) if f.kind == RST_STREAM]
        assert resets[0][2:] == (1, bytes([0, 0, 0, ErrorCode.INTERNAL_ERROR]))
        assert {f.stream_id for f in resets} == {1}
        memory.feed(memory.client.request(3, end=True))
        assert [f.stream_id for f in frames(memory.transport.take())] == [3]
        assert not memory.transport.closed

    run(test())
    (record,) = caplog.records
    assert record.name == "restate_proto.http2"
    assert record.exc_info is not None
    assert f"boom in {where}" in str(record.exc_info[1])


@engines
def test_an_exception_in_aborted_is_logged(engine: str, caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        memory = Memory(Bomb, engine)
        path = [*REQUEST[:3], (b":path", b"/aborted")]
        memory.feed(memory.client.preface(), memory.client.request(1, path))
        memory.feed(memory.client.request(3, path))
        memory.lose()

    run(test())
    assert len(caplog.records) == 2
