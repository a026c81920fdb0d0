"""Callers that book transfers and repeat each, at any node, until it is answered."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from datetime import timedelta
from itertools import count
from time import monotonic
from typing import TYPE_CHECKING

from ledger.v1.ledger_pb2 import Balance, Transfer
from ledger.v1.ledger_restate import AccountClient, TransfersClient
from restate_proto import ClientLimits, IngressClient, IngressError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ACCOUNTS", "Load"]

ACCOUNTS = [f"account-{number}" for number in range(16)]
CALLERS = 48
_LIMITS = ClientLimits(
    connect_timeout=timedelta(seconds=2), read_timeout=timedelta(seconds=5), max_connections=4
)
_PAUSE_SECONDS = 0.2


class Load:
    """Books transfers until it is told to end, and then until each is answered.

    Args:
        urls: the ingress of each node.

    Attributes:
        booked: how many transfers were answered, by the version that began them.
        repeated: how many requests failed and were sent again, by the class of the error.
        longest_silence: the longest time in seconds without an answer to anybody.
        silence_ended: when that was over, by the monotonic clock.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = urls
        self._ids = count()
        self._ending = asyncio.Event()
        self._last_answer = monotonic()
        self.booked: Counter[str] = Counter()
        self.repeated: Counter[str] = Counter()
        self.longest_silence = self.silence_ended = 0.0

    def end(self) -> None:
        """Begin no further transfer."""
        self._ending.set()

    async def run(self) -> None:
        """Book; returns when every transfer that was begun is answered."""
        self._last_answer = monotonic()
        async with AsyncExitStack() as stack:
            clients = [
                await stack.enter_async_context(IngressClient(url, limits=_LIMITS))
                for url in self._urls
            ]
            async with asyncio.TaskGroup() as callers:
                for number in range(CALLERS):
                    callers.create_task(self._call(clients, number))

    async def balances(self) -> list[Balance]:
        """What is in the accounts."""
        async with IngressClient(self._urls[-1], limits=_LIMITS) as client:
            accounts = (AccountClient.from_client(client, account) for account in ACCOUNTS)
            return [await account.show() for account in accounts]

    async def _call(self, clients: Sequence[IngressClient], node: int) -> None:
        while not self._ending.is_set():
            number = next(self._ids)
            transfer = Transfer(account=ACCOUNTS[number % len(ACCOUNTS)], amount=1)
            node = await self._book(clients, node, transfer, f"transfer-{number}")

    async def _book(
        self, clients: Sequence[IngressClient], node: int, transfer: Transfer, key: str
    ) -> int:
        """Book one transfer. Its idempotency key makes all requests for it one invocation."""
        while True:
            transfers = TransfersClient.from_client(clients[node % len(clients)])
            try:
                receipt = await transfers.book(
                    transfer, idempotency_key=key, wait_for=timedelta(seconds=20)
                )
            except IngressError as error:
                self.repeated[type(error).__name__] += 1
                node += 1
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                self._answered(receipt.version)
                return node

    def _answered(self, version: str) -> None:
        self.booked[version] += 1
        now = monotonic()
        if now - self._last_answer > self.longest_silence:
            self.longest_silence, self.silence_ended = now - self._last_answer, now
        self._last_answer = now
