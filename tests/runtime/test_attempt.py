"""From the bytes of a request to the bytes of its answer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import CancelledError, Context, SignalKey, gather
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import (
    CANCEL,
    Case,
    each_version,
    frame,
    id_of,
    in_loop,
    named,
    result,
    signal,
    value,
)
from tests.runtime.handlers import ECHO, echo, nap


@each_version
@in_loop
async def test_a_handler_that_waits_for_nothing_ends_in_the_call_that_began_it(
    version: int,
) -> None:
    case = Case(echo, version=version).start(payload=Parcel(number=3))
    assert case.answer() == Parcel(number=3)
    assert case.stream.writes == 1
    assert case.stream.acknowledged == case.fed
    case.close_input()


@pytest.mark.parametrize("size", [1, 3, 7, 8, 9])
@in_loop
async def test_chunks_do_not_matter(size: int) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        return await ctx.call(ECHO, parcel, Parcel)

    case = Case(body)
    parts = (
        pb.StartMessage(id=b"0" * 24, debug_id="inv_1", known_entries=1),
        pb.InputCommandMessage(value=pb.Value(content=Parcel(text="x" * 30).SerializeToString())),
        id_of(1, "inv_2"),
        value(2, Parcel(text="y" * 30)),
    )
    data = b"".join(map(frame, parts))
    for start in range(0, len(data), size):
        case.feed(data[start : start + size])
    assert case.answer() == Parcel(text="y" * 30)
    assert case.stream.acknowledged == len(data)


@in_loop
async def test_a_handler_goes_on_in_the_call_that_brought_what_it_waits_for() -> None:
    case = Case(nap).start(payload=Parcel(number=1))
    assert case.sent_one(pb.SleepCommandMessage).result_completion_id == 1
    case.feed(result(1))
    assert case.answer() == Parcel(number=1)


@each_version
@in_loop
async def test_a_closed_input_is_answered_with_a_suspension(version: int) -> None:
    case = Case(nap, version=version).start()
    case.sent()
    suspension = case.close_input().suspension()
    if version >= 7:
        awaiting = suspension.awaiting_on
        assert awaiting.combinator_type == pb.FIRST_COMPLETED
        assert (list(awaiting.waiting_completions), list(awaiting.waiting_signals)) == ([1], [1])
    else:
        assert list(suspension.waiting_completions) == [1]
        assert list(suspension.waiting_signals) == [1]


@in_loop
async def test_since_v7_restate_is_told_what_is_waited_for() -> None:
    case = Case(nap, version=7).start()
    sleep, awaiting = case.sent()
    assert isinstance(sleep, pb.SleepCommandMessage)
    assert isinstance(awaiting, pb.AwaitingOnMessage)
    assert list(awaiting.awaiting_on.waiting_completions) == [1]


@pytest.mark.parametrize("number", [15, 640])
@in_loop
async def test_what_it_waits_for_is_told_the_more_seldom_the_more_it_is(number: int) -> None:
    """The message names all of it: after each notification, that would be a square."""

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        calls = [ctx.call(ECHO, parcel, Parcel) for _ in range(number)]
        return Parcel(number=len(await gather(*calls)))

    case = Case(body, version=7).start()
    for call in range(number):
        case.feed(value(2 * call + 2))
    told = [each for each in case.sent() if isinstance(each, pb.AwaitingOnMessage)]
    points = [
        point for each in told for point in (each.awaiting_on, *each.awaiting_on.nested_futures)
    ]
    ids = sum(len(point.waiting_completions) for point in points)
    assert ids <= 20 * number
    assert number > 15 or len(told) == number


@in_loop
async def test_a_replay_writes_nothing_that_is_there() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        answer = await ctx.call(ECHO, parcel, Parcel)
        await ctx.sleep(timedelta(hours=1))
        return answer

    first = Case(body).start(payload=Parcel(number=2))
    call = first.sent_one(pb.CallCommandMessage)
    replay = Case(body).start(
        call, id_of(1, "inv_2"), value(2, Parcel(number=5)), payload=Parcel(number=2)
    )
    assert replay.sent_one(pb.SleepCommandMessage).result_completion_id == 3
    replay.feed(result(3))
    assert replay.answer() == Parcel(number=5)


@in_loop
async def test_a_replay_that_ends_elsewhere_is_an_error(caplog: pytest.LogCaptureFixture) -> None:
    case = Case(echo).start(pb.SleepCommandMessage(result_completion_id=1))
    error = case.error()
    assert error.code == 570
    assert "'the handler's return'" in error.message
    assert "'sleep'" in error.message
    assert "attempt failed, Restate will retry it: [570]" in caplog.text


# ---- The order of notifications ----


@in_loop
async def test_notifications_take_effect_while_the_handler_waits() -> None:
    """Two are there at once; the handler looks at the second future before it waits for it."""
    done: list[bool] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        first, second = (ctx.awakeable(Parcel) for _ in range(2))
        await first
        done.append(second.is_done)
        await second
        done.append(second.is_done)
        return parcel

    case = Case(body).start()
    case.feed(frame(signal(17)) + frame(signal(18)))
    assert case.answer() == Parcel()
    assert done == [False, True]


@in_loop
async def test_a_signal_may_come_before_it_is_asked_for() -> None:
    key = SignalKey("go", str)

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.sleep(timedelta(0))
        return Parcel(text=await ctx.signal(key))

    case = Case(body).start()
    case.feed(named("go", b'"one"'), named("go", b'"two"'), named("other", b'"x"'), result(1))
    assert case.answer().text == "one"


# ---- Cancellation ----


@in_loop
async def test_a_cancellation_is_raised_at_the_await() -> None:
    case = Case(nap).start().feed(CANCEL)
    failure = case.failure()
    assert (failure.code, failure.message) == (409, "cancelled")


@each_version
@in_loop
async def test_after_a_cancellation_that_was_caught_a_wait_is_for_what_it_says(
    version: int,
) -> None:
    """Restate has the signal in the journal, and would wake up at once, for ever."""

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        with pytest.raises(CancelledError):
            await ctx.sleep(timedelta(hours=1))
        await ctx.sleep(timedelta(hours=1))
        return parcel

    suspension = Case(body, version=version).start().feed(CANCEL).close_input().suspension()
    awaiting = suspension.awaiting_on if version >= 7 else suspension
    assert list(awaiting.waiting_completions) == [2]
    assert list(awaiting.waiting_signals) == []


@in_loop
async def test_pending_calls_are_cancelled_first() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        done = ctx.call(ECHO, parcel, Parcel)
        pending = ctx.call(ECHO, parcel, Parcel)
        await done
        await pending
        return parcel

    case = Case(body).start()
    case.feed(id_of(1, "inv_2"), value(2), CANCEL)
    assert not case.stream.ended, "the id of the second call is to come"
    case.sent()
    case.feed(id_of(3, "inv_3"))
    cancel, output, _ = case.sent()
    assert isinstance(cancel, pb.SendSignalCommandMessage)
    assert (cancel.target_invocation_id, cancel.idx) == ("inv_3", 1)
    assert isinstance(output, pb.OutputCommandMessage)
    assert output.failure.code == 409
