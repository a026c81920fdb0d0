"""`ctx.run` at the end of an attempt, and a handler that ends without its result."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import CancelledError, Context, RunContext, TerminalError, select
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import CANCEL, Case, in_loop, result, signal, value


async def forever() -> int:
    return await asyncio.get_running_loop().create_future()


@in_loop
async def test_an_attempt_is_not_suspended_while_a_function_is_executed() -> None:
    gate = asyncio.Event()

    async def wait() -> int:
        await gate.wait()
        return 7

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        run = ctx.run("wait", wait)
        await ctx.awakeable(Parcel)
        return Parcel(number=await run)

    case = Case(body).start()
    case.sent()
    case.close_input()
    assert case.sent() == []
    gate.set()
    await case.until_written()
    proposal, suspension = case.sent()
    assert isinstance(proposal, pb.ProposeRunCompletionMessage)
    assert isinstance(suspension, pb.SuspensionMessage)
    assert case.stream.ended


@pytest.mark.parametrize("ending", ["abort", "return", "error"])
@in_loop
async def test_functions_are_cancelled_when_the_attempt_ends(ending: str) -> None:
    cancelled: list[str] = []

    async def work() -> int:
        try:
            return await forever()
        except asyncio.CancelledError as error:
            cancelled.append(str(error))
            raise

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await select(work=ctx.run("work", work), other=ctx.awakeable(Parcel))
        if ending == "error":
            raise OSError("a bug")
        return parcel

    case = Case(body).start()
    case.sent()
    if ending == "abort":
        case.attempt.aborted("gone")
    else:
        case.feed(signal(17))
        assert case.stream.ended
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert cancelled == ["the attempt has ended, and nothing waits for this function any more"]


@pytest.mark.parametrize("ending", ["abort", "error"])
@in_loop
async def test_a_function_in_a_thread_sees_that_its_attempt_has_ended(ending: str) -> None:
    entered, seen = threading.Event(), threading.Event()
    looks: list[bool] = []

    def work(ctx: RunContext) -> None:
        looks.append(ctx.attempt_has_ended)
        entered.set()
        while not ctx.attempt_has_ended:
            pass
        seen.set()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await select(work=ctx.run("work", work, ctx), other=ctx.awakeable(Parcel))
        raise OSError("a bug")

    case = Case(body).start()
    await asyncio.to_thread(entered.wait)
    if ending == "abort":
        case.attempt.aborted("gone")
    else:
        case.feed(signal(17))
    await asyncio.to_thread(seen.wait)
    assert looks == [False]


@in_loop
async def test_a_function_that_ends_after_the_attempt_is_for_nobody() -> None:
    gate = threading.Event()
    entered = threading.Event()

    def block() -> int:
        entered.set()
        gate.wait()
        return 1

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        return Parcel(number=await ctx.run("block", block, type=int))

    case = Case(body, run_threads=1).start()
    pool = case.runtime.threads
    case.sent()
    await asyncio.to_thread(entered.wait)
    case.attempt.aborted("gone")
    gate.set()
    # The only thread has told the loop of that function before it calls the next one.
    await pool.submit(asyncio.get_running_loop(), "next", int, ()).future
    assert case.sent() == []


@in_loop
async def test_the_context_is_not_for_the_function() -> None:
    """A durable operation of a run's function is none of the handler's own code."""

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def wrong() -> None:
            await ctx.sleep(timedelta(0))

        await ctx.run("wrong", wrong)
        return parcel

    error = Case(body).start().error()
    assert "ctx.run('wrong') failed: RuntimeError" in error.message


@in_loop
async def test_a_run_that_nobody_awaits_is_finished_before_the_handler_ends() -> None:
    gate = asyncio.Event()

    async def work() -> int:
        await gate.wait()
        return 7

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        ctx.run("work", work)
        return parcel

    case = Case(body).start()
    assert [type(message) for message in case.sent()] == [pb.RunCommandMessage]
    gate.set()
    await case.until_written()
    assert case.sent_one(pb.ProposeRunCompletionMessage).value == b"7"
    assert not case.stream.ended
    case.feed(value(1, b"7"))
    assert case.answer() == Parcel()


@in_loop
async def test_a_run_that_was_awaited_is_not_waited_for_again() -> None:
    """The cancellation has ended its await, and the handler goes on without it."""

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        with pytest.raises(CancelledError):
            await ctx.run("forever", forever)
        return Parcel(number=1)

    case = Case(body).start()
    case.sent_one(pb.RunCommandMessage)
    assert case.feed(CANCEL).answer().number == 1


@in_loop
async def test_a_run_that_nobody_awaits_is_retried_when_it_fails() -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        raise OSError("no network")

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        ctx.run("work", work)
        return parcel

    case = Case(body).start()
    case.sent()
    await case.until_written()
    assert "no network" in case.error().message


@in_loop
async def test_a_run_that_nobody_awaits_may_fail_for_good(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        raise TerminalError("no such account")

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        ctx.run("work", work)
        return parcel

    case = Case(body).start()
    case.sent()
    await case.until_written()
    assert case.sent_one(pb.ProposeRunCompletionMessage).failure.message == "no such account"
    case.feed(result(1, failure=pb.Failure(code=500, message="no such account")))
    assert case.answer() == Parcel()
    assert "did not await a ctx.run, which failed: [500] no such account" in caplog.text
