"""Mistakes in handlers: type checkers report each line that a comment marks, and no other."""

from __future__ import annotations

from google.protobuf.wrappers_pb2 import StringValue

from restate_proto import Context, InvocationHandle, ObjectContext, SignalKey, WorkflowContext
from shop.v1.cart_pb2 import TicketList
from shop.v1.cart_restate import CartBase
from shop.v1.signup_pb2 import Confirmation
from shop.v1.signup_restate import SignupBase

GO = SignalKey("go", StringValue)


def sync(number: int, text: str = "") -> float:
    return number + len(text)


async def coroutine(number: int, text: str = "") -> float:
    return number + len(text)


async def runs(ctx: Context) -> None:
    await ctx.run("none", sync)  # error
    await ctx.run("type", sync, "x")  # error
    await ctx.run("second", coroutine, 1, 2)  # error
    await ctx.run("many", coroutine, 1, "x", 3)  # error
    await ctx.run("called", sync(1))  # error


async def keys(ctx: ObjectContext, handle: InvocationHandle[bytes]) -> None:
    ctx.set(CartBase.TICKETS, StringValue())  # error
    ctx.set(CartBase.TICKETS, None)  # error
    ctx.set(SignupBase.EMAIL_CONFIRMED, Confirmation())  # error
    ctx.set("tickets", TicketList())  # error
    await handle.signal(GO, TicketList())  # error
    await handle.signal(CartBase.TICKETS, TicketList())  # error
    await ctx.signal(CartBase.TICKETS)  # error


async def promises(ctx: WorkflowContext) -> None:
    await ctx.promise(SignupBase.EMAIL_CONFIRMED).resolve(StringValue())  # error
    ctx.promise(CartBase.TICKETS)  # error
