"""Mistakes in handlers: type checkers report each line that a comment marks, and no other."""

from __future__ import annotations

from datetime import timedelta

from google.protobuf.wrappers_pb2 import StringValue

from restate_proto import (
    Context,
    IngressClient,
    InvocationHandle,
    ObjectContext,
    ObjectSharedContext,
    OnMaxAttempts,
    RetryPolicy,
    RunContext,
    SignalKey,
    SyncIngressClient,
    Target,
    WorkflowContext,
    WorkflowSharedContext,
    durable_step,
)
from shop.v1.cart_pb2 import TicketList
from shop.v1.cart_restate import CartBase, CartClient
from shop.v1.signup_pb2 import Confirmation, SignupRequest
from shop.v1.signup_restate import SignupBase, SignupClient

GO = SignalKey("go", StringValue)
TARGET = Target.object("shop.v1.Cart", "a", "Show")


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


class Desk:
    @durable_step
    async def charge(self, ctx: RunContext, amount: int) -> StringValue:
        await ctx.sleep(timedelta(0))  # error
        return StringValue(value=str(amount))


async def steps(ctx: Context, desk: Desk) -> None:
    await desk.charge(3)  # error
    await desk.charge(ctx, "3")  # error
    RetryPolicy(max_attempts=3, on_max_attempts=OnMaxAttempts.KILL)  # error


async def keys(ctx: ObjectContext, handle: InvocationHandle[bytes]) -> None:
    ctx.set(CartBase.TICKETS, StringValue())  # error
    ctx.set(CartBase.TICKETS, None)  # error
    ctx.set(SignupBase.EMAIL_CONFIRMED, Confirmation())  # error
    ctx.set("tickets", TicketList())  # error
    await handle.signal(GO, TicketList())  # error
    await handle.signal(CartBase.TICKETS, TicketList())  # error
    await ctx.signal(CartBase.TICKETS)  # error


async def options(ctx: Context, client: IngressClient) -> None:
    cart = CartClient.from_context(ctx, "a")
    cart.show(dealy=timedelta(days=1))  # error
    cart.show(delay=timedelta(days=1))  # error
    cart.show(idempotency_key=1)  # error
    cart.send().show(delay=1)  # error
    cart.send().show(after=timedelta(days=1))  # error
    outside = CartClient.from_client(client, "a")
    await outside.show(headers={"a": 1})  # error
    await outside.send().show(delay="1 day")  # error
    signup = SignupClient.from_client(client, "a")
    await signup.submit(SignupRequest(), idempotency_key="once")  # error
    ctx.call(TARGET, None, bytes, delay=timedelta(days=1))  # error
    await client.send(TARGET, None, bytes, dealy=timedelta(days=1))  # error


def synchronous(client: SyncIngressClient) -> None:
    cart = CartClient.from_sync_client(client, 1)  # error
    cart.show(delay=timedelta(days=1))  # error
    cart.add_ticket(TicketList())  # error
    cart.send().show(delay="1 day")  # error
    CartClient.from_client(client, "a")  # error


async def promises(ctx: WorkflowContext) -> None:
    await ctx.promise(SignupBase.EMAIL_CONFIRMED).resolve(StringValue())  # error
    ctx.promise(CartBase.TICKETS)  # error


def kinds(ctx: Context, reader: ObjectSharedContext, signup: WorkflowSharedContext) -> None:
    ctx.get(CartBase.TICKETS)  # error
    ctx.promise(SignupBase.EMAIL_CONFIRMED)  # error
    reader.set(CartBase.TICKETS, TicketList())  # error
    reader.promise(SignupBase.EMAIL_CONFIRMED)  # error
    signup.clear_all()  # error
