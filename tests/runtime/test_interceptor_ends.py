"""Interceptors: what they are told of the end of an attempt."""

from __future__ import annotations

import asyncio

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import AttemptOutcome, Context, TerminalError
from tests.runtime.case import Case, in_loop
from tests.runtime.handlers import echo
from tests.runtime.recorder import OTHER, Recorder, run_command


@in_loop
async def test_a_suspension() -> None:
    recorder = Recorder()

    async def handle(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.call(OTHER, Parcel(), Parcel)
        return parcel

    Case(handle, interceptors=[recorder]).start().close_input().suspension()
    assert recorder.events == [
        *("handler begins", "handler raises AttemptEnded", "handler ends"),
        "attempt ended, suspended",
    ]
    assert (recorder.last.error, recorder.last.code) == (None, None)


@in_loop
async def test_a_terminal_failure() -> None:
    recorder = Recorder()

    async def handle(ctx: Context, parcel: Parcel) -> Parcel:
        raise TerminalError("sold out", code=409)

    Case(handle, interceptors=[recorder]).start().failure()
    last = recorder.last
    assert (last.outcome, last.code, last.message) == (AttemptOutcome.FAILED, 409, "sold out")
    assert isinstance(last.error, TerminalError)


@in_loop
async def test_a_failure_that_is_retried() -> None:
    recorder = Recorder()

    async def handle(ctx: Context, parcel: Parcel) -> Parcel:
        raise ValueError("a bug")

    Case(handle, interceptors=[recorder]).start().error()
    last = recorder.last
    assert (last.outcome, last.code, last.message) == (
        *(AttemptOutcome.ERROR, 500),
        "ValueError: a bug",
    )
    assert isinstance(last.error, ValueError)


@in_loop
async def test_the_failure_of_a_run() -> None:
    recorder = Recorder()

    async def fails() -> None:
        raise OSError("unreachable")

    async def handle(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.run("pay", fails)
        return parcel

    Case(handle, interceptors=[recorder]).start().error()
    assert recorder.last.outcome is AttemptOutcome.ERROR
    assert isinstance(recorder.last.error, OSError)
    assert recorder.events[-2:] == ["handler ends", "attempt ended, error"]


@in_loop
async def test_a_mismatch() -> None:
    recorder = Recorder()
    Case(echo, interceptors=[recorder]).start(run_command("pay", 1)).error()
    assert (recorder.last.outcome, recorder.last.code) == (AttemptOutcome.MISMATCH, 570)


@in_loop
async def test_a_stream_that_is_cut_off() -> None:
    recorder = Recorder()

    async def handle(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.call(OTHER, Parcel(), Parcel)
        return parcel

    case = Case(handle, interceptors=[recorder]).start()
    assert recorder.ended == []
    case.attempt.aborted("the server is gone")
    assert recorder.events[-2:] == ["handler ends", "attempt ended, aborted"]


@in_loop
async def test_a_request_that_cannot_be_read() -> None:
    """No handler runs, yet the attempt is told."""
    recorder = Recorder()
    Case(echo, interceptors=[recorder]).start(payload=b"\xff").failure()
    assert recorder.handlers == []
    assert (recorder.last.outcome, recorder.last.code) == (AttemptOutcome.FAILED, 400)
    assert recorder.last.attempt.invocation_id == "inv_1"


@in_loop
async def test_a_stream_that_breaks_before_the_handler_can_start() -> None:
    recorder = Recorder()
    Case(echo, interceptors=[recorder]).close_input().error()
    assert recorder.last.outcome is AttemptOutcome.ERROR
    assert recorder.last.attempt.invocation_id == ""


@in_loop
async def test_tasks_that_are_left_are_over_when_the_end_is_told() -> None:
    recorder = Recorder()
    order = recorder.events

    async def child() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            order.append("task ends")

    async def handle(ctx: Context, parcel: Parcel) -> Parcel:
        task = asyncio.create_task(child())
        await asyncio.sleep(0)
        del task
        return parcel

    Case(handle, interceptors=[recorder]).start()
    assert order == ["handler begins", "handler ends", "task ends", "attempt ended, completed"]
