"""The end of an attempt that its handler did not choose: its stream is gone, or the endpoint stops."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Context
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import Case, in_loop, result
from tests.runtime.handlers import echo, turns


@pytest.mark.parametrize("waits_for", ["a timer", "asyncio", "nothing any more"])
@in_loop
async def test_an_aborted_stream_runs_finally_blocks(waits_for: str) -> None:
    ended: list[BaseException | None] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        try:
            if waits_for == "a timer":
                await ctx.sleep(timedelta(hours=1))
            elif waits_for == "asyncio":
                await asyncio.gather(ctx.sleep(timedelta(hours=1)))
        except BaseException as error:
            ended.append(error)
            raise
        else:
            ended.append(None)
        return parcel

    case = Case(body).start()
    case.sent()
    case.attempt.aborted("the connection is gone")
    assert len(ended) == 1
    assert case.sent() == []
    case.attempt.drained()


@in_loop
async def test_a_finally_block_may_go_on_after_the_end() -> None:
    """With asyncio; what it does durably raises, and nothing is written."""
    steps: list[str] = []
    ended = asyncio.Event()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        try:
            await ctx.sleep(timedelta(hours=1))
        finally:
            await asyncio.sleep(0)
            steps.append("asyncio")
            try:
                ctx.sleep(timedelta(0))
            except BaseException as error:
                steps.append(type(error).__name__)
                ended.set()
                raise
        return parcel

    case = Case(body).start()
    case.sent()
    case.attempt.aborted("gone")
    await ended.wait()
    assert steps == ["asyncio", "AttemptEnded"]
    assert case.sent() == []


@pytest.mark.parametrize("ending", ["suspension", "abort", "mismatch"])
@in_loop
async def test_a_handler_that_swallows_everything_is_left_alone(ending: str) -> None:
    rounds = 0

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        nonlocal rounds
        sleep = ctx.sleep(timedelta(hours=1))
        while True:
            rounds += 1
            try:
                await sleep
            except GeneratorExit:
                raise
            except BaseException:  # noqa: BLE001 - what is tested
                pass

    if ending == "mismatch":
        case = Case(body).start(pb.RunCommandMessage(result_completion_id=1))
        case.error()
    else:
        case = Case(body).start()
        if ending == "suspension":
            case.close_input().suspension()
        else:
            case.sent()
            case.attempt.aborted("gone")
        assert 1 < rounds < 1000
    case.attempt.aborted("gone")
    assert case.sent() == []


@in_loop
async def test_a_handler_that_swallows_the_end_and_returns() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        with contextlib.suppress(BaseException):
            await ctx.sleep(timedelta(hours=1))
        return Parcel(number=1)

    case = Case(body).start().close_input()
    case.suspension()
    assert case.sent() == []


@in_loop
async def test_what_comes_after_the_end_is_ignored() -> None:
    case = Case(echo).start()
    case.sent()
    case.feed(result(1), b"\xff" * 100).close_input()
    assert case.stream.acknowledged == case.fed
    case.attempt.drained()
    case.attempt.aborted("gone")
    assert case.sent() == []


# ---- When the endpoint stops ----


@in_loop
async def test_an_attempt_that_waits_when_the_endpoint_stops_is_suspended() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.awakeable(Parcel)
        return parcel

    case = Case(body).start()
    assert case.sent() == []
    case.attempt.draining()
    assert 17 in case.suspension().waiting_signals


@in_loop
async def test_an_attempt_that_comes_to_wait_when_the_endpoint_stops_is_suspended() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await turns(1_500)
        await ctx.awakeable(Parcel)
        return parcel

    case = Case(body).start()
    case.attempt.draining()
    assert not case.stream.ended
    await case.until_written()
    assert 17 in case.suspension().waiting_signals
