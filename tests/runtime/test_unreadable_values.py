"""Values that cannot be read: from outside they are failures, and what was stored is retried."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.message import Message

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import (
    PromiseKey,
    SignalKey,
    StateKey,
    TerminalError,
    WorkflowContext,
    gather,
    select,
)
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import CANCEL, Case, in_loop, named, result, signal, value
from tests.runtime.values import NamePart, incomplete, workflow


@pytest.mark.parametrize(
    ("data", "headers", "reason"),
    [
        (incomplete(), {"content-type": "application/protobuf"}, "required fields: is_extension"),
        (b'{"namePart": "x"}', {"content-type": "application/json"}, "fields: is_extension"),
        (b"\x0a\x05x", {"content-type": "application/protobuf"}, "name_part: it is cut off"),
        (b"\x0a\x05x", {}, "name_part: it is cut off"),
        (b'{"namePart": 3}', {}, "namePart: "),
    ],
)
@pytest.mark.parametrize("also", [(), (CANCEL,)], ids=["", "cancelled"])
@in_loop
async def test_a_request_that_cannot_be_read_is_a_terminal_400(
    data: bytes, headers: dict[str, str], reason: str, also: tuple[Message, ...]
) -> None:
    async def body(ctx: Any, request: Any) -> Parcel:
        raise AssertionError("the handler ran")

    case = Case(body, request=NamePart).start(*also, payload=data, headers=headers)
    failure = case.failure()
    assert failure.code == 400
    assert failure.message.startswith("runtime.v1.Service/Handle: bad request: google.protobuf.")
    assert reason in failure.message


@pytest.mark.parametrize(
    "entries",
    [
        [pb.SleepCommandMessage(result_completion_id=1)],
        [pb.SleepCommandMessage(result_completion_id=1), result(1)],
        [signal(17, b"x")],
        [named("s", b"x"), CANCEL],
    ],
)
@in_loop
async def test_it_is_retried_once_the_invocation_has_begun(
    entries: list[Message], caplog: pytest.LogCaptureFixture
) -> None:
    async def body(ctx: Any, request: Any) -> Parcel:
        raise AssertionError("the handler ran")

    error = Case(body, request=NamePart).start(*entries, payload=incomplete()).error()
    assert error.code == 500
    assert "which has already begun, can no longer be read" in error.message
    assert "missing required fields: is_extension" in error.message
    (record,) = caplog.records
    assert "Restate will retry it" in record.getMessage()


BAD = [incomplete(), b'{"namePart": "x"}', b"\x0a\x05x"]


@pytest.mark.parametrize("data", BAD)
@pytest.mark.parametrize("what", ["awakeable", "signal", "promise", "peek"])
@in_loop
async def test_a_value_from_outside_that_cannot_be_read_is_a_terminal_400_where_it_is_awaited(
    what: str, data: bytes
) -> None:
    async def body(ctx: WorkflowContext, _: Parcel) -> Parcel:
        match what:
            case "awakeable":
                await ctx.awakeable(NamePart)
            case "signal":
                await ctx.signal(SignalKey("s", NamePart))
            case "promise":
                await ctx.promise(PromiseKey("p", NamePart))
            case _:
                await ctx.promise(PromiseKey("p", NamePart)).peek()
        return Parcel()

    notification = {"awakeable": signal(17, data), "signal": named("s", data)}.get(what)
    failure = workflow(body).start().feed(notification or value(1, data)).failure()
    assert failure.code == 400
    name = {"awakeable": "awakeable 'sign_1", "signal": "signal 's'"}.get(what, "promise 'p'")
    assert f"bad value: {name}" in failure.message
    assert "UninterpretedOption.NamePart: not valid " in failure.message
    assert "is_extension" in failure.message or "name_part: it is cut off" in failure.message


@in_loop
async def test_the_handler_may_catch_it_and_does_so_again_on_replay() -> None:
    async def body(ctx: WorkflowContext, _: Parcel) -> Parcel:
        try:
            await ctx.signal(SignalKey("s", NamePart))
        except TerminalError as error:
            ctx.set(StateKey("code", int), error.code)
        await ctx.awakeable(Parcel)
        return Parcel(number=1)

    first = workflow(body).start().feed(named("s", incomplete()))
    (written,) = first.sent()
    assert isinstance(written, pb.SetStateCommandMessage)
    again = workflow(body).start(named("s", incomplete()), written).feed(signal(17))
    assert again.answer() == Parcel(number=1)


@in_loop
async def test_it_counts_as_a_failure_where_it_is_combined() -> None:
    async def body(ctx: WorkflowContext, _: Parcel) -> Parcel:
        await gather(ctx.awakeable(Parcel), ctx.signal(SignalKey("s", NamePart)))
        return Parcel()

    # The other one is never there.
    assert workflow(body).start().feed(named("s", incomplete())).failure().code == 400


@in_loop
async def test_one_that_nobody_waits_for_any_more_does_no_harm() -> None:
    async def body(ctx: WorkflowContext, _: Parcel) -> Parcel:
        late = ctx.awakeable(NamePart)
        await select(go=ctx.signal(SignalKey("go", Parcel)), late=late)
        return await ctx.signal(SignalKey("end", Parcel))

    case = workflow(body).start().feed(named("go", b""))
    case.feed(signal(17, incomplete()), named("end", b""))
    assert case.answer() == Parcel()


# ---- What was stored and cannot be read ----


@pytest.mark.parametrize("data", BAD)
@pytest.mark.parametrize("is_eager", [True, False])
@in_loop
async def test_stored_state_that_cannot_be_read_is_retried(
    data: bytes, is_eager: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def body(ctx: WorkflowContext, _: Parcel) -> Parcel:
        await ctx.get(StateKey("part", NamePart))
        return Parcel()

    entry = pb.StartMessage.StateEntry(key=b"part", value=data)
    case = workflow(body).start(state_map=[entry] if is_eager else [], partial_state=not is_eager)
    if not is_eager:
        case.feed(value(1, data))
    error = case.error()
    assert error.code == 500
    assert "state 'part': google.protobuf.UninterpretedOption.NamePart: not valid" in error.message
    (record,) = caplog.records
    assert error.message in record.getMessage()


@in_loop
async def test_a_response_that_cannot_be_read_is_retried() -> None:
    from restate_proto import Target

    async def body(ctx: Any, _: Parcel) -> Parcel:
        await ctx.call(Target.service("some.Service", "Handle"), Parcel(), NamePart)
        return Parcel()

    error = Case(body).start().feed(value(2, incomplete())).error()
    assert "the response of some.Service/Handle: google.protobuf." in error.message
    assert "missing required fields: is_extension" in error.message
