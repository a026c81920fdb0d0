"""The threads of ordinary functions in `ctx.run`: how many there are, and which calls wait."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from typing import Any

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Context, RetryPolicy, gather
from restate_proto.runtime import Runtime
from restate_proto.runtime.threads import ThreadPool
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import Case, each_version, in_loop


class Gate:
    """Functions that enter, and stay until they may leave."""

    def __init__(self) -> None:
        self.entered: list[int] = []
        self.most_inside = 0
        self._inside = 0
        self._changed = threading.Condition()
        self._is_open = False

    def __call__(self, number: int) -> int:
        with self._changed:
            self.entered.append(number)
            self._inside += 1
            self.most_inside = max(self.most_inside, self._inside)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._is_open)
            self._inside -= 1
        return number

    async def until_inside(self, count: int) -> None:
        def wait() -> None:
            with self._changed:
                self._changed.wait_for(lambda: self._inside == count)

        await asyncio.to_thread(wait)

    def open(self) -> None:
        with self._changed:
            self._is_open = True
            self._changed.notify_all()


async def proposals_of(case: Case, count: int) -> list[pb.ProposeRunCompletionMessage]:
    """Return the recorded results in the order in which they come."""
    found: list[pb.ProposeRunCompletionMessage] = []
    while len(found) < count:
        found += [it for it in case.sent() if isinstance(it, pb.ProposeRunCompletionMessage)]
        if len(found) < count:
            await case.until_written()
    return found


def runs(function: Any, count: int, **options: Any) -> Any:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        each = [ctx.run(f"run {n}", function, n, type=int, **options) for n in range(count)]
        return Parcel(number=sum(await gather(*each)))

    return body


@each_version
@in_loop
async def test_those_beyond_the_number_of_threads_wait_for_their_turn(version: int) -> None:
    gate = Gate()
    case = Case(runs(gate, 20), version=version, run_threads=3).start()
    await gate.until_inside(3)
    assert sorted(gate.entered) == [0, 1, 2]
    gate.open()
    proposals = await proposals_of(case, 20)
    assert sorted(int(each.value) for each in proposals) == list(range(20))
    assert sorted(gate.entered) == list(range(20))
    assert gate.most_inside == 3


@in_loop
async def test_a_thread_is_used_again() -> None:
    threads: set[int] = set()

    def function(number: int) -> int:
        threads.add(threading.get_ident())
        return number

    pool = ThreadPool(100)
    for _ in range(50):  # one after the other: a thread is free soon after it has answered
        await pool.submit(asyncio.get_running_loop(), "one", function, (1,)).future
    assert len(threads) < 50


@in_loop
async def test_the_attempt_ends_while_a_function_waits_for_its_turn() -> None:
    """The function is dropped, since nobody would get its result."""
    gate = Gate()
    case = Case(runs(gate, 3), run_threads=1).start()
    pool = case.runtime.threads
    await gate.until_inside(1)
    case.attempt.aborted("gone")
    gate.open()
    # The turn of this one comes after theirs.
    assert await pool.submit(asyncio.get_running_loop(), "last", gate, (7,)).future == 7
    assert gate.entered == [0, 7]


@in_loop
async def test_a_run_fails_while_a_function_waits_for_its_turn() -> None:
    executed: list[int] = []
    gate = Gate()

    def function(number: int) -> int:
        executed.append(number)
        if number == 0:
            raise OSError("no network")
        return gate(number)

    case = Case(runs(function, 3), run_threads=1).start()
    pool = case.runtime.threads
    while not case.stream.ended:
        await case.until_written()
    assert "no network" in case.error().message
    gate.open()
    assert await pool.submit(asyncio.get_running_loop(), "last", gate, (7,)).future == 7
    assert 2 not in executed


@in_loop
async def test_waiting_for_a_turn_is_no_time_of_the_function(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise a policy that bounds the time could give up before the first try."""
    now = [0.0]
    for module in ("runs", "threads"):
        monkeypatch.setattr(f"restate_proto.runtime.{module}.monotonic", lambda: now[0])

    def fail(number: int) -> int:
        raise OSError("again")

    gate = Gate()
    policy = RetryPolicy(max_duration=timedelta(minutes=1))
    case = Case(runs(fail, 1, retry=policy), run_threads=1)
    pool = case.runtime.threads
    blocker = pool.submit(asyncio.get_running_loop(), "first", gate, (9,))
    case.start()
    now[0] = 3600.0
    gate.open()
    await blocker.future
    while not case.stream.ended:
        await case.until_written()
    assert "again" in case.error().message


@pytest.mark.parametrize("error", [RuntimeError, MemoryError])
@in_loop
async def test_no_thread_can_be_started(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any thread the attempt fails, says that nothing was done, and is retried."""
    executed: list[int] = []

    def refuse(_: threading.Thread) -> None:
        raise error("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    policy = RetryPolicy(max_attempts=1)
    case = Case(runs(executed.append, 2, retry=policy), run_threads=3).start()
    message = case.error().message
    assert message.startswith(
        "ctx.run('run 0') failed: ThreadStartError: the function was not called"
    )
    assert executed == []


@in_loop
async def test_no_further_thread_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """The threads that exist do all the work."""
    gate = Gate()
    start = threading.Thread.start
    started: list[threading.Thread] = []

    def refuse_most(thread: threading.Thread) -> None:
        if thread.name == "ctx.run":
            if len(started) == 2:
                raise RuntimeError("can't start new thread")
            started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse_most)
    case = Case(runs(gate, 10), run_threads=5).start()
    await gate.until_inside(2)
    gate.open()
    await proposals_of(case, 10)
    assert sorted(gate.entered) == list(range(10))
    assert gate.most_inside == 2


@in_loop
async def test_a_thread_that_has_nothing_to_do_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("restate_proto.runtime.threads._IDLE_SECONDS", 0.0)
    threads: list[threading.Thread] = []

    def function() -> None:
        threads.append(threading.current_thread())

    pool = ThreadPool(2)
    for _ in range(3):
        await pool.submit(asyncio.get_running_loop(), "one", function, ()).future
        await asyncio.to_thread(threads[-1].join)
    assert len(set(threads)) == 3


class ExhaustedError(StopIteration):
    """A subclass, which is as special as the class itself."""


@pytest.mark.parametrize("error", [StopIteration, StopAsyncIteration, ExhaustedError])
@pytest.mark.parametrize("kind", ["function", "coroutine function", "function of an awaitable"])
@in_loop
async def test_stop_iteration_is_a_failure_as_any_other(error: type[Exception], kind: str) -> None:
    """Python uses it for the return of a coroutine, and no future can hold it."""

    def fail(number: int) -> int:
        raise error("exhausted")

    async def fail_in_loop(number: int) -> int:
        return fail(number)

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        if kind == "function":
            await ctx.run("next", fail, 1)
        elif kind == "coroutine function":
            await ctx.run("next", fail_in_loop, 1)
        else:
            await ctx.run("next", lambda: fail_in_loop(1))
        return parcel

    runtime = Runtime(asyncio.get_running_loop(), expose_tracebacks=True)
    case = Case(body, runtime=runtime).start()
    while not case.stream.ended:
        await case.until_written()
    message = case.error()
    assert message.message.startswith("ctx.run('next') failed: ")
    assert error.__name__ in message.stacktrace
    assert "exhausted" in message.stacktrace
    assert "in fail" in message.stacktrace
