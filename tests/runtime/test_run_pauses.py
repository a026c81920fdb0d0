"""`ctx.run` that pauses its invocation: by its policy, or by a `PauseError`."""

from __future__ import annotations

from datetime import timedelta

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Context, OnMaxAttempts, PauseError, RetryableError, RetryPolicy
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import Case, in_loop
from tests.runtime.handlers import failing

PAUSING = RetryPolicy(
    initial_interval=timedelta(milliseconds=100),
    max_attempts=3,
    on_max_attempts=OnMaxAttempts.PAUSE,
)
RUN = pb.RunCommandMessage(name="fail", result_completion_id=1)


@pytest.mark.parametrize(("attempts", "pauses"), [(1, False), (2, True)])
@in_loop
async def test_used_up_retries_may_pause_the_invocation(attempts: int, pauses: bool) -> None:
    error = (
        Case(failing(OSError("again"), PAUSING), version=7)
        .start(RUN, retry_count_since_last_stored_entry=attempts)
        .error()
    )
    assert error.message == "ctx.run('fail') failed: OSError: again"
    assert error.related_command_index == 1
    if pauses:
        assert (error.behavior, error.HasField("next_retry_delay")) == (pb.PAUSE, False)
    else:
        assert (error.behavior, error.next_retry_delay) == (pb.RETRY, 200)


@in_loop
async def test_a_retryable_error_s_delay_does_not_keep_a_policy_from_pausing() -> None:
    busy = RetryableError("busy", retry_after=timedelta(seconds=2), code=503)
    case = Case(failing(busy, PAUSING), version=7)
    error = case.start(RUN, retry_count_since_last_stored_entry=2).error()
    assert (error.behavior, error.code, error.HasField("next_retry_delay")) == (
        pb.PAUSE,
        503,
        False,
    )


@pytest.mark.parametrize("version", [5, 6])
@in_loop
async def test_a_policy_that_pauses_needs_v7_and_says_so_before_the_function_is_called(
    version: int,
) -> None:
    called: list[int] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.run("fail", called.append, 1, retry=PAUSING)
        return parcel

    error = Case(body, version=version).start().error()
    assert error.code == 573
    assert "'on_max_attempts=OnMaxAttempts.PAUSE' needs service protocol v7" in error.message
    assert called == []


@pytest.mark.parametrize("retry", [None, RetryPolicy(max_attempts=1), PAUSING])
@in_loop
async def test_a_pause_error_pauses_at_once(retry: RetryPolicy | None) -> None:
    stuck = PauseError("the account is locked: unlock it", code=423)
    error = Case(failing(stuck, retry), version=7).start().error()
    assert (error.behavior, error.code, error.HasField("next_retry_delay")) == (
        pb.PAUSE,
        423,
        False,
    )
    assert error.message.endswith("PauseError: the account is locked: unlock it")


@in_loop
async def test_where_nothing_can_pause_a_pause_error_is_retried_as_others() -> None:
    stuck = PauseError("the account is locked", code=423)
    error = Case(failing(stuck), version=6).start().error()
    assert (error.behavior, error.code) == (pb.RETRY, 423)
    case = Case(failing(stuck, RetryPolicy(max_attempts=1)), version=6).start()
    _, proposal = case.sent()
    assert isinstance(proposal, pb.ProposeRunCompletionMessage)
    assert proposal.failure.code == 423


@in_loop
async def test_a_pause_error_of_a_handler_is_an_exception_as_others() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        raise PauseError("stop here")

    error = Case(body, version=7).start().error()
    assert (error.behavior, error.message) == (pb.RETRY, "PauseError: stop here")


@pytest.mark.parametrize("error", [OSError("again"), PauseError("stop")])
@in_loop
async def test_where_failures_are_not_retried_nothing_pauses(error: Exception) -> None:
    """Else a test would wait for a person."""
    reported: list[str] = []
    policy = RetryPolicy(max_attempts=1, on_max_attempts=OnMaxAttempts.PAUSE)
    case = Case(failing(error, policy), version=7)
    case.report_failures(lambda failure: reported.append(failure.message))
    sent = case.start().error()
    assert (sent.behavior, sent.HasField("next_retry_delay")) == (pb.RETRY, False)
    assert reported == [sent.message]
