"""What users write in handlers, and type checkers in strict mode accept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, assert_type

from google.protobuf.wrappers_pb2 import BoolValue, StringValue

from restate_proto import (
    Context,
    DurableFuture,
    InvocationHandle,
    ObjectContext,
    SignalKey,
    StateKey,
    WorkflowContext,
    gather,
    select,
)
from shop.v1.cart_pb2 import TicketList
from shop.v1.cart_restate import CartBase, CartClient
from shop.v1.signup_pb2 import Confirmation
from shop.v1.signup_restate import SignupBase

GO = SignalKey("go", StringValue)


def takes(tickets: TicketList | str | None) -> None: ...


# ---- Keys: the type comes from the key, whatever the place that the result goes to ----


async def as_argument(ctx: ObjectContext) -> TicketList | None:
    return await ctx.get(CartBase.TICKETS)


async def into_union_parameter(ctx: ObjectContext) -> None:
    takes(await ctx.get(CartBase.TICKETS))


async def signal_or_timeout(ctx: Context) -> str:
    name, said = await select(said=ctx.signal(GO), timeout=ctx.sleep(timedelta(seconds=1)))
    return name if said is None else said.value


async def promise_or_timeout(ctx: WorkflowContext) -> str:
    name, said = await select(
        said=ctx.promise(SignupBase.EMAIL_CONFIRMED).get(), timeout=ctx.sleep(timedelta(seconds=1))
    )
    return name if said is None else said.code


async def both(ctx: ObjectContext) -> tuple[TicketList, TicketList]:
    cart = CartClient.from_context(ctx, "a")
    return await gather(cart.show(), cart.show())


async def or_default(ctx: ObjectContext) -> TicketList:
    return await ctx.get(CartBase.TICKETS) or TicketList()


async def writing(ctx: ObjectContext, handle: InvocationHandle[bytes]) -> None:
    ctx.set(CartBase.TICKETS, TicketList())
    await handle.signal(GO, StringValue())
    wider: StateKey[TicketList | None] = CartBase.TICKETS
    assert_type(await ctx.get(wider), TicketList | None)


# ---- Runs: the function's parameters are those of the run ----


def sync(number: int, text: str = "") -> float:
    return number + len(text)


async def coroutine(number: int, text: str = "", *, more: int = 0) -> float:
    return number + len(text) + more


def many(*numbers: int) -> str:
    return str(numbers)


class Card:
    def __init__(self, number: int) -> None:
        self.number = number

    def charge(self, amount: int) -> bytes:
        return bytes(self.number + amount)

    async def refund(self) -> StringValue:
        return StringValue()


async def runs(ctx: Context, unknown: Any) -> None:
    assert_type(ctx.run("sync", sync, 1), DurableFuture[float])
    assert_type(ctx.run("sync", sync, 1, "x"), DurableFuture[float])
    assert_type(ctx.run("coroutine", coroutine, 1), DurableFuture[float])
    assert_type(ctx.run("coroutine", coroutine, 1, "x", type=float), DurableFuture[float])
    assert_type(ctx.run("many", many), DurableFuture[str])
    assert_type(ctx.run("many", many, 1, 2), DurableFuture[str])
    assert_type(ctx.run("charge", Card(1).charge, 1), DurableFuture[bytes])
    assert_type(ctx.run("refund", Card(1).refund, type=StringValue), DurableFuture[StringValue])
    assert_type(ctx.run("lambda", lambda: 1), DurableFuture[int])
    assert_type(ctx.run("print", print, "x"), DurableFuture[None])
    await ctx.run("unknown", unknown, 1, 2)


async def run_result(ctx: Context) -> int:
    def f() -> int:
        return 1

    return await ctx.run("f", f)


async def completes(ctx: WorkflowContext) -> None:
    await ctx.promise(SignupBase.EMAIL_CONFIRMED).resolve(Confirmation())
    assert_type(ctx.awakeable(BoolValue).id, str)
