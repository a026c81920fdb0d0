"""Runs in the corners: the end of a replay inside a wait, and errors that are not as they should be."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Context, DurableFuture, Target, TerminalError
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import Case, id_of, in_loop

if TYPE_CHECKING:
    from google.protobuf.message import Message

ECHO = Target.service("runtime.v1.Service", "Handle")
ASKED_BY: ContextVar[str] = ContextVar("ASKED_BY", default="nobody")


async def cancel_and_run(ctx: Context, parcel: Parcel) -> Parcel:
    """The cancellation is issued inside the await of the run, when the message's id is there."""

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


@pytest.mark.parametrize("version", [5, 6, 7])
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


class PartlessError(TerminalError):
    def __init__(self) -> None:
        """As somebody may write who does not call the base's."""


@in_loop
async def test_an_exception_as_the_message_of_a_terminal_error() -> None:
    """`raise TerminalError(error)` is what people write."""

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        wrong: Any = ValueError("no such ticket")
        metadata: Any = {"ticket": 7}
        raise TerminalError(wrong, code=404, metadata=metadata)

    failure = Case(body).start().failure()
    assert (failure.code, failure.message) == (404, "no such ticket")
    assert [(each.key, each.value) for each in failure.metadata] == [("ticket", "7")]


@in_loop
async def test_wrong_arguments_are_a_failure_of_the_run() -> None:
    """In the replay, too, where the function is called from within a wait."""

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def nothing() -> None: ...

        function: Any = nothing
        run: DurableFuture[Any] = ctx.run("nothing", function, "too", "many")
        await ctx.sleep(timedelta(0))
        await run
        return parcel

    assert "ctx.run('nothing') failed: TypeError" in Case(body).start().error().message
    case = Case(body).start(
        pb.RunCommandMessage(name="nothing", result_completion_id=1),
        pb.SleepCommandMessage(result_completion_id=2),
    )
    assert "ctx.run('nothing') failed: TypeError" in case.error().message


@in_loop
async def test_one_that_fails_at_once_ends_a_handler_that_goes_on_to_wait_elsewhere(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ended: list[str] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def fail() -> None:
            raise OSError("at once")

        ctx.run("fail", fail)
        try:
            await asyncio.Event().wait()
        except BaseException as error:
            ended.append(type(error).__name__)
            raise
        return parcel

    error = Case(body).start().error()
    assert error.message == "ctx.run('fail') failed: OSError: at once"
    assert ended == ["AttemptEnded"]
    assert 'raise OSError("at once")' in caplog.text  # with the traceback
