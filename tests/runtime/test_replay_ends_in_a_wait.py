"""The end of a replay inside the wait for a run, which is then executed."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Context, Target
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import VERSIONS, Case, id_of, in_loop

if TYPE_CHECKING:
    from google.protobuf.message import Message

ECHO = Target.service("runtime.v1.Service", "Handle")
ASKED_BY: ContextVar[str] = ContextVar("ASKED_BY", default="nobody")


async def cancel_and_run(ctx: Context, parcel: Parcel) -> Parcel:
    """Await a run, during which the cancellation is issued because the message's id arrives."""

    async def answer() -> str:
        return ASKED_BY.get()

    handle = ctx.send(ECHO, b"")
    ASKED_BY.set("the handler")
    run = ctx.run("answer", answer)
    handle.cancel()
    return Parcel(text=await run)


SENT_AND_ASKED: tuple[Message, ...] = (
    pb.OneWayCallCommandMessage(
        service_name=ECHO.service_name,
        handler_name=ECHO.handler_name,
        invocation_id_notification_idx=1,
    ),
    pb.RunCommandMessage(name="answer", result_completion_id=2),
)
CANCELLED = pb.SendSignalCommandMessage(target_invocation_id="inv_2", idx=1, void=pb.Void())


@pytest.mark.parametrize("version", VERSIONS)
@in_loop
async def test_a_replay_may_end_inside_the_wait_for_a_run(version: int) -> None:
    case = Case(cancel_and_run, version=version).start(
        *SENT_AND_ASKED, id_of(1, "inv_2"), CANCELLED
    )
    proposal, *_ = case.sent()
    assert isinstance(proposal, pb.ProposeRunCompletionMessage)
    assert proposal.value == b'"the handler"'


@in_loop
async def test_it_is_not_suspended_before_the_run() -> None:
    entries = [*SENT_AND_ASKED, id_of(1, "inv_2"), CANCELLED]
    case = Case(cancel_and_run).start(*entries).close_input()
    proposal, suspension = case.sent()
    assert isinstance(proposal, pb.ProposeRunCompletionMessage)
    assert isinstance(suspension, pb.SuspensionMessage)
    assert 2 in suspension.waiting_completions
