"""Groups of exceptions, as `asyncio.TaskGroup` raises them: what is in them counts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Context, PauseError, RetryableError, RetryPolicy, TerminalError
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import Case, in_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

BUSY = RetryableError("busy", retry_after=timedelta(seconds=30), code=503)
CLOSED, SOLD = TerminalError("closed", code=410), TerminalError("sold", code=409)


def raising(error: BaseException) -> Callable[[Context, Parcel], Coroutine[None, None, Parcel]]:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        raise error

    return body


def running(
    error: BaseException, retry: RetryPolicy | None = None
) -> Callable[[Context, Parcel], Coroutine[None, None, Parcel]]:
    async def fail() -> int:
        raise error

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        return Parcel(number=await ctx.run("fail", fail, retry=retry))

    return body


@pytest.mark.parametrize(
    "group",
    [
        ExceptionGroup("g", [CLOSED, SOLD]),
        ExceptionGroup("g", [ExceptionGroup("h", [CLOSED]), SOLD]),
    ],
)
@in_loop
async def test_nothing_but_terminal_errors_is_recorded_as_the_result_of_a_run(
    group: ExceptionGroup[Exception],
) -> None:
    case = Case(running(group)).start()
    _, proposal = case.sent()
    assert isinstance(proposal, pb.ProposeRunCompletionMessage), "the effect is not repeated"
    assert (proposal.failure.code, proposal.failure.message) == (410, "closed")


@pytest.mark.parametrize("other", [OSError("the disk is full"), TimeoutError("of a socket")])
@in_loop
async def test_another_error_beside_them_has_the_function_called_again(other: Exception) -> None:
    error = Case(running(ExceptionGroup("g", [SOLD, other]))).start().error()
    assert str(other) in error.message
    assert not error.HasField("next_retry_delay")


@pytest.mark.parametrize("retry", [None, RetryPolicy(initial_interval=timedelta(hours=1))])
@in_loop
async def test_a_retryable_error_in_a_group_of_a_run_says_when(retry: RetryPolicy | None) -> None:
    group = ExceptionGroup("g", [SOLD, ExceptionGroup("h", [BUSY])])
    error = Case(running(group, retry)).start().error()
    assert (error.code, error.next_retry_delay) == (503, 30_000)
    assert "busy" in error.message
    assert "sold" in error.message


@in_loop
async def test_a_retryable_error_in_a_group_of_a_handler_says_when() -> None:
    error = Case(raising(ExceptionGroup("g", [OSError("disk"), BUSY]))).start().error()
    assert (error.code, error.next_retry_delay) == (503, 30_000)
    assert "disk" in error.message
    assert "busy" in error.message


@in_loop
async def test_a_pause_error_in_a_group_of_a_run_pauses() -> None:
    group = ExceptionGroup("g", [OSError("disk"), PauseError("unlock the account", code=423)])
    error = Case(running(group), version=7).start().error()
    assert (error.code, error.behavior) == (423, pb.PAUSE)
    assert "unlock the account" in error.message
