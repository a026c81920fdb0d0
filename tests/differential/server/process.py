"""How a program is started, and what the programs of one endpoint share."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Final

from conformance.v1.conformance_pb2 import Parcel, Script
from conformance.v1.conformance_restate import (
    AccountClient,
    ClerkClient,
    JourneyClient,
    LazyAccountClient,
)
from tests.integration.scripted_services import Place

if TYPE_CHECKING:
    from random import Random

__all__ = ["NAME", "SCOPES", "Process", "client_of", "draw_scope", "method_of", "request"]

NAME: Final = "program"
SCOPES: Final = (None, "tenant", "another")


def request(seed: int, place: Place, *, name: str, **options: int) -> Script:
    """The request that has a program played.

    Args:
        seed: what it is drawn from.
        place: the kind of its handler.
        name: makes its keys unlike those of all others.
        **options: `depth`: how many are above it. `parks`: whether it waits in the end for somebody
            outside; then neither it nor what it calls leaves anything behind that goes on alone.
            `pauses`: whether it begins with a run that pauses it. `waits`: whether it begins by
            waiting for what its caller does to it. `scopes`: whether what it calls has scopes and
            limit keys.
    """
    parcel = Parcel(number=seed, text=name, note=place.name, counts=options)
    return Script(name=NAME, input=parcel)


class Process:
    """What the programs of an endpoint have in common, and no journal has.

    Attributes:
        tries: how often what fails at first was tried.
        version: the service protocol version of the last attempt.
    """

    def __init__(self) -> None:
        self.tries: Counter[str] = Counter()
        self.version = 0
        self._parked: defaultdict[str, asyncio.Queue[str]] = defaultdict(asyncio.Queue)

    def fails_now(self, key: str, times: int = 1) -> bool:
        """Whether something is to fail: its first so many tries do."""
        self.tries[key] += 1
        return self.tries[key] <= times

    def park(self, name: str, awakeable_id: str) -> None:
        """A program waits for somebody outside; it may say so again when it is replayed."""
        self._parked[name.partition(".")[0]].put_nowait(awakeable_id)

    async def parked(self, name: str) -> str:
        """Wait until a program, or one that it has called, waits for somebody outside.

        Returns:
            The id of the awakeable that it waits for.
        """
        return await self._parked[name].get()


def draw_scope(draw: Random) -> tuple[str | None, str | None]:
    """A scope and a limit key, which only exists in a scope."""
    scope = draw.choice(SCOPES)
    return scope, draw.choice((None, "a", "a/b")) if scope else None


def client_of(ctx: Any, place: Place, key: str, draw: Random, scope: str | None = None) -> Any:
    """A client of a place's service, in a handler; of which of the two kinds of objects, is drawn."""
    match place:
        case Place.SERVICE:
            return ClerkClient.from_context(ctx, scope=scope)
        case Place.OBJECT if draw.random() < 0.5:
            return LazyAccountClient.from_context(ctx, key, scope=scope)
        case Place.OBJECT | Place.OBJECT_SHARED:
            return AccountClient.from_context(ctx, key, scope=scope)
        case Place.WORKFLOW | Place.WORKFLOW_SHARED:
            return JourneyClient.from_context(ctx, key, scope=scope)


def method_of(client: Any, place: Place) -> Any:
    """The method of a client that has a place's handler play a program."""
    if place is Place.WORKFLOW:
        return client.run
    return (
        client.observe if place in (Place.OBJECT_SHARED, Place.WORKFLOW_SHARED) else client.perform
    )
