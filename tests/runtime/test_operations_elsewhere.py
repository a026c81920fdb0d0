"""Durable operations outside the handler's own code are refused before they are issued."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import (
    Context,
    ObjectContext,
    SignalKey,
    StateKey,
    Target,
    WorkflowContext,
    gather,
)
from restate_proto.model.keys import PromiseKey
from restate_proto.model.kinds import HandlerKind, ServiceKind
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import AWAKEABLE, INVOCATION, Case, in_loop

if TYPE_CHECKING:
    from collections.abc import Callable

ECHO = Target.service("runtime.v1.Service", "Handle")
KEY = StateKey("text", str)
GO = SignalKey("go", str)

OPERATIONS: dict[str, Callable[[Any], object]] = {
    "call": lambda ctx: ctx.call(ECHO, b"", bytes),
    "send": lambda ctx: ctx.send(ECHO, b""),
    "run": lambda ctx: ctx.run("nothing", dict),
    "sleep": lambda ctx: ctx.sleep(timedelta(0)),
    "time": lambda ctx: ctx.time(),
    "random": lambda ctx: ctx.random,
    "uuid": lambda ctx: ctx.uuid(),
    "awakeable": lambda ctx: ctx.awakeable(str),
    "resolve awakeable": lambda ctx: ctx.resolve_awakeable(AWAKEABLE, "x"),
    "reject awakeable": lambda ctx: ctx.reject_awakeable(AWAKEABLE, "x"),
    "signal": lambda ctx: ctx.signal(GO),
    "send signal": lambda ctx: ctx.invocation(INVOCATION).signal(GO, "x"),
    "attach": lambda ctx: ctx.invocation(INVOCATION).attach(),
    "output": lambda ctx: ctx.invocation(INVOCATION).output(),
    "cancel": lambda ctx: ctx.invocation(INVOCATION).cancel(),
    "get": lambda ctx: ctx.get(KEY),
    "state keys": lambda ctx: ctx.state_keys(),
    "set": lambda ctx: ctx.set(KEY, "x"),
    "clear": lambda ctx: ctx.clear(KEY),
    "clear all": lambda ctx: ctx.clear_all(),
    "promise": lambda ctx: gather(ctx.promise(PromiseKey("p", str))),
    "peek promise": lambda ctx: ctx.promise(PromiseKey("p", str)).peek(),
    "resolve promise": lambda ctx: ctx.promise(PromiseKey("p", str)).resolve("x"),
}


@pytest.mark.parametrize("operation", OPERATIONS)
@in_loop
async def test_in_the_function_of_a_run(operation: str) -> None:
    """It would be in the journal only of the attempt that executes the function."""

    async def body(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        async def function() -> None:
            OPERATIONS[operation](ctx)

        await ctx.run("function", function)
        return parcel

    case = Case(body, kind=ServiceKind.WORKFLOW, handler_kind=HandlerKind.WORKFLOW)
    run, error = case.start(key="k").sent()
    assert isinstance(run, pb.RunCommandMessage)
    assert isinstance(error, pb.ErrorMessage)
    assert "outside its handler's own code" in error.message


@in_loop
async def test_in_the_thread_of_a_run() -> None:
    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        await ctx.run("function", ctx.set, KEY, "x")
        return parcel

    case = Case(body, kind=ServiceKind.VIRTUAL_OBJECT, handler_kind=HandlerKind.EXCLUSIVE).start()
    case.sent_one(pb.RunCommandMessage)
    await case.until_written()
    assert "outside its handler's own code" in case.sent_one(pb.ErrorMessage).message


@in_loop
async def test_an_await_in_the_function_of_a_run() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        sleep = ctx.sleep(timedelta(0))

        async def function() -> None:
            await sleep

        await ctx.run("function", function)
        return parcel

    assert "outside its handler's own code" in Case(body).start().error().message
