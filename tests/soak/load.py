"""Clients outside that have orders carried out; each repeats an order until it is answered."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from time import monotonic
from typing import TYPE_CHECKING

from restate_proto import ClientLimits, IngressClient, RetryPolicy
from soak.v1.soak_pb2 import BookKey, Entry, Order
from tests.soak.operations import OPERATIONS, Client

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

__all__ = ["SHELVES", "Load", "books_of"]

SHELVES = tuple("ABCDEF")
_ORDERS_OF_A_VOLUME = 400
_SIZES = (0, 1_000, 20_000, 60_000)
_CLIENT_LIMITS = ClientLimits(
    connect_timeout=timedelta(seconds=10), read_timeout=timedelta(seconds=10), max_streams=16
)
_RETRY = RetryPolicy(max_attempts=3, initial_interval=timedelta(milliseconds=20))
_WAIT = timedelta(seconds=20)


@dataclass
class Load:
    """The orders of clients, and the answers to them.

    Args:
        seed: decides of each order what it is.
        callers: how many orders are under way at a time.

    Attributes:
        ordered: the orders, with their kinds.
        answered: how many were answered, by kind.
        told: the effects that clients were told of.
        wrong: orders whose answer was none that may be.
        repeated: how many requests were sent again, by the class of the error.
        answered_at: when the last order was answered, by the monotonic clock.
        goes_on: whether further orders may begin.
    """

    seed: int
    callers: int
    ordered: dict[str, tuple[str, Order]] = field(default_factory=dict[str, tuple[str, Order]])
    answered: Counter[str] = field(default_factory=Counter[str])
    told: list[Entry] = field(default_factory=list[Entry])
    wrong: list[str] = field(default_factory=list[str])
    repeated: Counter[str] = field(default_factory=Counter[str])
    answered_at: float = field(default_factory=monotonic)
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def carry_out(self, numbers: Iterator[int], client: IngressClient) -> None:
        """Have orders carried out; return once each of them is answered.

        Args:
            numbers: the numbers of the orders.
            client: a client of the ingress and of the admin API.
        """
        self.answered_at = monotonic()
        self.goes_on.set()
        async with asyncio.TaskGroup() as callers:
            for _ in range(self.callers):
                callers.create_task(self._call(numbers, Client(client, self.repeated)))

    async def _call(self, numbers: Iterator[int], client: Client) -> None:
        for number in numbers:
            await self.goes_on.wait()
            kind, order = self._order(number)
            self.ordered[order.id] = kind, order
            try:
                receipt = await OPERATIONS[kind].carry_out(client, order)
            except Exception as error:  # noqa: BLE001 - which one it is tells what is wrong
                self.wrong.append(f"{kind} {order.id}: {' '.join(repr(error).split())}")
                continue
            self.told += receipt.entries
            self.answered[kind] += 1
            self.answered_at = monotonic()

    def _order(self, number: int) -> tuple[str, Order]:
        random = Random(f"{self.seed} {number}")
        volume, shelf = number // _ORDERS_OF_A_VOLUME, random.choice(SHELVES)
        kind = random.choice(list(OPERATIONS))
        book = BookKey(volume=volume, shelf=shelf)
        return kind, Order(id=f"{self.seed}-{number}", book=book, size=random.choice(_SIZES))


@asynccontextmanager
async def client_of(ingress_url: str, admin_url: str, engine: str) -> AsyncGenerator[IngressClient]:
    """Return a client with the patience to get an answer."""
    async with IngressClient(
        ingress_url,
        admin_url=admin_url,
        engine=engine,
        limits=_CLIENT_LIMITS,
        retry=_RETRY,
        wait_for=_WAIT,
    ) as client:
        yield client


def books_of(orders: int) -> Iterator[BookKey]:
    """Return the books that so many orders are entered in."""
    for volume in range(1 + orders // _ORDERS_OF_A_VOLUME):
        for shelf in SHELVES:
            yield BookKey(volume=volume, shelf=shelf)
