"""What a handler does after its attempt has ended: it may clean up, but not run for ever."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Context, ObjectContext, SignalKey, StateKey, Target
from restate_proto.model.kinds import ServiceKind
from restate_proto.runtime import Runtime, Scheduling
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import INVOCATION, Case, in_loop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

ENDINGS = ("suspension", "drain", "abort", "mismatch", "failed run")
HOUR = timedelta(hours=1)
each_ending = pytest.mark.parametrize("ending", ENDINGS)


def end(case: Case, ending: str) -> None:
    """End an attempt that has begun and waits."""
    if ending == "suspension":
        case.close_input().suspension()
    elif ending == "drain":
        case.attempt.draining()
        case.suspension()
    elif ending == "abort":
        case.sent()
        case.attempt.aborted("the connection is gone")


async def wait(ctx: Context, ending: str) -> None:
    """Wait until the attempt ends."""

    async def fail() -> None:
        await asyncio.sleep(0)
        raise OSError("the disk is full")

    if ending == "failed run":
        ctx.run("fail", fail)
        await asyncio.gather(ctx.sleep(HOUR))
    elif ending == "mismatch":
        ctx.sleep(HOUR)
    else:
        await ctx.sleep(HOUR)


class Pool:
    """A pool of one connection, which takes two turns of the loop to give back."""

    def __init__(self) -> None:
        self.free: asyncio.Queue[int] = asyncio.Queue()
        self.free.put_nowait(1)
        self.errors: list[BaseException] = []

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncGenerator[None]:
        one = await self.free.get()
        try:
            yield
        except BaseException as error:
            self.errors.append(error)
            raise
        finally:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            self.free.put_nowait(one)


@each_ending
@in_loop
async def test_a_cleanup_runs_to_its_end(ending: str) -> None:
    pool = Pool()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async with pool.connection():
            await wait(ctx, ending)
        return parcel

    case = Case(body)
    case.start(*([pb.RunCommandMessage(result_completion_id=1)] if ending == "mismatch" else []))
    end(case, ending)
    if ending == "failed run":
        await case.until_written()
    assert case.stream.ended or ending == "abort"
    case.attempt.aborted("again")  # what comes now changes nothing
    assert pool.free.qsize() == 1
    assert [type(error).__name__ for error in pool.errors] == ["AttemptEnded"]


@in_loop
async def test_the_newest_task_ends_first_and_the_handler_last() -> None:
    ended: list[str] = []

    async def child(ctx: Context, name: str) -> None:
        try:
            await ctx.sleep(HOUR)
        finally:
            await asyncio.sleep(0)
            ended.append(name)
            with contextlib.suppress(BaseException):
                ctx.sleep(HOUR)
                ended.append("an operation was begun")

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(child(ctx, "first"))
                group.create_task(child(ctx, "second"))
                await ctx.sleep(HOUR)
        finally:
            ended.append("group")
        return parcel

    case = Case(body).start()
    case.close_input().suspension()
    assert ended == ["second", "first", "group"]
    assert case.sent() == []


@in_loop
async def test_a_cleanup_that_waits_for_another_task_ends_at_that_wait() -> None:
    """No callback runs any more; the blocks around the wait are left in order."""
    seen: list[str] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        gate = asyncio.Event()
        try:
            try:
                await ctx.sleep(HOUR)
            finally:
                await gate.wait()
        except BaseException as error:
            seen.append(type(error).__name__)
            raise
        finally:
            seen.append("left")
        return parcel

    case = Case(body).start()
    case.close_input().suspension()
    assert seen == ["AttemptEnded", "left"]


@pytest.mark.parametrize("ending", ["suspension", "abort"])
@in_loop
async def test_the_cleanup_of_a_run_is_not_cut_off(ending: str) -> None:
    """It is waited for, even if the handler ends before it."""
    pool = Pool()

    async def transfer() -> None:
        async with pool.connection():
            await asyncio.get_running_loop().create_future()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        transferring = ctx.run("transfer", transfer)
        try:
            await transferring
        finally:
            await asyncio.sleep(0)
        return parcel

    case = Case(body).start()
    case.sent()
    if ending == "suspension":  # there is none while a run is executed; the stream ends later
        case.close_input()
        assert not case.stream.ended
    case.attempt.aborted("gone")
    await case.runtime.cleanups.finished()
    assert pool.free.qsize() == 1
    assert [type(error).__name__ for error in pool.errors] == ["CancelledError"]


# ---- Bounds ----


@in_loop
async def test_a_run_that_does_not_end_is_cut_off_and_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def stubborn() -> None:
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.get_running_loop().create_future()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.run("stubborn", stubborn)
        return parcel

    runtime = Runtime(
        asyncio.get_running_loop(), Scheduling(cleanup_seconds=0.01, turn_seconds=math.inf)
    )
    case = Case(body, runtime=runtime).start()
    case.attempt.aborted("gone")
    await runtime.cleanups.finished()
    assert "inv_1: ctx.run('stubborn'): it is ended, because" in caplog.text


# ---- Handlers that do not listen ----

KEY = StateKey("key", Parcel)
GO = SignalKey("go", Parcel)
OTHER = Target.service("runtime.v1.Other", "Echo")
SCOPED = Target.service("runtime.v1.Other", "Echo", scope="scope")


async def nothing() -> None: ...


async def _set(ctx: ObjectContext) -> None:
    ctx.set(KEY, Parcel())
    await asyncio.sleep(0)


OPERATIONS: dict[str, Callable[[ObjectContext], Awaitable[Any]]] = {
    "sleep": lambda ctx: ctx.sleep(HOUR),
    "get": lambda ctx: ctx.get(KEY),
    "set": _set,
    "call": lambda ctx: ctx.call(OTHER, Parcel(), Parcel),
    "call that needs v7": lambda ctx: ctx.call(SCOPED, Parcel(), Parcel, limit_key="limit"),
    "send": lambda ctx: ctx.send(OTHER, Parcel()).invocation_id(),
    "run": lambda ctx: ctx.run("run", nothing),
    "awakeable": lambda ctx: ctx.awakeable(Parcel),
    "signal": lambda ctx: ctx.signal(GO),
    "attach": lambda ctx: ctx.invocation(INVOCATION).attach(),
    "cancel": lambda ctx: ctx.invocation(INVOCATION).cancel(),
    "asyncio": lambda ctx: asyncio.sleep(0),
}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("ending", ["suspension", "abort"])
@pytest.mark.parametrize("shape", ["bare except", "finally: continue"])
@pytest.mark.parametrize("operation", list(OPERATIONS))
@in_loop
async def test_a_handler_that_goes_on_in_a_loop_is_left_alone(
    operation: str, shape: str, ending: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Its operations raise at once, it ignores all errors, and it reaches no await."""
    do = OPERATIONS[operation]
    rounds = 0

    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        nonlocal rounds
        sleep = ctx.sleep(HOUR)
        while shape == "bare except":
            rounds += 1
            try:  # noqa: SIM105 - what is tested
                await (sleep if rounds == 1 else do(ctx))
            except:  # noqa: E722
                pass
        while True:
            rounds += 1
            try:
                await (sleep if rounds == 1 else do(ctx))
            finally:
                continue  # noqa: B012 - what is tested

    case = Case(body, kind=ServiceKind.VIRTUAL_OBJECT).start()
    case.sent()
    if ending == "suspension":
        case.close_input().suspension()
    else:
        case.attempt.aborted("gone")
    so_far = rounds
    for _ in range(10):
        await asyncio.sleep(0)
    assert rounds == so_far
    assert case.sent() == []
    (record,) = caplog.records
    assert "inv_1: runtime.v1.Service/Handle keeps running" in record.getMessage()
    assert "test_cleanup.py:" in record.getMessage()
    del case
    gc.collect()  # where Python warns that the coroutine ignores GeneratorExit: in this test


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@in_loop
async def test_a_handler_that_insists_on_an_operation_comes_out_of_its_loop() -> None:
    """It has no await, so this is the only way to end it."""
    rounds = 0

    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        nonlocal rounds
        with contextlib.suppress(BaseException):
            await ctx.sleep(HOUR)
        while True:
            rounds += 1
            try:
                ctx.set(KEY, parcel)
            except:  # noqa: E722
                continue
            break
        with contextlib.suppress(BaseException):
            await ctx.sleep(HOUR)
        raise AssertionError("it was left at the wait")

    case = Case(body, kind=ServiceKind.VIRTUAL_OBJECT).start().close_input()
    case.suspension()
    assert 1 < rounds < 1000
    assert case.sent() == []
    del case
    gc.collect()
