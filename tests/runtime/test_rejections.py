"""The reason of a rejected awakeable, signal or promise reaches whoever awaits it, completely."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from conformance.v1.conformance_pb2 import Parcel, Refused
from conformance.v1.conformance_restate import RefusedError
from restate_proto import SignalKey, TerminalError, WorkflowContext
from restate_proto.model.keys import PromiseKey
from restate_proto.model.kinds import HandlerKind, ServiceKind
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import AWAKEABLE, INVOCATION, VERSIONS, Case, in_loop, result

if TYPE_CHECKING:
    from collections.abc import Callable

WORKFLOW: dict[str, Any] = {"kind": ServiceKind.WORKFLOW, "handler_kind": HandlerKind.WORKFLOW}
REJECT: dict[str, Callable[[WorkflowContext, str | TerminalError], object]] = {
    "awakeable": lambda ctx, reason: ctx.reject_awakeable(AWAKEABLE, reason),
    "signal": lambda ctx, reason: ctx.invocation(INVOCATION).reject_signal(
        SignalKey("go", int), reason
    ),
    "promise": lambda ctx, reason: ctx.promise(PromiseKey("p", int)).reject(reason),
}


def failure_of(what: str, reason: str | TerminalError, version: int) -> pb.Failure:
    async def body(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        REJECT[what](ctx, reason)
        return parcel

    command: Any = Case(body, version=version, **WORKFLOW).start(key="k").sent()[0]
    failure = command.completion_failure if what == "promise" else command.failure
    assert isinstance(failure, pb.Failure)
    return failure


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("what", REJECT)
@in_loop
async def test_an_error_is_the_reason(what: str, version: int) -> None:
    later = TerminalError(
        "sold out", code=409, metadata={"left": "0"}, retry_after=timedelta(seconds=5)
    )
    failure = failure_of(what, later, version)
    assert (failure.code, failure.message) == (409, "sold out")
    metadata = {each.key: each.value for each in failure.metadata}
    assert metadata == (later.metadata if version >= 6 else {})

    async def waits(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        with pytest.raises(TerminalError) as raised:
            await ctx.promise(PromiseKey("p", int))
        error = raised.value
        assert (error.code, error.message) == (409, "sold out")
        assert error.retry_after == (timedelta(seconds=5) if version >= 6 else None)
        return Parcel(number=1)

    case = Case(waits, version=version, **WORKFLOW).start(key="k")
    assert case.feed(result(1, failure=failure)).answer().number == 1


@pytest.mark.parametrize("what", REJECT)
@in_loop
async def test_a_text_is_the_reason(what: str) -> None:
    assert failure_of(what, "no", 6) == pb.Failure(code=500, message="no")


@pytest.mark.parametrize("what", REJECT)
@in_loop
async def test_an_error_of_a_contract_keeps_its_detail(what: str) -> None:
    failure = failure_of(what, RefusedError(Refused(by="full"), "no room"), 6)

    async def waits(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        with pytest.raises(RefusedError) as raised:
            await ctx.promise(PromiseKey("p", int))
        return Parcel(text=raised.value.detail.by)

    case = Case(waits, **WORKFLOW).start(key="k").feed(result(1, failure=failure))
    assert case.answer().text == "full"
