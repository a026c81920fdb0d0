"""Whoever waits for what a server never does is named; whoever waits long for something is not."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Target
from restate_proto.testing.virtual import VirtualRestate
from tests.differential.server import stall
from tests.differential.server.process import Process, request
from tests.differential.server.sides import VirtualSide, endpoint_of
from tests.differential.server.stall import Patience, StalledError, until_all_are_done
from tests.integration.scripted_services import Place
from tests.runtime.case import in_loop


class Player:
    """Waits for an event."""

    def __init__(self, name: str) -> None:
        self.goes_on = asyncio.Event()
        self._name = name

    async def play(self) -> str:
        await self.goes_on.wait()
        return self._name

    def waits_for(self) -> str:
        return f"{self._name} waits for its event"


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stall, "_PAUSE", 0)


def test_patience_ends_after_looks_that_are_all_alike() -> None:
    patience = Patience(2)
    assert [patience.is_over(found) for found in "aababbb"] == [
        False, False, False, False, False, False, True,
    ]  # fmt: skip


@in_loop
async def test_who_waits_for_a_server_that_does_nothing_is_named() -> None:
    one, other = Player("one"), Player("other")
    one.goes_on.set()

    async def look() -> str:
        return "as before"

    with pytest.raises(StalledError) as caught:
        await until_all_are_done([one, other], look, looks=3)
    assert str(caught.value) == "the server does nothing more:\n- other waits for its event"


@in_loop
async def test_who_waits_for_a_server_that_is_slow_is_waited_for() -> None:
    player = Player("one")
    looks = itertools.count()

    async def look() -> int:
        number = next(looks)
        if number == 50:
            player.goes_on.set()
        return number

    assert await until_all_are_done([player], look, looks=3) == ["one"]


@in_loop
async def test_an_error_of_one_ends_the_others() -> None:
    class Failing(Player):
        async def play(self) -> str:
            raise ValueError("no")

    async def look() -> str:
        return ""

    with pytest.raises(ValueError, match="no"):
        await until_all_are_done([Player("one"), Failing("other")], look)


@in_loop
async def test_an_invocation_of_a_virtual_server_that_is_not_paused() -> None:
    process = Process()
    async with VirtualRestate(endpoint_of(process, 7)) as env:
        side = VirtualSide(env, process)
        target = Target("conformance.v1.Clerk", "Perform", None)
        handle = await env.client.send(target, request(1, Place.SERVICE, name="p", parks=1), Parcel)
        id_ = await handle.invocation_id()
        await side.parked("p")
        with pytest.raises(StalledError, match=f"{id_} is not paused but running"):
            await side.paused(id_)
