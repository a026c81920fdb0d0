"""What users write in handlers, and type checkers in strict mode accept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Unpack, assert_type

from google.protobuf.wrappers_pb2 import BoolValue, StringValue

from restate_proto import (
    CallOptions,
    Context,
    DurableFuture,
    IngressClient,
    IngressInvocationHandle,
    InvocationHandle,
    InvocationRef,
    ObjectContext,
    RetryPolicy,
    RunContext,
    SignalKey,
    StateKey,
    SyncIngressClient,
    SyncInvocationHandle,
    Target,
    WorkflowContext,
    durable_step,
    gather,
    select,
)
from shop.v1.cart_pb2 import TicketList
from shop.v1.cart_restate import CartBase, CartClient
from shop.v1.signup_pb2 import Confirmation, SignupRequest, SignupResponse
from shop.v1.signup_restate import SignupBase, SignupClient

GO = SignalKey("go", StringValue)
TARGET = Target.object("shop.v1.Cart", "a", "Show")


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
        said=ctx.promise(SignupBase.EMAIL_CONFIRMED), timeout=ctx.sleep(timedelta(seconds=1))
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


class Desk:
    @durable_step
    async def charge(self, ctx: RunContext, amount: int, *, currency: str = "EUR") -> StringValue:
        return StringValue(value=f"{ctx.invocation_id} {amount} {currency}")

    @durable_step(name="by van", retry=RetryPolicy(max_attempts=3))
    def deliver(self, ctx: RunContext) -> int:
        return len(ctx.headers)


@durable_step(type=StringValue)
async def pack(ctx: RunContext, text: str) -> StringValue:
    return StringValue(value=text)


async def steps(ctx: ObjectContext, desk: Desk) -> None:
    assert_type(desk.charge(ctx, 3, currency="USD"), DurableFuture[StringValue])
    assert_type(await Desk.charge(desk, ctx, amount=3), StringValue)
    assert_type(desk.deliver(ctx), DurableFuture[int])
    assert_type(await pack(ctx, text="a"), StringValue)


async def run_result(ctx: Context) -> int:
    def f() -> int:
        return 1

    return await ctx.run("f", f)


# ---- Options of calls, as they are and passed on ----


async def options(ctx: Context, client: IngressClient) -> None:
    cart = CartClient.from_context(ctx, "a")
    cart.show(idempotency_key="once", headers={"a": "b"}, limit_key=None)
    cart.send().show(delay=timedelta(days=1), idempotency_key=None)
    outside = CartClient.from_client(client, "a")
    assert_type(await outside.show(idempotency_key="once"), TicketList)
    sent = await outside.send().show(delay=timedelta(days=1))
    assert_type(sent, IngressInvocationHandle[TicketList])
    signup = SignupClient.from_client(client, "a")
    await signup.submit(SignupRequest(), delay=timedelta(days=1))
    ctx.send(TARGET, None, delay=None, headers={})
    await client.call(TARGET, None, bytes, idempotency_key="once")


def synchronous(client: SyncIngressClient) -> None:
    cart = CartClient.from_sync_client(client, "a", scope="tenant")
    assert_type(cart.show(idempotency_key="once", wait_for=timedelta(seconds=1)), TicketList)
    sent = cart.send().show(delay=timedelta(days=1))
    assert_type(sent, SyncInvocationHandle[TicketList])
    assert_type(sent.attach(wait_for=timedelta(seconds=1)), TicketList)
    signup = SignupClient.from_sync_client(client, "a")
    assert_type(signup.run(request=SignupRequest()), SignupResponse)
    assert_type(signup.confirm(Confirmation()), None)
    assert_type(signup.submit(SignupRequest()), SyncInvocationHandle[SignupResponse])
    assert_type(signup.handle().output(), SignupResponse | None)
    assert_type(client.call(TARGET, None, bytes), bytes)


async def references(ctx: WorkflowContext) -> None:
    run = SignupClient.from_context(ctx, "a").handle()
    assert_type(run, InvocationRef[SignupResponse])
    assert_type(await run.attach(name="the run"), SignupResponse)
    by_key = ctx.idempotent_invocation(TARGET, "once", TicketList)
    assert_type(await by_key.output(), TicketList | None)
    by_name = ctx.workflow("shop.v1.Signup", "a", SignupResponse, scope="tenant")
    references: list[InvocationRef[SignupResponse]] = [run, by_name]
    references.append(ctx.invocation("inv_1", SignupResponse))
    assert_type(ctx.patched("2026-12-vat"), bool)
    await ctx.promise(SignupBase.EMAIL_CONFIRMED, name="code").peek(name="look")


async def wrapped(cart: CartClient, **options: Unpack[CallOptions]) -> TicketList:
    return await cart.show(**options)


async def completes(ctx: WorkflowContext) -> None:
    await ctx.promise(SignupBase.EMAIL_CONFIRMED).resolve(Confirmation())
    assert_type(ctx.awakeable(BoolValue).id, str)
