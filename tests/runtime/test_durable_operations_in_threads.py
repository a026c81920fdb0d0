"""Durable operations in a thread other than the event loop's are refused, without side effects.

Meanwhile the handler is being stepped, so that the event loop's current task is the handler's.
"""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Context, ObjectContext, WorkflowContext, gather, select
from restate_proto.model.kinds import HandlerKind, ServiceKind
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import Case, each_version, in_loop
from tests.runtime.test_operations_elsewhere import ECHO, KEY, OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable


def in_thread(function: Callable[[], object]) -> list[BaseException]:
    """Call a function in a thread while the caller waits; return what it raised."""
    raised: list[BaseException] = []

    def call() -> None:
        try:
            function()
        except BaseException as error:  # noqa: BLE001 - AttemptEnded would be wrong, too
            raised.append(error.with_traceback(None))

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    return raised


def assert_refused(raised: list[BaseException]) -> None:
    (error,) = raised
    assert type(error) is RuntimeError
    assert "outside its handler's own code" in str(error)


WITH_FUTURES: dict[str, Callable[[Any, Any], object]] = {
    "await": lambda _, sleep: asyncio.run(wait_for(sleep)),
    "gather": lambda _, sleep: gather(sleep),
    "select": lambda _, sleep: select(sleep=sleep),
    "handle of a call": lambda call, _: call.handle,
    "invocation id of a call": lambda call, _: call.invocation_id(),
    "cancel a call": lambda call, _: call.cancel(),
}


async def wait_for(future: Any) -> None:
    await future


@each_version
@pytest.mark.parametrize("operation", OPERATIONS)
@in_loop
async def test_each_operation_is_refused(operation: str, version: int) -> None:
    raised: list[BaseException] = []

    async def body(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        raised.extend(in_thread(lambda: OPERATIONS[operation](ctx)))
        ctx.sleep(timedelta(0))
        return parcel

    case = Case(body, version=version, kind=ServiceKind.WORKFLOW, handler_kind=HandlerKind.WORKFLOW)
    types = [type(message) for message in case.start(key="k").sent()]
    assert types == [pb.SleepCommandMessage, pb.OutputCommandMessage, pb.EndMessage]
    assert_refused(raised)


@pytest.mark.parametrize("operation", WITH_FUTURES)
@in_loop
async def test_so_is_each_of_a_future(operation: str) -> None:
    raised: list[BaseException] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        call, sleep = ctx.call(ECHO, b"", bytes), ctx.sleep(timedelta(0))
        raised.extend(in_thread(lambda: WITH_FUTURES[operation](call, sleep)))
        return parcel

    types = [type(message) for message in Case(body).start().sent()]
    assert types == [
        pb.CallCommandMessage,
        pb.SleepCommandMessage,
        pb.OutputCommandMessage,
        pb.EndMessage,
    ]
    assert_refused(raised)


@in_loop
async def test_the_event_loop_knows_its_own_task_afterwards() -> None:
    """A run started in the thread would otherwise be stepped there, as a task of this loop."""
    executed: list[str] = []
    seen: list[bool] = []

    async def measure() -> int:
        executed.append("measure")
        return 7

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        mine = asyncio.current_task()
        in_thread(lambda: ctx.run("measure", measure))
        seen.append(asyncio.current_task() is mine)
        return parcel

    outer = asyncio.current_task()
    assert Case(body).start().answer() == Parcel()
    assert asyncio.current_task() is outer
    assert seen == [True]
    assert executed == []


@in_loop
async def test_while_the_handler_waits_and_after_its_end() -> None:
    contexts: list[Context] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        contexts.append(ctx)
        await asyncio.sleep(0)
        return parcel

    case = Case(body).start()
    for _ in range(2):
        assert_refused(in_thread(lambda: contexts[0].sleep(timedelta(0))))
        if not case.stream.ended:
            await case.until_written()
    assert case.answer() == Parcel()


@in_loop
async def test_in_an_event_loop_of_the_thread_s_own() -> None:
    raised: list[BaseException] = []

    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        async def write() -> None:
            ctx.set(KEY, "x")

        raised.extend(in_thread(lambda: asyncio.run(write())))
        return parcel

    case = Case(body, kind=ServiceKind.VIRTUAL_OBJECT, handler_kind=HandlerKind.EXCLUSIVE)
    assert case.start().answer() == Parcel()
    assert_refused(raised)


@in_loop
async def test_in_a_callback_of_the_event_loop_after_the_handler_s_end() -> None:
    """No task is current then, neither of the loop nor of the handler."""
    raised: list[BaseException] = []
    contexts: list[Context] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        contexts.append(ctx)
        return parcel

    def callback() -> None:
        try:
            contexts[0].sleep(timedelta(0))
        except BaseException as error:  # noqa: BLE001 - AttemptEnded would be wrong
            raised.append(error.with_traceback(None))

    case = Case(body).start()
    assert case.answer() == Parcel()
    asyncio.get_running_loop().call_soon(callback)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert_refused(raised)
