"""Combinations of futures: when they are done, their outcomes, and what Restate is told."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import (
    CancelledError,
    Context,
    DurableFuture,
    TerminalError,
    any_of,
    as_completed,
    gather,
    race,
    select,
    wait,
)
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import CANCEL, Case, each_version, id_of, in_loop, result, value
from tests.runtime.handlers import ECHO

if TYPE_CHECKING:
    from collections.abc import Callable

NO = pb.Failure(code=444, message="no")
LONG = timedelta(hours=1)


def calls(ctx: Context, number: int) -> list[DurableFuture[Parcel]]:
    return [ctx.call(ECHO, Parcel(), Parcel) for _ in range(number)]


def tree(future: pb.Future) -> tuple[str, list[Any]]:
    """Return the combinator and its children: the ids of results, and trees."""
    ids: list[Any] = [*future.waiting_completions, *(-each for each in future.waiting_signals)]
    name = pb.CombinatorType.Name(future.combinator_type)
    return name, [*ids, *map(tree, future.nested_futures)]


def awaited(make: Callable[[Context], DurableFuture[Any]], *known: pb.NotificationTemplate) -> Any:
    """Suspend a handler that awaits a future; return the tree beside the cancellation (v7)."""

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await make(ctx)
        return parcel

    case = Case(body, version=7).start().feed(*known).close_input()
    name, children = tree(case.suspension().awaiting_on)
    assert name == "FIRST_COMPLETED"
    children.remove(-1)
    (child,) = children
    return child


# ---- The outcome ----


@each_version
@in_loop
async def test_race_is_what_is_done_first(version: int) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        first, second, third = calls(ctx, 3)
        number = (await race(first, second)).number
        with pytest.raises(TerminalError, match="no"):
            await race(first, third)
        return Parcel(number=number)

    case = Case(body, version=version).start()
    case.feed(value(4, Parcel(number=2)), result(6, failure=NO))
    assert case.answer().number == 2


@each_version
@in_loop
async def test_any_of_is_what_succeeds_first(version: int) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        return await any_of(*calls(ctx, 3))

    case = Case(body, version=version).start()
    case.feed(result(2, failure=NO))
    assert not case.stream.ended
    case.feed(value(6, Parcel(number=3)))
    assert case.answer().number == 3


@in_loop
async def test_any_of_where_all_fail_is_the_failure_of_the_first_argument() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        with pytest.raises(TerminalError, match="no") as raised:
            await any_of(*calls(ctx, 2))
        return Parcel(text=" ".join(raised.value.__notes__))

    case = Case(body).start()
    case.feed(result(4, failure=pb.Failure(code=445, message="never")), result(2, failure=NO))
    assert case.answer().text == "(any_of: another failed with TerminalError: [445] never)"


@pytest.mark.parametrize(
    ("return_when", "done"),
    [
        (asyncio.FIRST_COMPLETED, [False, True, False]),
        (asyncio.FIRST_EXCEPTION, [False, True, True]),
        (asyncio.ALL_COMPLETED, [True, True, True]),
    ],
)
@in_loop
async def test_wait(return_when: str, done: list[bool]) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        futures = calls(ctx, 3)
        ended, pending = await wait(*futures, return_when=return_when)
        assert [each in ended for each in futures] == done
        assert [each in pending for each in futures] == [not each for each in done]
        return Parcel(number=1)

    case = Case(body).start()
    for each in (value(4), result(6, failure=NO), value(2)):
        if not case.stream.ended:
            case.feed(each)
    assert case.answer().number == 1


@in_loop
async def test_wait_for_another_end_than_there_is() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        with pytest.raises(ValueError, match="must be FIRST_COMPLETED, FIRST_EXCEPTION"):
            wait(*calls(ctx, 1), return_when="SOON")
        return Parcel(number=1)

    assert Case(body).start().answer().number == 1


@in_loop
async def test_as_completed() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        texts: list[str] = []
        async for done in as_completed(*calls(ctx, 3)):
            try:
                texts.append(str((await done).number))
            except TerminalError as error:
                texts.append(error.message)
        return Parcel(text=" ".join(texts))

    case = Case(body).start()
    case.feed(value(6, Parcel(number=3)), result(2, failure=NO), value(4, Parcel(number=2)))
    assert case.answer().text == "3 no 2"


@each_version
@in_loop
async def test_or_timeout(version: int) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        first, second = calls(ctx, 2)
        with pytest.raises(TimeoutError, match="longer than 1:00:00"):
            await first.or_timeout(LONG)
        number = (await second.or_timeout(LONG)).number
        return Parcel(number=number + (await first).number)

    case = Case(body, version=version).start()
    case.feed(result(5), value(4, Parcel(number=2)), value(2, Parcel(number=1)))
    assert case.answer().number == 3


@in_loop
async def test_a_timeout_that_leaves_the_handler_is_terminal() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        return await ctx.awakeable(Parcel).or_timeout(LONG)

    failure = Case(body).start().feed(result(1)).failure()
    assert (failure.code, failure.message) == (408, "it took longer than 1:00:00")


@in_loop
async def test_map() -> None:
    asked: list[int] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        first, second = calls(ctx, 2)

        def double(parcel: Parcel) -> int:
            asked.append(parcel.number)
            return 2 * parcel.number

        doubled = first.map(double)
        failed = second.map(double)
        number = await doubled + await doubled
        with pytest.raises(TerminalError, match="no"):
            await failed
        with pytest.raises(ZeroDivisionError):
            await doubled.map(lambda each: each // 0)
        return Parcel(number=number)

    case = Case(body).start().feed(value(2, Parcel(number=5)), result(4, failure=NO))
    assert case.answer().number == 20
    assert asked == [5]


@in_loop
async def test_they_nest_and_mix_with_asyncio() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        a, b, c, d = calls(ctx, 4)
        nested = gather(race(a, b), any_of(c.map(lambda each: each), d).or_timeout(LONG))
        async with asyncio.timeout(60):
            (first, second), third = await asyncio.gather(nested, wait(a, b))
        done, pending = third
        assert (done, pending) == ([a, b], [])
        return Parcel(text=f"{first.number} {second.number}")

    case = Case(body).start()
    case.feed(
        value(4, Parcel(number=2)), result(6, failure=NO), value(8, Parcel(number=4)), value(2)
    )
    assert case.answer().text == "2 4"


@in_loop
async def test_what_is_no_durable_future_is_refused() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        for combine in (race, any_of, wait, gather):
            with pytest.raises(TypeError, match="durable futures of this invocation"):
                combine(*calls(ctx, 1), 5)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType, reportCallIssue]
            with pytest.raises(ValueError, match="at least one"):
                combine()
        with pytest.raises(TypeError, match="duration"):
            calls(ctx, 1)[0].or_timeout(5)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        return Parcel(number=1)

    assert Case(body).start().answer().number == 1


# ---- What Restate is told (the cases of sdk-shared-core's `do_await`) ----

AWAITED: dict[str, tuple[Callable[[Context], DurableFuture[Any]], Any]] = {
    "first_completed": (lambda ctx: race(*calls(ctx, 2)), ("FIRST_COMPLETED", [2, 4])),
    "all_completed": (lambda ctx: wait(*calls(ctx, 2)), ("ALL_COMPLETED", [2, 4])),
    "first_succeeded": (
        lambda ctx: any_of(*calls(ctx, 2)),
        ("FIRST_SUCCEEDED_OR_ALL_FAILED", [2, 4]),
    ),
    "all_succeeded": (
        lambda ctx: gather(*calls(ctx, 2)),
        ("ALL_SUCCEEDED_OR_FIRST_FAILED", [2, 4]),
    ),
    "first_exception": (
        lambda ctx: wait(*calls(ctx, 2), return_when=asyncio.FIRST_EXCEPTION),
        ("ALL_SUCCEEDED_OR_FIRST_FAILED", [2, 4]),
    ),
    "mapped": (lambda ctx: calls(ctx, 1)[0].map(str), 2),
    "nested": (
        lambda ctx: gather(race(*calls(ctx, 2)), any_of(*calls(ctx, 2)).or_timeout(LONG)),
        (
            "ALL_SUCCEEDED_OR_FIRST_FAILED",
            [
                ("COMBINATOR_TYPE_UNKNOWN", [2, 4]),
                ("COMBINATOR_TYPE_UNKNOWN", [9, ("FIRST_SUCCEEDED_OR_ALL_FAILED", [6, 8])]),
            ],
        ),
    ),
}


@pytest.mark.parametrize("name", list(AWAITED))
@in_loop
async def test_the_whole_tree_is_the_await_point(name: str) -> None:
    make, expected = AWAITED[name]
    assert awaited(make) == expected


@in_loop
async def test_what_is_done_is_awaited_no_more() -> None:
    def make(ctx: Context) -> DurableFuture[Any]:
        return wait(*calls(ctx, 3))

    assert awaited(make, value(4)) == ("ALL_COMPLETED", [2, 6])


@in_loop
async def test_a_failed_one_is_awaited_no_more() -> None:
    def make(ctx: Context) -> DurableFuture[Any]:
        return any_of(*calls(ctx, 3))

    assert awaited(make, result(4, failure=NO)) == ("FIRST_SUCCEEDED_OR_ALL_FAILED", [2, 6])


@in_loop
async def test_a_tree_that_is_too_deep_becomes_unknown() -> None:
    def make(ctx: Context) -> DurableFuture[Any]:
        future: DurableFuture[Any] = race(*calls(ctx, 2))
        for _ in range(60):
            future = gather(future, ctx.sleep(LONG))
        return future

    name, children = awaited(make)
    while isinstance(children[-1], tuple):
        name, children = children[-1]
    assert name == "COMBINATOR_TYPE_UNKNOWN"
    assert {2, 4} <= set(children)


# ---- Cancellation ----


@each_version
@in_loop
async def test_a_handler_with_explicit_cancellation_is_told_and_goes_on(version: int) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        assert not ctx.cancelled.done()
        name, _ = await select(work=ctx.call(ECHO, parcel, Parcel), cancelled=ctx.cancelled)
        assert ctx.cancelled.done()
        return Parcel(text=name)

    case = Case(body, version=version, explicit_cancellation=True).start()
    case.feed(id_of(1, "inv_2"))
    case.sent()
    case.feed(CANCEL)
    assert case.stream.ended
    output, _ = case.sent()  # and no call is cancelled
    assert isinstance(output, pb.OutputCommandMessage)
    assert Parcel.FromString(output.value.content).text == "cancelled"


@in_loop
async def test_a_handler_with_explicit_cancellation_that_does_not_ask() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.sleep(LONG)
        return Parcel(text=str(ctx.cancelled.done()))

    case = Case(body, explicit_cancellation=True).start().feed(CANCEL)
    assert not case.stream.ended
    case.feed(result(1))
    assert case.answer().text == "True"


@in_loop
async def test_explicit_cancellation_is_suspended_for_the_signal_until_it_is_there() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await select(nap=ctx.sleep(LONG), cancelled=ctx.cancelled)
        await ctx.sleep(LONG)
        return parcel

    before = Case(body, explicit_cancellation=True).start().close_input().suspension()
    assert list(before.waiting_signals) == [1]
    after = Case(body, explicit_cancellation=True).start().feed(CANCEL).close_input().suspension()
    assert list(after.waiting_signals) == []


@in_loop
async def test_ctx_cancelled_is_not_for_handlers_with_implicit_cancellation() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        with pytest.raises(RuntimeError, match="CANCELLATION_EXPLICIT"):
            _ = ctx.cancelled
        return Parcel(number=1)

    assert Case(body).start().answer().number == 1


@in_loop
async def test_a_call_may_be_left_alone_by_the_cancellation() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        alone = ctx.call(ECHO, parcel, Parcel, cancel_with_me=False)
        with pytest.raises(CancelledError):
            await ctx.call(ECHO, parcel, Parcel)
        return await alone

    case = Case(body).start().feed(id_of(1, "inv_1"), id_of(3, "inv_3"))
    case.sent()
    case.feed(CANCEL)
    assert case.sent_one(pb.SendSignalCommandMessage).target_invocation_id == "inv_3"
    assert case.feed(value(2, Parcel(number=2))).answer().number == 2
