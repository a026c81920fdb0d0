"""An attempt that has ended leaves nothing behind, not even for the garbage collector."""

from __future__ import annotations

import asyncio
import gc
import logging
import tracemalloc
import weakref
from datetime import timedelta
from typing import Any

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Context, Target, TerminalError, gather, select
from restate_proto.runtime import Attempt
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import Case, frame, id_of, in_loop, result, value

ECHO = Target.service("runtime.v1.Service", "Handle")


@pytest.mark.parametrize("ending", ["return", "terminal error", "error", "suspension", "abort"])
@in_loop
async def test_nothing_is_left_for_the_garbage_collector(
    ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        logging.getLogger("restate_proto"), "disabled", True
    )  # pytest keeps records

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        call = ctx.call(ECHO, parcel, Parcel)
        ctx.awakeable(Parcel)
        try:
            nested = gather(ctx.run("run", nothing), ctx.sleep(timedelta(0)))
            await select(nested=gather(call, nested), sleep=ctx.sleep(timedelta(0)))
        finally:
            handle = call.handle
        del handle
        if ending == "error":
            raise OSError("a bug")
        if ending == "terminal error":
            raise TerminalError("no")
        return parcel

    async def nothing() -> None: ...

    def play() -> None:
        case = Case(body).start()
        case.feed(id_of(1, "inv_2"), value(2), result(3, value=pb.Value()))
        if ending == "suspension":
            case.close_input()
        elif ending == "abort":
            case.attempt.aborted("gone")
        else:
            case.feed(result(5))
        assert case.stream.ended or ending == "abort"

    play()  # imports and caches
    await asyncio.sleep(0)
    gc.collect()
    others = _attempts_and_contexts()  # of a thread that ends late, say
    gc.disable()
    try:
        play()
        await asyncio.sleep(0)
        left = _attempts_and_contexts()
    finally:
        gc.enable()
    assert [each for each in left if all(each is not other for other in others)] == []


def _attempts_and_contexts() -> list[object]:
    return [each for each in gc.get_objects() if isinstance(each, Attempt | Context)]


@pytest.mark.parametrize("ending", ["answer", "terminal", "error", "suspension", "abort", "run"])
@in_loop
async def test_an_attempt_that_has_ended_is_freed_at_once(
    ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """References are counted: in a busy process the collector comes late."""
    monkeypatch.setattr(
        logging.getLogger("restate_proto"), "disabled", True
    )  # pytest keeps records

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def fail() -> None:
            raise ValueError(ending)

        if ending == "terminal":
            raise TerminalError(ending)
        if ending == "error":
            raise ValueError(ending)
        if ending == "run":
            await ctx.run(ending, fail)
        if ending != "answer":
            await ctx.sleep(timedelta(hours=1))
        return parcel

    def attempt() -> weakref.ref[Any]:
        case = Case(body).start()
        if ending == "suspension":
            case.close_input()
        elif ending == "abort":
            case.attempt.aborted("gone")
        assert case.stream.ended or ending == "abort"
        return weakref.ref(case.stream)

    gc.disable()
    try:
        freed = attempt()() is None
    finally:
        gc.enable()
    assert freed


@pytest.mark.parametrize("ending", ["answer", "suspension", "abort"])
@pytest.mark.parametrize("what", ["a task", "gather", "a group", "a timeout", "futures"])
@in_loop
async def test_an_attempt_with_tasks_is_freed_at_once(
    what: str, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        logging.getLogger("restate_proto"), "disabled", True
    )  # pytest keeps records

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def work() -> None:
            await ctx.call(ECHO, parcel, Parcel)

        match what:
            case "a task":
                await asyncio.create_task(work())
            case "gather":
                await asyncio.gather(work(), work())
            case "a group":
                async with asyncio.TaskGroup() as group:
                    group.create_task(work())
                    group.create_task(work())
            case "a timeout":
                async with asyncio.timeout(5):
                    await asyncio.gather(work(), work())
            case _:
                await asyncio.gather(*(ctx.call(ECHO, parcel, Parcel) for _ in range(2)))
        return parcel

    def attempt() -> weakref.ref[Any]:
        case = Case(body).start()
        first = 3 if what == "a timeout" else 2
        if ending == "suspension":
            case.close_input()
        elif ending == "abort":
            case.attempt.aborted("gone")
        else:
            case.feed(value(first), value(first + 2))
        assert case.stream.ended or ending == "abort"
        return weakref.ref(case.stream)

    gc.disable()
    try:
        freed = attempt()() is None
    finally:
        gc.enable()
    assert freed


@in_loop
async def test_an_invocation_that_waits_takes_little() -> None:
    """Only Python's memory counts; protobuf and HTTP/2 take about 3 KiB besides."""
    count = 200

    class Stream:
        above_high_water = False
        headers: tuple[tuple[bytes, bytes], ...] = ()

        def write(self, data: bytes, *, end: bool = False) -> None: ...

        def acknowledge(self, amount: int) -> None: ...

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        return await ctx.call(ECHO, parcel, Parcel)

    case = Case(body)
    opening = frame(pb.StartMessage(id=b"0" * 24, known_entries=1))
    data = opening + frame(pb.InputCommandMessage())

    def park() -> Attempt:
        attempt = Attempt(case.handler, 6, Stream(), case.runtime)
        attempt.data_received(data)
        return attempt

    park().aborted("imports and caches are there")
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        attempts = [park() for _ in range(count)]
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    for attempt in attempts:
        attempt.aborted("the test is over")
    assert (after - before) / count < 4_400
