"""The services of the cluster: `restate-proto serve examples.cluster.main:endpoint`.

LEDGER_VERSION is the version of the code that a process pretends to be.
"""

from __future__ import annotations

import os
from datetime import timedelta

from ledger.v1.ledger_pb2 import Balance, Deposit, Receipt, Transfer
from ledger.v1.ledger_restate import AccountBase, AccountClient, TransfersBase
from restate_proto import Context, Endpoint, ObjectContext, ObjectSharedContext

VERSION = os.environ.get("LEDGER_VERSION", "1")


async def permission() -> str:
    """What another system would be asked; here it says which code has asked."""
    return VERSION


class Transfers(TransfersBase):
    """Takes transfers."""

    async def book(self, ctx: Context, request: Transfer) -> Receipt:
        """Ask, wait, and book: three steps, between any two of which this process may die."""
        version = await ctx.run("ask for permission", permission)
        await ctx.sleep(timedelta(milliseconds=300))
        deposit = Deposit(amount=request.amount, version=version)
        balance = await AccountClient.from_context(ctx, request.account).add(deposit)
        return Receipt(version=version, balance=balance.amount)


class Account(AccountBase):
    """An account; a key has one writer at a time."""

    async def add(self, ctx: ObjectContext, request: Deposit) -> Balance:
        """Read, add, write."""
        balance = await ctx.get(self.BALANCE) or Balance()
        balance.amount += request.amount
        balance.transfers[request.version] += 1
        ctx.set(self.BALANCE, balance)
        return balance

    async def show(self, ctx: ObjectSharedContext) -> Balance:
        """What is in it."""
        return await ctx.get(self.BALANCE) or Balance()


endpoint = Endpoint(Transfers(), Account())
