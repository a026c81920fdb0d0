"""Errors: terminal ones reach callers, and all others are retried."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from restate_proto import Context, RetryableError, TerminalError
from tests.integration.conformance_messages import ClerkClient, FailRequest, Parcel
from tests.integration.scripted_services import Place, calls, unique

if TYPE_CHECKING:
    from tests.integration.world import World

each_kind = pytest.mark.parametrize(
    "place", [Place.SERVICE, Place.OBJECT, Place.WORKFLOW], ids=lambda place: place.value
)
every_place = pytest.mark.parametrize("place", list(Place), ids=lambda place: place.value)


def metadata_of(world: World, error: TerminalError) -> dict[str, str]:
    """Return the metadata, which travels from v6 on."""
    if world.version < 6:
        assert error.metadata == {}
        return {"left": "0", "größe": "über"}
    return error.metadata


@each_kind
def test_a_terminal_error_goes_through_all_callers(world: World, place: Place) -> None:
    async def innermost(ctx: Context, parcel: Parcel) -> Parcel:
        raise TerminalError("sold out", code=455, metadata={"left": "0", "größe": "über"})

    async def between(ctx: Context, parcel: Parcel) -> Parcel:
        return await calls(ctx, place, inner, key=parcel.text)

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        return await calls(ctx, place, middle, key=parcel.text)

    async def scenario() -> TerminalError:
        with pytest.raises(TerminalError) as raised:
            await world.perform(place, body, Parcel(text=unique()))
        return raised.value

    inner = world.script(innermost, Parcel(text=unique()))
    middle = world.script(between, Parcel(text=unique()))
    error = world.run(scenario())
    assert (error.code, error.message) == (455, "sold out")
    assert metadata_of(world, error) == {"left": "0", "größe": "über"}


@each_kind
def test_a_terminal_error_can_be_caught(world: World, place: Place) -> None:
    request = FailRequest(message="no", code=404, metadata={"left": "0", "größe": "über"})

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        call = ClerkClient.from_context(ctx).fail(request)
        for _ in range(2):  # as often as it is awaited
            with pytest.raises(TerminalError) as raised:
                await call
            assert metadata_of(world, raised.value) == {"left": "0", "größe": "über"}
            assert (raised.value.message, raised.value.code) == ("no", 404)
        return Parcel(number=1)

    assert world.run(world.perform(place, body)).number == 1


@every_place
def test_any_other_error_is_retried(world: World, place: Place) -> None:
    attempts = 0

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            raise KeyError("a bug")
        return Parcel(number=attempts)

    assert world.run(world.perform(place, body)).number == 3
    failures = world.take_failures()
    assert len(failures) == 2
    assert all("[500] KeyError: 'a bug'" in failure for failure in failures)


def test_a_retryable_error_says_when(world: World) -> None:
    attempts: list[float] = []
    delay = timedelta(milliseconds=150)

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        attempts.append(world.time())
        if len(attempts) == 1:
            raise RetryableError("busy", retry_after=delay, code=503)
        return Parcel(number=len(attempts))

    assert world.run(world.perform(Place.SERVICE, body)).number == 2
    assert round(attempts[1] - attempts[0], 3) >= delay.total_seconds()
    (failure,) = world.take_failures()
    assert "[503] busy" in failure


def test_restate_shows_why_an_attempt_failed(world: World) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        raise OSError("the disk is full")

    async def scenario() -> None:
        handle = await world.begin(Place.SERVICE, body)
        invocation = await handle.invocation_id()
        while not (row := await world.invocation_row(invocation)).get("last_failure"):
            pass
        assert "OSError: the disk is full" in row["last_failure"]
        await world.client.kill(invocation)
        with pytest.raises(TerminalError):
            await handle.attach()

    world.run(scenario())
    assert all("the disk is full" in failure for failure in world.take_failures())


def test_a_wrong_return_type_is_an_error_of_the_code(world: World) -> None:
    """It is retried, since a new deployment can mend it."""
    world.replays = False  # nothing is left of the answers then
    answers: list[object] = [FailRequest(message="wrong"), None, Parcel(number=5)]

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        answer = answers.pop(0)
        return answer if answer is not None else "text"  # pyright: ignore[reportReturnType] - what is tested

    assert world.run(world.perform(Place.SERVICE, body)).number == 5
    failures = world.take_failures()
    assert len(failures) == 2
    assert all("returned what cannot be recorded" in failure for failure in failures)


@each_kind
def test_the_default_code_is_500(world: World, place: Place) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        raise TerminalError("über alles")

    async def scenario() -> TerminalError:
        with pytest.raises(TerminalError) as raised:
            await world.perform(place, body)
        return raised.value

    error = world.run(scenario())
    assert (error.code, error.message, error.metadata) == (500, "über alles", {})
