"""A large payload is not copied on its way out of a handler, and copied once on its way in."""

from __future__ import annotations

import asyncio
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from restate_proto.codec.raw import RawCodec
from restate_proto.model.keys import StateKey
from restate_proto.model.kinds import Encoding, HandlerKind, ServiceKind
from restate_proto.model.service import HandlerDescriptor
from restate_proto.runtime import Attempt, BoundHandler, Runtime
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import frame, in_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from restate_proto import ObjectContext

SIZE = 1 << 20
CHUNK = 1 << 16
STATE = StateKey("state", bytes)


class Stream:
    """Keeps what is written as it is given."""

    above_high_water = False
    headers: tuple[tuple[bytes, bytes], ...] = ()

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes, *, end: bool = False) -> None:
        self.written.append(data)

    def acknowledge(self, amount: int) -> None: ...


def handled_by(body: Callable[[Any, bytes], Coroutine[Any, Any, bytes]], stream: Stream) -> Attempt:
    descriptor = HandlerDescriptor(
        service="runtime.v1.Service",
        name="Handle",
        method="handle",
        service_kind=ServiceKind.VIRTUAL_OBJECT,
        kind=HandlerKind.EXCLUSIVE,
        request=RawCodec("application/pdf"),
        response=RawCodec("image/png"),
        encoding=Encoding.PROTOBUF,
    )
    runtime = Runtime(asyncio.get_running_loop())
    return Attempt(BoundHandler(descriptor, body), 6, stream, runtime)


def request(payload: bytes, entries: int = 1) -> bytes:
    """The messages that a handler starts with."""
    input_ = pb.InputCommandMessage(value=pb.Value(content=payload))
    input_.headers.add(key="content-type", value="application/pdf")
    return frame(pb.StartMessage(id=b"0" * 24, known_entries=entries)) + frame(input_)


def copies_of(act: Callable[[], object]) -> float:
    """Return the peak of allocated memory, in payloads."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        act()
        return (tracemalloc.get_traced_memory()[1] - before) / SIZE
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("way", ["returned", "set", "run"])
@in_loop
async def test_what_goes_out_is_not_copied(way: str) -> None:
    payload = bytes(SIZE)

    async def body(ctx: ObjectContext, _request: bytes) -> bytes:
        async def effect() -> bytes:
            return payload

        if way == "set":
            ctx.set(STATE, payload)
        elif way == "run":
            await ctx.run("effect", effect, type=bytes)
        return payload if way == "returned" else b""

    stream = Stream()
    attempt = handled_by(body, stream)
    data = request(b"small")
    assert copies_of(lambda: attempt.data_received(data)) < 0.1
    assert sum(piece is payload for piece in stream.written) == 1
    attempt.aborted("the test is over")


def in_chunks(data: bytes, size: int) -> list[bytes]:
    """The bytes as they come from a socket."""
    return [data[start : start + size] for start in range(0, len(data), size)]


@pytest.mark.parametrize("size", [CHUNK // 4, CHUNK, 2 * SIZE])
@in_loop
async def test_what_comes_in_is_copied_once(size: int) -> None:
    payload = bytes(range(256)) * (SIZE // 256)
    seen: list[bytes] = []

    async def body(_ctx: ObjectContext, request: bytes) -> bytes:
        seen.append(request)
        return b""

    chunks = in_chunks(request(payload), size)
    attempt = handled_by(body, Stream())

    def act() -> None:
        for chunk in chunks:
            attempt.data_received(chunk)

    assert copies_of(act) < 1.1
    assert seen == [payload]


@in_loop
async def test_the_result_of_a_run_that_comes_in_is_copied_once() -> None:
    payload = bytes(range(256)) * (SIZE // 256)
    seen: list[bytes] = []

    async def effect() -> bytes:
        raise AssertionError("it has run before")

    async def body(ctx: ObjectContext, _request: bytes) -> bytes:
        seen.append(await ctx.run("effect", effect, type=bytes))
        return b""

    run = pb.RunCommandMessage(result_completion_id=1, name="effect")
    result = pb.RunCompletionNotificationMessage(completion_id=1, value=pb.Value(content=payload))
    chunks = in_chunks(request(b"small", 3) + frame(run) + frame(result), CHUNK)
    attempt = handled_by(body, Stream())

    def act() -> None:
        for chunk in chunks:
            attempt.data_received(chunk)

    assert copies_of(act) < 1.1
    assert seen == [payload]
