"""Durable operations in the wrong place, or with hardly any stack left."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from restate_proto import Context, ObjectContext, gather
from restate_proto.model.codec import CodecError
from tests.integration.conformance_messages import AccountBase, ClerkClient, Parcel
from tests.integration.matrix import combinations
from tests.integration.scripted_services import Place

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.world import World


def test_operations_in_a_thread_while_the_handler_runs(world: World) -> None:
    """The operations are refused, and the endpoint goes on."""
    refused: list[str] = []

    async def measure() -> int:
        raise AssertionError("executed in a thread")

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        def work() -> None:
            for operation in (
                lambda: ctx.run("measure", measure),
                lambda: ctx.sleep(timedelta(0)),
                lambda: gather(nap),
                lambda: asyncio.run(wait_for(nap)),
            ):
                try:
                    operation()
                except RuntimeError as error:
                    refused.append(str(error))

        nap = ctx.sleep(timedelta(milliseconds=1))
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        await nap
        return parcel

    async def scenario() -> None:
        for number in (1, 2):
            answer = await world.perform(Place.SERVICE, body, Parcel(number=number))
            assert answer.number == number
        echo = await ClerkClient.from_client(world.client).echo(Parcel(text="still there"))
        assert echo.text == "still there"

    world.run(scenario())
    assert len(refused) % 4 == 0
    assert len(refused) >= 8
    assert all("outside its handler's own code" in text for text in refused)


async def wait_for(future: Any) -> None:
    await future


OPERATIONS: dict[str, Callable[[ObjectContext], Any]] = {
    "run": lambda ctx: ctx.run("bottom", lambda: 7),
    "run of a coroutine function": lambda ctx: ctx.run("bottom", asyncio.sleep, 0),
    "call": lambda ctx: ClerkClient.from_context(ctx).echo(Parcel(text="x")),
    "send": lambda ctx: ClerkClient.from_context(ctx).send().echo(Parcel(text="x")).attach(),
    "sleep": lambda ctx: ctx.sleep(timedelta(milliseconds=1)),
    "get": lambda ctx: ctx.get(AccountBase.ENTRIES),
}


@pytest.mark.untraced
@combinations(lambda it: it.replays)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_at_the_end_of_the_stack(world: World, operation: str) -> None:
    """It is tried at lower and lower depth until there is room, and takes effect once."""
    world.replays = False  # how much room there is depends on who runs it
    failed: list[int] = []

    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        def deep(depth: int) -> Any:
            try:
                return deep(depth + 1)
            except (RecursionError, CodecError):  # codecs call it nested too deeply
                failed.append(depth)
                return OPERATIONS[operation](ctx)

        await deep(0)
        await ctx.sleep(timedelta(milliseconds=1))
        return Parcel(number=7)

    assert world.run(world.perform(Place.OBJECT, body)).number == 7
    assert len(failed) > 1
