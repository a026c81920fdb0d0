"""Failed runs with a retry policy: sdk-shared-core's cases, by their names.

Its policies that end after no attempt are refused here: there is at least one attempt.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Context, OnMaxAttempts, RetryPolicy
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import Case, in_loop, result

SECOND = timedelta(seconds=1)
NAME = "my-side-effect"
RUN = pb.RunCommandMessage(name=NAME, result_completion_id=1)


def fixed(**bounds: Any) -> RetryPolicy:
    return RetryPolicy(initial_interval=SECOND, factor=1.0, max_interval=None, **bounds)


@dataclass(frozen=True)
class Failing:
    """A run whose function fails.

    Args:
        retry: its policy.
        attempts: how many failed before.
        since: how long that took.
        lasts: how long this attempt takes, in seconds.
    """

    retry: RetryPolicy | None
    attempts: int = 0
    since: timedelta = timedelta(0)
    lasts: float = 0

    def start(self, monkeypatch: pytest.MonkeyPatch, version: int = 7) -> Case:
        times = iter((0.0, self.lasts))
        monkeypatch.setattr("restate_proto.runtime.runs.monotonic", times.__next__)

        async def fail() -> None:
            raise OSError("my-error")

        async def body(ctx: Context, parcel: Parcel) -> Parcel:
            await ctx.run(NAME, fail, retry=self.retry)
            return parcel

        return Case(body, version=version).start(
            RUN,
            retry_count_since_last_stored_entry=self.attempts,
            duration_since_last_stored_entry=self.since // timedelta(milliseconds=1),
        )


STOPS: dict[str, Failing] = {
    **{
        f"should_stop_retrying_with_retry_count_and_max_attempts {count} of {most}": Failing(
            fixed(max_attempts=most), count, SECOND, 1
        )
        for count, most in ((0, 1), (1, 2), (2, 2), (2, 1), (99, 100))
    },
    "exit_with_retryable_error_retry_policy_duration": Failing(
        fixed(max_duration=SECOND), 0, timedelta(0), 1
    ),
    "exit_with_retryable_error_retry_policy_none": Failing(fixed(max_attempts=1)),
    "exit_with_retryable_error_retry_policy_exhausted_max_duration": Failing(
        fixed(max_duration=2 * SECOND), 1, SECOND, 1
    ),
    "exit_with_retryable_error_retry_policy_exhausted_max_attempts": Failing(
        fixed(max_attempts=10), 9, SECOND, 1
    ),
}


@pytest.mark.parametrize("name", STOPS)
@in_loop
async def test_should_stop_retrying(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case = STOPS[name].start(monkeypatch, version=6)
    failure = case.sent_one(pb.ProposeRunCompletionMessage).failure
    assert (failure.code, failure.message) == (500, f"ctx.run('{NAME}') failed: OSError: my-error")
    case.feed(result(1, failure=failure))
    assert case.failure() == failure


CONTINUES: dict[str, tuple[Failing, int | None]] = {
    "exit_with_retryable_error_no_retry_policy": (Failing(None), None),
    "exit_with_retryable_error_retry_policy_fixed": (Failing(fixed()), 1_000),
    **{
        f"should_continue_retrying_with_retry_count_and_max_attempts {count} of {most}": (
            Failing(fixed(max_attempts=most), count),
            1_000,
        )
        for count, most in ((0, 2), (1, 3), (99, 101))
    },
    # A timedelta is what the longest delay can be.
    "exit_with_retryable_error_saturates_out_of_bounds_next_retry_delay": (
        Failing(RetryPolicy(initial_interval=timedelta.max, factor=2.0, max_interval=None), 5),
        86_400_000_000_000_000,
    ),
    "exit_with_retryable_error_exponential_overflow_saturates": (
        Failing(RetryPolicy(initial_interval=SECOND, max_interval=None), 70),
        86_400_000_000_000_000,
    ),
    "exit_with_retryable_error_exponential_millis_do_not_wrap_to_zero": (
        Failing(RetryPolicy(initial_interval=SECOND, max_interval=None), 62),
        86_400_000_000_000_000,
    ),
}


@pytest.mark.parametrize("name", CONTINUES)
@in_loop
async def test_should_continue_retrying(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    failing, delay = CONTINUES[name]
    error = failing.start(monkeypatch).error()
    assert error.message == f"ctx.run('{NAME}') failed: OSError: my-error"
    assert (error.next_retry_delay if error.HasField("next_retry_delay") else None) == delay
    assert error.behavior == pb.RETRY


PAUSES: dict[str, Failing] = {
    "exit_with_retryable_error_fixed_delay_pause_on_max_attempts": Failing(
        fixed(max_attempts=10, on_max_attempts=OnMaxAttempts.PAUSE), 9, SECOND, 1
    ),
    "exit_with_retryable_error_fixed_delay_pause_on_max_duration": Failing(
        fixed(max_duration=2 * SECOND, on_max_attempts=OnMaxAttempts.PAUSE), 1, SECOND, 1
    ),
    "exit_with_retryable_error_exponential_pause_on_max_attempts": Failing(
        RetryPolicy(max_attempts=1, on_max_attempts=OnMaxAttempts.PAUSE), 0, SECOND, 1
    ),
}


@pytest.mark.parametrize("name", PAUSES)
@in_loop
async def test_should_pause_on_exhaustion(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    error = PAUSES[name].start(monkeypatch).error()
    assert error.message == f"ctx.run('{NAME}') failed: OSError: my-error"
    assert error.behavior == pb.PAUSE
    assert not error.HasField("next_retry_delay")
    assert error.related_command_name == NAME


@in_loop
async def test_retry_info_is_zero_when_entry_is_the_one_after_the_first_new_entry() -> None:
    """The run has all of its attempts and all of its time, since something else failed before."""
    policy = fixed(max_attempts=2, max_duration=timedelta(seconds=100))

    def fail() -> None:
        raise OSError("my-error")

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        ctx.sleep(timedelta(seconds=100))
        await ctx.run(NAME, fail, retry=policy)
        return parcel

    case = Case(body).start(
        retry_count_since_last_stored_entry=10, duration_since_last_stored_entry=1_000_000
    )
    while not case.stream.ended:
        await case.until_written()
    assert case.error().next_retry_delay == 1_000
