"""Durable futures, their combinations, and operations that wait for an invocation's id."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import (
    CancelledError,
    Context,
    DurableFuture,
    SignalKey,
    TerminalError,
    gather,
    select,
)
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import (
    CANCEL,
    INVOCATION,
    Case,
    each_version,
    id_of,
    in_loop,
    result,
    signal,
    value,
)
from tests.runtime.handlers import ECHO

LONG = timedelta(hours=1)
NO = pb.Failure(code=444, message="no")


def leaves(future: pb.Future) -> tuple[list[int], list[int]]:
    return list(future.waiting_completions), list(future.waiting_signals)


# ---- Futures ----


@in_loop
async def test_a_future_can_be_awaited_again() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        call = ctx.call(ECHO, parcel, Parcel)
        assert not call.is_done
        assert await call == await call
        assert call.is_done
        return await call

    case = Case(body).start().feed(id_of(1, "inv_2"), value(2, Parcel(number=4)))
    assert case.answer().number == 4


@in_loop
async def test_a_failure_is_raised_by_each_await() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        call = ctx.call(ECHO, parcel, Parcel)
        for _ in range(2):
            with pytest.raises(TerminalError, match="no") as raised:
                await call
            assert raised.value.metadata == {"a": "b"}
        return Parcel(number=1)

    failure = pb.Failure(code=444, message="no")
    failure.metadata.add(key="a", value="b")
    case = Case(body).start().feed(id_of(1, "inv_2"), result(2, failure=failure))
    assert case.answer().number == 1


@in_loop
async def test_a_future_of_another_invocation() -> None:
    theirs: list[DurableFuture[None]] = []

    async def other(ctx: Context, parcel: Parcel) -> Parcel:
        theirs.append(ctx.sleep(LONG))
        return parcel

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        with pytest.raises(RuntimeError, match="belongs to another invocation"):
            await theirs[0]
        with pytest.raises(ValueError, match="different invocations"):
            gather(theirs[0], ctx.sleep(LONG))
        with pytest.raises(ValueError, match="different invocations"):
            select(a=theirs[0], b=ctx.sleep(LONG))
        return Parcel(number=1)

    Case(other).start()
    assert Case(body).start().answer().number == 1


@in_loop
async def test_what_cannot_be_combined() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        with pytest.raises(ValueError, match="at least one"):
            gather()
        with pytest.raises(ValueError, match="at least one"):
            select()
        nothing: Any = None
        with pytest.raises(TypeError, match=r"wrap other work in ctx\.run"):
            gather(ctx.sleep(LONG), nothing)
        with pytest.raises(TypeError, match=r"wrap other work in ctx\.run"):
            select(a=nothing)
        return Parcel(number=1)

    assert Case(body).start().answer().number == 1


# ---- gather ----


@in_loop
async def test_gather_waits_for_all() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        first, second = ctx.awakeable(int), ctx.awakeable(str)
        number, text = await gather(first, second)
        return Parcel(number=number, text=text)

    case = Case(body).start().feed(signal(18, b'"two"'))
    assert not case.stream.ended
    case.feed(signal(17, b"1"))
    assert case.answer() == Parcel(number=1, text="two")


@in_loop
async def test_gather_of_what_is_done() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        first, second = ctx.awakeable(int), ctx.awakeable(int)
        await first
        await second
        assert await gather(first, second, first) == (1, 2, 1)
        (one,) = await gather(first)
        return Parcel(number=one)

    assert Case(body).start().feed(signal(17, b"1"), signal(18, b"2")).answer().number == 1


@in_loop
async def test_gather_ends_with_the_first_failure() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        first, second = ctx.awakeable(int), ctx.awakeable(int)
        both = gather(first, second)
        with pytest.raises(TerminalError, match="no"):
            await both
        with pytest.raises(TerminalError, match="no"):
            await gather(first, second)  # it has failed already
        return Parcel(number=await first)

    failed = pb.NotificationTemplate(signal_id=18, failure=NO)
    case = Case(body).start().feed(failed)
    assert not case.stream.ended
    assert case.feed(signal(17, b"6")).answer().number == 6


# ---- select ----


@in_loop
async def test_select_gives_the_first() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        first, second = ctx.awakeable(int), ctx.awakeable(int)
        name, number = await select(a=first, b=second)
        again = await select(a=first, b=second)
        assert again == (name, number)
        await first
        # Both are done: the first in the order of the arguments.
        assert await select(a=first, b=second) == ("a", 1)
        return Parcel(text=name, number=number)

    case = Case(body).start().feed(signal(18, b"2"), signal(17, b"1"))
    assert case.answer() == Parcel(text="b", number=2)


@in_loop
async def test_select_raises_the_first_s_failure() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        with pytest.raises(TerminalError, match="no"):
            await select(a=ctx.awakeable(int), b=ctx.sleep(LONG))
        return Parcel(number=1)

    failed = pb.NotificationTemplate(signal_id=17, failure=NO)
    assert Case(body).start().feed(failed).answer().number == 1


@in_loop
async def test_select_names_the_one_that_failed() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        answer = ctx.awakeable(int)
        inner = select(answer=answer, late=ctx.sleep(LONG))
        for name, future in (("inner", inner), ("pair", gather(answer)), ("one", answer)):
            for _ in range(2):
                with pytest.raises(TerminalError, match="no") as raised:
                    await select(late=ctx.sleep(LONG), **{name: future})
                assert raised.value.selected == name
                assert raised.value.__notes__[-1] == f"(select: {name!r} failed)"
        with pytest.raises(TerminalError, match="no") as raised:
            await answer
        assert raised.value.selected is None
        return Parcel(number=1)

    failed = pb.NotificationTemplate(signal_id=17, failure=NO)
    assert Case(body).start().feed(failed).answer().number == 1


# ---- What Restate is told of them ----


@each_version
@in_loop
async def test_a_tree_of_futures(version: int) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        pair = gather(ctx.sleep(LONG), ctx.awakeable(int))
        await select(pair=pair, timeout=ctx.sleep(LONG))
        return parcel

    suspension = Case(body, version=version).start().close_input().suspension()
    if version < 7:
        assert sorted(suspension.waiting_completions) == [1, 2]
        assert sorted(suspension.waiting_signals) == [1, 17]
        return
    top = suspension.awaiting_on
    assert (top.combinator_type, leaves(top)) == (pb.FIRST_COMPLETED, ([], [1]))
    (first,) = top.nested_futures
    assert (first.combinator_type, leaves(first)) == (pb.FIRST_COMPLETED, ([2], []))
    (pair,) = first.nested_futures
    assert pair.combinator_type == pb.ALL_SUCCEEDED_OR_FIRST_FAILED
    assert leaves(pair) == ([1], [17])


@in_loop
async def test_a_gather_of_which_one_is_left_does_not_wait_for_a_cancellation_too() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await gather(ctx.awakeable(int), ctx.sleep(LONG))
        return parcel

    for ready in ((), (signal(17, b"1"),)):
        case = Case(body, version=7).start().feed(*ready).close_input()
        top = case.suspension().awaiting_on
        assert top.combinator_type == pb.FIRST_COMPLETED
        assert 1 in top.waiting_signals
        if ready:
            assert leaves(top) == ([1], [1])
            assert not top.nested_futures


# ---- Operations that wait for an id ----


@in_loop
async def test_an_operation_on_a_message_is_issued_when_its_id_is_there() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        handle = ctx.send(ECHO, parcel)
        cancelled = handle.cancel()
        assert not cancelled.is_done
        await ctx.sleep(LONG)
        assert cancelled.is_done
        await cancelled
        return parcel

    case = Case(body).start()
    assert [type(each) for each in case.sent()] == [
        pb.OneWayCallCommandMessage,
        pb.SleepCommandMessage,
    ]
    cancel = case.feed(id_of(1, "inv_9")).sent_one(pb.SendSignalCommandMessage)
    assert (cancel.target_invocation_id, cancel.idx) == ("inv_9", 1)
    assert case.feed(result(2)).answer() == Parcel()


@in_loop
async def test_an_operation_on_a_known_invocation_is_issued_at_once() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        handle = ctx.invocation(INVOCATION, Parcel)
        assert await handle.invocation_id() == INVOCATION
        handle.cancel()
        handle.signal(SignalKey("go", int), 3)
        handle.reject_signal(SignalKey("go", int), "no", code=444)
        return await handle.attach()

    case = Case(body).start()
    cancel, go, no, attach = case.sent()
    assert isinstance(cancel, pb.SendSignalCommandMessage)
    assert cancel.target_invocation_id == INVOCATION
    assert isinstance(go, pb.SendSignalCommandMessage)
    assert (go.name, go.value.content) == ("go", b"3")
    assert isinstance(no, pb.SendSignalCommandMessage)
    assert (no.failure.code, no.failure.message) == (444, "no")
    assert isinstance(attach, pb.AttachInvocationCommandMessage)
    assert attach.invocation_id == INVOCATION
    assert case.feed(value(1, Parcel(number=5))).answer().number == 5


@pytest.mark.parametrize("fails", [False, True])
@in_loop
async def test_what_is_asked_for_on_the_last_line_is_not_lost(*, fails: bool) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        ctx.send(ECHO, parcel).cancel()
        call = ctx.call(ECHO, parcel, Parcel)
        call.signal(SignalKey("go", int), 3)
        if fails:
            raise TerminalError("no", code=444)
        return Parcel(number=3)

    case = Case(body).start()
    assert not case.stream.ended
    case.sent()
    case.feed(id_of(1, "inv_8"))
    assert case.sent_one(pb.SendSignalCommandMessage).target_invocation_id == "inv_8"
    case.feed(CANCEL)  # the handler is past the point where it could be told; its call is not
    case.sent()
    case.feed(id_of(2, "inv_9"))
    go, cancel, output, end = case.sent()
    assert isinstance(cancel, pb.SendSignalCommandMessage)
    assert (cancel.target_invocation_id, cancel.idx) == ("inv_9", 1)
    assert isinstance(go, pb.SendSignalCommandMessage)
    assert (go.target_invocation_id, go.name) == ("inv_9", "go")
    assert isinstance(output, pb.OutputCommandMessage)
    assert output.failure.code == (444 if fails else 0)
    assert isinstance(end, pb.EndMessage)


@in_loop
async def test_a_handler_that_fails_does_not_issue_what_waits() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        ctx.send(ECHO, parcel).cancel()
        raise OSError("a bug")

    assert Case(body).start().error().message == "OSError: a bug"


@each_version
@in_loop
async def test_a_wait_ends_with_an_id_that_an_operation_needs(version: int) -> None:
    """Otherwise a call that waits for our signal would never end."""

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        call = ctx.call(ECHO, parcel, Parcel)
        call.signal(SignalKey("go", int), 3)
        return await gather(call, ctx.sleep(LONG)) and parcel

    suspension = Case(body, version=version).start().close_input().suspension()
    if version >= 7:
        top = suspension.awaiting_on
        assert (top.combinator_type, leaves(top)) == (pb.FIRST_COMPLETED, ([1], [1]))
    else:
        assert sorted(suspension.waiting_completions) == [1, 2, 3]


@in_loop
async def test_it_is_replayed_in_the_order_of_the_first_time() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        handle = ctx.send(ECHO, parcel)
        handle.cancel()
        await ctx.sleep(LONG)
        await ctx.sleep(LONG)
        return Parcel(number=1)

    first = Case(body).start()
    send, sleep = first.sent()
    cancel = first.feed(id_of(1, "inv_9")).sent_one(pb.SendSignalCommandMessage)
    second_sleep = first.feed(result(2)).sent_one(pb.SleepCommandMessage)
    first.close_input().suspension()
    entries = (send, sleep, id_of(1, "inv_9"), cancel, result(2), second_sleep, result(3))
    for count in range(2, len(entries) + 1):
        again = Case(body).start(*entries[:count])
        for notification in (each for each in entries[count:] if "Notif" in type(each).__name__):
            again.feed(notification)
        assert again.answer().number == 1


@in_loop
async def test_the_cancellation_is_raised_when_the_ids_of_pending_calls_are_there() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        ctx.call(ECHO, parcel, Parcel)
        with pytest.raises(CancelledError):
            await ctx.sleep(LONG)
        return Parcel(number=1)

    case = Case(body, version=7).start().feed(CANCEL).close_input()
    awaiting = case.suspension().awaiting_on
    assert leaves(awaiting) == ([1], [])
