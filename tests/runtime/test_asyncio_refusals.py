"""asyncio in a handler: what another attempt could not repeat is refused."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Context
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.asyncio_case import HOUR, call
from tests.runtime.case import Case, each_version, in_loop, result, signal, value

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


async def _timeout_at(_: Context) -> None:
    async with asyncio.timeout_at(5):
        await asyncio.sleep(0)


async def _as_completed(_: Context) -> None:
    for each in asyncio.as_completed([asyncio.sleep(1)]):
        await each


async def _cancel_scope(ctx: Context) -> None:
    with anyio.CancelScope():
        await ctx.sleep(timedelta(0))


async def _fail_after(ctx: Context) -> None:
    with anyio.fail_after(5):
        await ctx.sleep(timedelta(0))


async def _task_group(ctx: Context) -> None:
    async with anyio.create_task_group():
        await ctx.sleep(timedelta(0))


async def _time(_: Context) -> None:
    asyncio.get_running_loop().time()


async def _call_at(_: Context) -> None:
    asyncio.get_running_loop().call_at(5.0, print)


async def _make_task(_: Context) -> None:
    coroutine = asyncio.sleep(1)
    try:
        await asyncio.Task(coroutine)
    finally:
        coroutine.close()


REFUSED: dict[str, tuple[Callable[[Context], Awaitable[object]], str]] = {
    "timeout_at": (
        _timeout_at,
        r"asyncio.timeout_at\(\) .*test_asyncio_refusals.py:\d+.*asyncio.timeout\(",
    ),
    "time": (_time, r"loop.time\(\) .*test_asyncio_refusals.py:\d+.*await ctx.time\(\)"),
    "call_at": (_call_at, r"loop.call_at\(\) .*test_asyncio_refusals.py:\d+"),
    "Task": (_make_task, r"asyncio.Task\(\) .*test_asyncio_refusals.py:\d+.*create_task"),
    "to_thread": (lambda _: asyncio.to_thread(int), r"loop.run_in_executor\(\) .*ctx.run"),
    "sockets": (lambda _: asyncio.open_connection("x", 1), r"loop.create_connection\(\) .*ctx.run"),
    "as_completed": (_as_completed, r"as_completed\(\) over coroutines .*create_task"),
    "anyio's scopes": (_cancel_scope, r"anyio .*test_asyncio_refusals.py:\d+.*ctx.run"),
    "anyio's timeouts": (_fail_after, r"anyio .*test_asyncio_refusals.py:\d+.*ctx.run"),
    "anyio's groups": (_task_group, r"anyio .*test_asyncio_refusals.py:\d+.*ctx.run"),
}


@pytest.mark.parametrize("what", list(REFUSED))
@in_loop
async def test_what_no_other_attempt_could_repeat_is_refused(what: str) -> None:
    function, pattern = REFUSED[what]

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        with pytest.raises(RuntimeError, match=pattern):
            await function(ctx)
        return Parcel(number=1)

    assert Case(body).start().answer().number == 1


@pytest.mark.parametrize("where", ["the handler", "a task"])
@in_loop
async def test_a_future_of_the_real_loop_is_refused(where: str) -> None:
    real = asyncio.get_running_loop().create_future()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def wait() -> None:
            await real

        with pytest.raises(RuntimeError, match=r"belongs to the real event loop .*ctx.run"):
            await (wait() if where == "the handler" else asyncio.create_task(wait()))
        return Parcel(number=1)

    assert Case(body).start().answer().number == 1


@pytest.mark.parametrize("way", ["argument", "variable"])
@pytest.mark.parametrize("class_", [asyncio.Queue, asyncio.LifoQueue, asyncio.Event])
@in_loop
async def test_a_queue_of_the_handler_is_refused_in_a_run(way: str, class_: type[Any]) -> None:
    """The run would fill it in this attempt, and in no later one."""

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        queue = class_()

        async def fill(*_: object) -> None:
            queue.put_nowait("item")

        async def nothing(*_: object) -> None:
            pass

        with pytest.raises(RuntimeError, match=r"ctx.run 'fill'.*Return what the handler needs"):
            await (ctx.run("fill", fill) if way == "variable" else ctx.run("fill", nothing, queue))
        return parcel

    Case(body).start().answer()


@in_loop
async def test_a_queue_of_the_process_is_not_refused_in_a_run() -> None:
    queue: asyncio.Queue[str] = asyncio.Queue()
    waited: asyncio.Queue[str] = asyncio.Queue()
    waiting = asyncio.create_task(waited.get())
    await asyncio.sleep(0)
    waiting.cancel()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        mine = waited

        async def fill(*_: object) -> None:
            queue.put_nowait("item")
            mine.put_nowait("item")

        await ctx.run("fill", fill, queue)
        return parcel

    Case(body).start()
    assert (await queue.get(), await waited.get()) == ("item", "item")


@in_loop
async def test_a_lock_of_another_invocation_is_refused() -> None:
    lock = asyncio.Lock()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async with lock:
            await ctx.sleep(timedelta(0))
        return parcel

    first = Case(body).start()
    second = Case(body).start()
    assert "waits for nothing that can happen" in second.error().message
    first.feed(result(1))
    assert first.stream.ended


def in_a_group(body: Any) -> Any:
    async def grouped(ctx: Context, parcel: Parcel) -> Parcel:
        async with asyncio.TaskGroup() as group:
            group.create_task(body(ctx, parcel))
        return parcel

    return grouped


@pytest.mark.parametrize("wait", ["Lock", "Event", "Queue"])
@in_loop
async def test_what_another_invocation_waits_for_is_refused_with_what_to_write(wait: str) -> None:
    lock, event, queue = asyncio.Lock(), asyncio.Event(), asyncio.Queue[int]()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        if not lock.locked():
            await lock.acquire()
        waits = {"Lock": lock.acquire, "Event": event.wait, "Queue": queue.get}
        await asyncio.gather(waits[wait](), ctx.sleep(timedelta(0)))
        return parcel

    first = Case(body).start()
    first.sent()
    for tried in (body, in_a_group(body)):
        message = Case(tried).start().error().message
        assert "is bound to a different event loop: it belongs to the invocation that" in message
        assert "Make one for each invocation, in the handler" in message
    first.close_input().suspension()


@in_loop
async def test_an_event_of_another_invocation_is_refused() -> None:
    events: list[asyncio.Event] = []

    async def listen(ctx: Context, parcel: Parcel) -> Parcel:
        events.append(asyncio.Event())
        await asyncio.gather(events[0].wait(), ctx.sleep(timedelta(0)))
        return parcel

    async def tell(ctx: Context, parcel: Parcel) -> Parcel:
        events[0].set()
        return parcel

    listener = Case(listen).start()
    listener.sent()
    assert "used by another invocation" in Case(tell).start().error().message
    await listener.until_written()
    assert "used by another invocation" in listener.error().message


@in_loop
async def test_the_function_of_a_run_sees_the_real_loop() -> None:
    real = asyncio.get_running_loop()
    seen: list[bool] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def function() -> None:
            seen.append(asyncio.get_running_loop() is real)
            await asyncio.sleep(0)
            seen.append(asyncio.get_running_loop() is real)

        seen.append(asyncio.get_running_loop() is real)
        await ctx.run("function", function)
        return parcel

    case = Case(body).start()
    case.sent()
    await case.until_written()
    assert seen == [False, True, True]
    assert asyncio.get_running_loop() is real


@in_loop
async def test_there_is_no_suspension_while_a_run_of_a_task_is_executed() -> None:
    gate = asyncio.Event()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def function() -> int:
            await gate.wait()
            return 7

        await asyncio.gather(ctx.run("function", function), ctx.awakeable(Parcel))
        return parcel

    case = Case(body).start()
    case.close_input()
    assert not case.stream.ended
    gate.set()
    case.sent()
    await case.until_written()
    proposal, suspension = case.sent()
    assert isinstance(proposal, pb.ProposeRunCompletionMessage)
    assert isinstance(suspension, pb.SuspensionMessage)
    assert list(suspension.waiting_completions) == [1]
    assert 17 in suspension.waiting_signals


@each_version
@in_loop
async def test_a_suspension_names_all_that_any_task_waits_for(version: int) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async with asyncio.timeout(HOUR):
            await asyncio.gather(call(ctx, 1), ctx.awakeable(Parcel), asyncio.sleep(HOUR))
        return parcel

    suspension = Case(body, version=version).start().close_input().suspension()
    if version >= 7:
        tree = suspension.awaiting_on
        assert tree.combinator_type == pb.FIRST_COMPLETED
        completions, signals = tree.waiting_completions, tree.waiting_signals
    else:
        completions, signals = suspension.waiting_completions, suspension.waiting_signals
    assert sorted(completions) == [1, 3, 4]
    assert sorted(signals) == [1, 17]


@in_loop
async def test_signals_end_a_wait_of_a_task() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        first, _ = await asyncio.gather(ctx.awakeable(Parcel), ctx.awakeable(Parcel))
        return first

    case = Case(body).start()
    case.feed(signal(18), signal(17, Parcel(number=3).SerializeToString()))
    assert case.answer().number == 3


@in_loop
async def test_a_callback_that_exits_fails_the_attempt_and_not_the_process() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        call(ctx, 1).add_done_callback(lambda _: sys.exit(3))
        await ctx.sleep(timedelta(0))
        return parcel

    assert Case(body).start().feed(value(2)).error().message == "SystemExit: 3"


@in_loop
async def test_a_task_that_waits_on_after_its_handler_has_ended_is_ended(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        queue: asyncio.Queue[int] = asyncio.Queue()

        async def stubborn() -> None:
            while True:
                with contextlib.suppress(asyncio.CancelledError):
                    await queue.get()

        task = asyncio.create_task(stubborn(), name="the stubborn one")
        await asyncio.sleep(0)
        assert not task.done()
        return parcel

    assert Case(body).start().answer() == Parcel()
    assert "the stubborn one has ignored" in caplog.text


@in_loop
async def test_tasks_that_make_tasks_for_ever_are_ended_with_their_handler() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        def work_again(_: object) -> None:
            asyncio.create_task(asyncio.sleep(HOUR)).add_done_callback(work_again)

        work_again(None)
        await asyncio.sleep(0)
        return parcel

    case = Case(body).start()
    for _ in range(100):
        await asyncio.sleep(0)
    assert case.answer() == Parcel()


@in_loop
async def test_a_notification_costs_the_same_however_many_tasks_wait() -> None:
    """Their waits are looked at only when Restate has to be told."""

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async with asyncio.TaskGroup() as group:
            for number in range(parcel.number):
                group.create_task(wait(ctx, number))
        return parcel

    async def wait(ctx: Context, number: int) -> None:
        await call(ctx, number)

    def function_calls(tasks: int) -> int:
        case = Case(body).start(payload=Parcel(number=tasks))
        count = 0

        def profile(_: object, event: str, __: object) -> None:
            nonlocal count
            count += event == "call"

        sys.setprofile(profile)
        try:
            case.feed(value(2))
        finally:
            sys.setprofile(None)
        return count

    assert function_calls(500) < function_calls(10) + 20
