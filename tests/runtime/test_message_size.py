"""A message that is larger than Restate takes is refused at the line that writes it."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import (
    Limits,
    PromiseKey,
    SignalKey,
    StateKey,
    Target,
    WorkflowContext,
)
from restate_proto.model.kinds import HandlerKind, ServiceKind
from restate_proto.protocol import DEFAULT_MAX_OUTBOUND, MessageTooLargeError, StateMachine
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import AWAKEABLE, INVOCATION, Case, frame, id_of, in_loop, value

LIMIT = 2**20
SHARE = 64 * 2**10
TARGET = Target.service("some.Service", "Handle")
STATE = StateKey("k", bytes)
SIGNAL = SignalKey("s", bytes)


def workflow(body: Any, max_outbound: int = LIMIT) -> Case:
    return Case(
        body,
        kind=ServiceKind.WORKFLOW,
        handler_kind=HandlerKind.WORKFLOW,
        max_outbound=max_outbound,
    )


@in_loop
async def test_each_operation_is_refused_and_leaves_no_trace() -> None:
    large = bytes(LIMIT - SHARE)

    async def body(ctx: WorkflowContext, _: Parcel) -> Parcel:
        handle = ctx.send(TARGET, b"small")  # whose id is not known yet
        lines: list[Any] = [
            lambda: ctx.set(STATE, bytes(LIMIT)),
            lambda: ctx.call(TARGET, large, bytes),
            lambda: ctx.call(TARGET, b"", bytes, headers={"large": large.decode()}),
            lambda: ctx.send(TARGET, large),
            lambda: ctx.resolve_awakeable(AWAKEABLE, large),
            lambda: ctx.invocation(INVOCATION).signal(SIGNAL, large),
            lambda: handle.signal(SIGNAL, large),
            lambda: ctx.promise(PromiseKey("p", bytes)).resolve(large),
        ]
        for line in lines:
            with pytest.raises(MessageTooLargeError, match="more than Restate takes at once"):
                line()
        ctx.set(STATE, b"small")
        await ctx.call(TARGET, b"small", bytes)
        return Parcel(number=len(lines))

    case = workflow(body).start()
    send, set_, call = case.sent()
    assert isinstance(send, pb.OneWayCallCommandMessage)
    assert isinstance(set_, pb.SetStateCommandMessage)
    assert isinstance(call, pb.CallCommandMessage)
    # The ids of what was refused are not used up.
    assert (send.invocation_id_notification_idx, call.result_completion_id) == (1, 3)
    case.feed(value(3, b"done"))
    assert case.answer() == Parcel(number=8)

    again = workflow(body).start(send, set_, call, id_of(1, "inv_3"), value(3, b"done"))
    assert again.answer() == Parcel(number=8)


@pytest.mark.parametrize("max_outbound", [LIMIT, DEFAULT_MAX_OUTBOUND])
def test_the_bound_is_on_the_encoded_message(max_outbound: int) -> None:
    def machine() -> StateMachine:
        made = StateMachine(6, max_outbound=max_outbound)
        opening = pb.StartMessage(id=b"0" * 24, debug_id="inv_1", known_entries=1)
        made.feed(frame(opening) + frame(pb.InputCommandMessage(value=pb.Value())))
        made.read_input()
        return made

    def largest(least_refused: int, write: Any) -> int:
        """Return the length of the payload whose message is one byte below the bound."""
        message = machine()
        write(message, bytes(least_refused // 2))
        overhead = len(message.journal.take_output()) - 8 - least_refused // 2
        return least_refused - 1 - overhead

    def set_(message: StateMachine, data: bytes) -> None:
        message.commands.state.set("k", data)

    def output(message: StateMachine, data: bytes) -> None:
        message.commands.write_output(data)

    for write, least_refused in ((set_, max_outbound), (output, max_outbound - SHARE)):
        size = largest(least_refused, write)
        write(machine(), bytes(size))
        with pytest.raises(MessageTooLargeError, match=f"{least_refused} bytes"):
            write(machine(), bytes(size + 1))


@in_loop
async def test_what_the_journal_has_is_never_refused() -> None:
    large = bytes(LIMIT)

    async def body(ctx: WorkflowContext, _: Parcel) -> Parcel:
        ctx.set(STATE, large)
        return Parcel(number=len(await ctx.get(STATE) or b""))

    first = workflow(body, 4 * LIMIT).start(partial_state=False)
    set_, get, *_ = first.sent()
    again = workflow(body).start(set_, get)
    assert again.answer() == Parcel(number=LIMIT)
    # It comes from Restate, and is read, whatever the limit.
    entry = pb.StartMessage.StateEntry(key=b"k", value=bytes(LIMIT))

    async def read(ctx: WorkflowContext, request: Parcel) -> Parcel:
        return Parcel(number=len(await ctx.signal(SIGNAL)) + len(request.data))

    case = workflow(read).start(payload=Parcel(data=large), state_map=[entry])
    case.feed(pb.NotificationTemplate(signal_name="s", value=pb.Value(content=large)))
    assert case.answer() == Parcel(number=2 * LIMIT)


@in_loop
async def test_an_answer_that_is_too_large_fails_the_attempt_in_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def body(ctx: Any, _: Parcel) -> Parcel:
        return Parcel(data=bytes(LIMIT))

    error = workflow(body).start().error()
    assert error.code == 500
    assert "Service/Handle returned what cannot be recorded: " in error.message
    assert "the handler's return: " in error.message
    assert "Limits(max_outbound_message=...)" in error.message
    (record,) = caplog.records
    assert error.message in record.getMessage()


def test_a_limit_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="max_outbound_message=0 must be 1048576 to "):
        Limits(max_outbound_message=0)
