"""Side effects: `ctx.run`."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from restate_proto import (
    Context,
    Encoding,
    RetryableError,
    RetryPolicy,
    RunContext,
    TerminalError,
    gather,
)
from restate_proto.protocol import MAX_PAYLOAD
from restate_proto.runtime import DEFAULT_RUN_THREADS
from tests.integration.conformance_messages import Parcel
from tests.integration.matrix import combinations
from tests.integration.scripted_services import Place

if TYPE_CHECKING:
    from tests.integration.world import World

each_kind = pytest.mark.parametrize(
    "place", [Place.SERVICE, Place.OBJECT, Place.WORKFLOW], ids=lambda place: place.value
)
SOON = timedelta(milliseconds=1)


@each_kind
def test_a_function_is_executed_once(world: World, place: Place) -> None:
    executed: list[str] = []

    async def coroutine(text: str, number: int) -> Parcel:
        executed.append(f"coroutine in {threading.current_thread().name}")
        return Parcel(text=text, number=number)

    def function(text: str) -> Parcel:
        executed.append(f"function in {threading.current_thread().name}")
        return Parcel(text=text)

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        first = await ctx.run("coroutine", coroutine, "hello", 3, type=Parcel)
        second = await ctx.run("function", function, "world", type=Parcel)
        third = await ctx.run("lambda", lambda: coroutine("lambda", 1), type=Parcel)
        return Parcel(parts=[first, second, third])

    answer = world.run(world.perform(place, body))
    assert answer.parts[0] == Parcel(text="hello", number=3)
    assert answer.parts[1] == Parcel(text="world")
    assert answer.parts[2] == Parcel(text="lambda", number=1)
    assert len(executed) == 3
    assert executed[0] == "coroutine in MainThread"
    assert executed[1].startswith("function in ")
    assert "MainThread" not in executed[1]


@pytest.mark.parametrize(
    "value", [None, True, -1, 2**53, 1.5, "", "größe", [], [1, [None]], {"a": {"b": []}}]
)
def test_results_without_a_declared_type_are_plain_values(world: World, value: Any) -> None:
    seen: list[Any] = []

    async def body(ctx: Context, parcel: Parcel) -> None:
        seen.append(await ctx.run("plain", lambda: value))
        await ctx.sleep(timedelta(0))

    world.run(world.perform(Place.SERVICE, body))
    assert seen == [value] * len(seen)
    assert {type(each) for each in seen} == {type(value)}


@pytest.mark.parametrize("value", [b"", b"\x00\xff", b"{"])
def test_results_of_bytes_need_their_type(world: World, value: bytes) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        return Parcel(data=await ctx.run("bytes", lambda: value, type=bytes))

    assert world.run(world.perform(Place.SERVICE, body)).data == value


@each_kind
def test_runs_are_concurrent(world: World, place: Place) -> None:
    meeting = threading.Barrier(3)

    def meet() -> int:
        return meeting.wait()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        waits = await gather(*(ctx.run(f"meet {i}", meet, type=int) for i in range(3)))
        return Parcel(counts={str(place): 1 for place in waits})

    assert set(world.run(world.perform(place, body)).counts) == {"0", "1", "2"}


@each_kind
def test_a_failure_is_retried_and_what_was_recorded_is_not(world: World, place: Place) -> None:
    executed: list[str] = []

    async def good() -> str:
        executed.append("good")
        return "kept"

    async def flaky() -> int:
        executed.append("flaky")
        if executed.count("flaky") < 3:
            raise OSError("not yet")
        return executed.count("flaky")

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        text = await ctx.run("good", good)
        return Parcel(text=text, number=await ctx.run("flaky", flaky))

    answer = world.run(world.perform(place, body))
    assert (answer.text, answer.number) == ("kept", 3)
    assert executed == ["good", "flaky", "flaky", "flaky"]
    failures = world.take_failures()
    assert len(failures) == 2
    assert all("ctx.run('flaky') failed: OSError: not yet" in failure for failure in failures)


@each_kind
def test_used_up_retries_are_a_terminal_error(world: World, place: Place) -> None:
    executed: list[int] = []
    compensated: list[int] = []

    def broken(number: int) -> int:
        executed.append(number)
        raise OSError("gone for good")

    async def compensate() -> None:
        compensated.append(1)

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        policy = RetryPolicy(initial_interval=SOON, max_attempts=3)
        try:
            await ctx.run("broken", broken, 1, retry=policy)
        except TerminalError as error:
            await ctx.run("compensate", compensate)
            return Parcel(text=error.message, number=error.code)
        return Parcel()

    answer = world.run(world.perform(place, body))
    assert (answer.text, answer.number) == (
        "ctx.run('broken') failed: OSError: gone for good",
        500,
    )
    assert executed == [1, 1, 1]
    assert compensated == [1]
    assert len(world.take_failures()) == 2


def test_a_bound_on_the_duration_ends_retries(world: World) -> None:
    executed: list[float] = []

    async def broken() -> None:
        executed.append(world.time())
        raise OSError("gone for good")

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        policy = RetryPolicy(initial_interval=SOON, max_duration=timedelta(milliseconds=100))
        with pytest.raises(TerminalError, match="gone for good"):
            await ctx.run("broken", broken, retry=policy)
        return Parcel(number=1)

    assert world.run(world.perform(Place.SERVICE, body)).number == 1
    assert len(world.take_failures()) == len(executed) - 1
    assert len(executed) >= 2


def test_one_attempt_means_one(world: World) -> None:
    executed: list[int] = []

    async def broken() -> None:
        executed.append(1)
        raise OSError("at once")

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        with pytest.raises(TerminalError, match="at once"):
            await ctx.run("broken", broken, retry=RetryPolicy(max_attempts=1))
        return Parcel(number=1)

    assert world.run(world.perform(Place.SERVICE, body)).number == 1
    assert executed == [1]


def test_a_terminal_error_is_recorded(world: World) -> None:
    executed: list[int] = []

    async def refused() -> int:
        executed.append(1)
        raise TerminalError("refused", code=402, metadata={"by": "bank"})

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        with pytest.raises(TerminalError) as raised:
            await ctx.run("refused", refused)
        await ctx.sleep(timedelta(0))
        error = raised.value
        return Parcel(text=error.message, number=error.code, note=error.metadata.get("by"))

    answer = world.run(world.perform(Place.SERVICE, body))
    assert (answer.text, answer.number) == ("refused", 402)
    assert answer.note == ("bank" if world.version >= 6 else "")
    assert executed == [1]


@pytest.mark.parametrize("policy", [None, RetryPolicy(initial_interval=timedelta(hours=1))])
def test_a_retryable_error_says_when(world: World, policy: RetryPolicy | None) -> None:
    """Its own delay counts, instead of the hour of the policy."""
    executed: list[float] = []
    delay = timedelta(milliseconds=120)

    async def busy() -> int:
        executed.append(world.time())
        if len(executed) == 1:
            raise RetryableError("busy", retry_after=delay, code=503)
        return len(executed)

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        return Parcel(number=await ctx.run("busy", busy, retry=policy))

    assert world.run(world.perform(Place.SERVICE, body)).number == 2
    assert round(executed[1] - executed[0], 3) >= delay.total_seconds()
    (failure,) = world.take_failures()
    assert "[503] ctx.run('busy') failed: RetryableError: busy" in failure


@pytest.mark.parametrize(
    ("returned", "text"),
    [
        (("card", 1200), "tuple is neither a plain value nor a message"),
        ([0.5, math.nan], r"list\[1\]: cannot be written"),
        ({7: "seat"}, "a key must be a str"),
        ("name \ud83d", "half of a surrogate pair"),
        (Parcel(), "type=Parcel"),
        ("x" * (32 * 2**20), "bytes long"),
    ],
    ids=["tuple", "nan", "int key", "half surrogate", "another type", "too large"],
)
def test_a_result_that_cannot_be_recorded_is_a_failure_and_no_repetition(
    world: World, returned: Any, text: str
) -> None:
    effects: list[int] = []

    def charge() -> Any:
        effects.append(1)
        return returned

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        with pytest.raises(TerminalError, match=text):
            await ctx.run("charge", charge)
        await ctx.sleep(timedelta(0))
        return Parcel(number=1)

    assert world.run(world.perform(Place.SERVICE, body)).number == 1
    assert effects == [1]
    assert all("cannot be recorded" in failure for failure in world.take_failures())


@combinations(lambda it: it.version <= 6 and it.encoding is Encoding.PROTOBUF)
def test_the_largest_result_that_restate_takes_is_recorded(world: World) -> None:
    """One byte more is refused here, since Restate would refuse it and retry for ever."""
    effects: list[int] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        def charge(size: int) -> bytes:
            effects.append(size)
            return bytes(size)

        data = await ctx.run("largest", charge, MAX_PAYLOAD - 1, type=bytes)
        with pytest.raises(TerminalError, match=f"{MAX_PAYLOAD} bytes long"):
            await ctx.run("too large", charge, MAX_PAYLOAD, type=bytes)
        return Parcel(number=len(data))

    answer = world.run(world.perform(Place.SERVICE, body))
    assert answer.number == MAX_PAYLOAD - 1
    assert effects == [MAX_PAYLOAD - 1, MAX_PAYLOAD]
    world.take_failures()


@combinations(lambda it: not it.replays)
def test_functions_are_told_when_restate_ends_the_attempt(world: World) -> None:
    """A kill cancels the coroutine, and the thread can ask."""
    entered = threading.Barrier(2)
    told: list[str] = []
    seen = threading.Event()

    def in_thread(ctx: RunContext) -> None:
        entered.wait()
        while not ctx.attempt_has_ended:
            time.sleep(0.001)
        seen.set()

    async def in_loop() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError as error:
            told.append(str(error))
            raise

    async def body(ctx: Context, parcel: Parcel) -> None:
        await gather(ctx.run("in thread", in_thread, ctx), ctx.run("in loop", in_loop))

    async def scenario() -> None:
        handle = await world.begin(Place.SERVICE, body)
        await asyncio.to_thread(entered.wait)
        await handle.kill()
        await asyncio.to_thread(seen.wait)

    world.run(scenario())
    assert told == ["the attempt has ended, and nothing waits for this function any more"]


@combinations(lambda it: it.encoding is Encoding.PROTOBUF and it.version >= 6)
def test_more_functions_than_threads_are_executed_once_each(world: World) -> None:
    executed: list[int] = []
    inside = [0]
    changed = threading.Condition()

    def charge(number: int) -> int:
        with changed:
            executed.append(number)
            inside[0] += 1
            changed.notify_all()
            # As many as there are threads come in before any goes, and no more.
            changed.wait_for(lambda: len(executed) >= DEFAULT_RUN_THREADS)
            assert inside[0] <= DEFAULT_RUN_THREADS
            inside[0] -= 1
        return number

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        runs = [ctx.run(f"charge {n}", charge, n, type=int) for n in range(300)]
        return Parcel(number=sum(await gather(*runs)))

    answer = world.run(world.perform(Place.SERVICE, body))
    assert answer.number == sum(range(300))
    assert sorted(executed) == list(range(300))
