"""`ctx.run` with a function that fails: which failures are retried, when, and how often."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Context, RetryableError, RetryPolicy, TerminalError, gather
from restate_proto.runtime import Runtime
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import Case, in_loop, result
from tests.runtime.handlers import failing


@in_loop
async def test_a_terminal_error_is_proposed() -> None:
    case = Case(failing(TerminalError("no", code=444, metadata={"a": "b"}))).start()
    _, proposal = case.sent()
    assert isinstance(proposal, pb.ProposeRunCompletionMessage)
    assert (proposal.failure.code, proposal.failure.message) == (444, "no")
    case.feed(result(1, failure=proposal.failure))
    assert case.failure().code == 444


@pytest.mark.parametrize("exposed", [False, True])
@in_loop
async def test_another_error_fails_the_attempt(
    exposed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    runtime = Runtime(asyncio.get_running_loop(), expose_tracebacks=exposed)
    error = Case(failing(OSError("the disk is full")), runtime=runtime).start().error()
    assert error.message == "ctx.run('fail') failed: OSError: the disk is full"
    assert (error.code, error.related_command_index, error.related_command_type) == (500, 1, 0x0411)
    assert ("in fail" in error.stacktrace) == exposed
    assert "in fail" in caplog.text
    assert not error.HasField("next_retry_delay")


@pytest.mark.parametrize("retry", [None, RetryPolicy(initial_interval=timedelta(hours=1))])
@in_loop
async def test_a_retryable_error_says_when(retry: RetryPolicy | None) -> None:
    busy = RetryableError("busy", retry_after=timedelta(seconds=2), code=503)
    error = Case(failing(busy, retry)).start().error()
    assert (error.code, error.next_retry_delay) == (503, 2000)


@pytest.mark.parametrize(
    ("attempts", "delay"), [(0, 100), (1, 200), (2, 400), (3, 500), (8, 500), (9, None)]
)
@in_loop
async def test_a_policy_s_delays_go_on_over_attempts(attempts: int, delay: int | None) -> None:
    policy = RetryPolicy(
        initial_interval=timedelta(milliseconds=100),
        max_interval=timedelta(milliseconds=500),
        max_attempts=10,
    )
    case = Case(failing(OSError("again"), policy))
    if attempts == 0:
        case.start()
    else:
        case.start(
            pb.RunCommandMessage(name="fail", result_completion_id=1),
            retry_count_since_last_stored_entry=attempts,
        )
    if delay is not None:
        assert case.error().next_retry_delay == delay
    else:
        proposal = case.sent_one(pb.ProposeRunCompletionMessage)
        assert proposal.failure.message == "ctx.run('fail') failed: OSError: again"
        assert not case.stream.ended


@in_loop
async def test_a_policy_s_duration_counts_from_the_first_attempt() -> None:
    policy = RetryPolicy(max_duration=timedelta(seconds=10))
    run = pb.RunCommandMessage(name="fail", result_completion_id=1)
    for milliseconds, gives_up in ((9_000, False), (10_000, True)):
        case = Case(failing(OSError("again"), policy)).start(
            run,
            retry_count_since_last_stored_entry=3,
            duration_since_last_stored_entry=milliseconds,
        )
        assert case.stream.ended is not gives_up


@in_loop
async def test_after_one_that_fails_no_other_is_executed() -> None:
    executed: list[str] = []

    async def fail() -> None:
        executed.append("first")
        raise OSError("the disk is full")

    async def succeed() -> None:
        executed.append("second")

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await gather(ctx.run("first", fail), ctx.run("second", succeed))
        return parcel

    assert "the disk is full" in Case(body).start().error().message
    assert executed == ["first"]


@in_loop
async def test_one_that_fails_while_the_handler_waits_for_a_task() -> None:
    gate = asyncio.Event()
    ended: list[str] = []

    async def fail() -> int:
        await gate.wait()
        raise OSError("later")

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        ctx.run("fail", fail)
        try:
            await asyncio.gather(ctx.awakeable(Parcel))
        finally:
            ended.append("handler")
        return parcel

    case = Case(body).start()
    case.sent()
    gate.set()
    await case.until_written()
    assert case.error().message == "ctx.run('fail') failed: OSError: later"
    assert ended == ["handler"]


@in_loop
async def test_one_that_fails_at_once_ends_a_handler_that_goes_on_to_wait_for_a_task(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ended: list[str] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def fail() -> None:
            raise OSError("at once")

        ctx.run("fail", fail)
        try:
            await asyncio.gather(ctx.awakeable(Parcel))
        except BaseException as error:
            ended.append(type(error).__name__)
            raise
        return parcel

    error = Case(body).start().error()
    assert error.message == "ctx.run('fail') failed: OSError: at once"
    assert ended == ["AttemptEnded"]
    assert 'raise OSError("at once")' in caplog.text  # with the traceback
