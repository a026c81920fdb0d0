"""A handler that does something else than its journal says: what Restate and the log are told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Context, OnJournalMismatch
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import Case, in_loop

RUN = pb.RunCommandMessage(name="first", result_completion_id=1)


async def nap(ctx: Context, parcel: Parcel) -> Parcel:
    await ctx.sleep(timedelta(0))
    return parcel


@pytest.mark.parametrize(
    ("wish", "version", "told", "logged"),
    [
        (OnJournalMismatch.RETRY, 7, pb.RETRY, "Restate will retry it"),
        (OnJournalMismatch.PAUSE, 7, pb.PAUSE, "Restate pauses the invocation"),
        (OnJournalMismatch.FAIL, 7, pb.FAIL, "Restate ends the invocation"),
        (OnJournalMismatch.PAUSE, 6, pb.RETRY, "Restate will retry it"),
        (OnJournalMismatch.FAIL, 5, pb.RETRY, "Restate will retry it"),
    ],
)
@in_loop
async def test_what_is_told_and_logged(
    wish: OnJournalMismatch,
    version: int,
    told: pb.ErrorBehavior,
    logged: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    error = Case(nap, version=version, on_journal_mismatch=wish).start(RUN).error()
    assert (error.code, error.behavior) == (570, told)
    assert logged in caplog.text


@pytest.mark.parametrize("wish", OnJournalMismatch)
@in_loop
async def test_where_failures_are_not_retried_nothing_pauses(wish: OnJournalMismatch) -> None:
    """A test would otherwise wait for a person."""
    reported: list[int] = []
    case = Case(nap, version=7, on_journal_mismatch=wish)
    case.report_failures(lambda failure: reported.append(failure.code))
    assert case.start(RUN).error().behavior == pb.RETRY
    assert reported == [570]
