"""Mistakes against generated code: pyright reports each line that a comment marks, and no other."""

from __future__ import annotations

from golden.awakeables import answers_pb2, asks_pb2
from golden.awakeables.answers_restate import POLL_CLOSED
from golden.deprecated import parts_pb2
from golden.deprecated.parts_restate import KeptBase, KeptClient, LeftBase, LeftClient
from golden.deprecated.whole_restate import WholeClient
from golden.errors.v1 import errors_pb2
from golden.errors.v1.stock_restate import SoldOutError
from golden.keys import keys_pb2
from golden.keys.keys_restate import DailyBase, QueueClient, SettingsClient
from golden.raw.raw_restate import ImagesClient
from golden.shop.v1 import cart_pb2, ticket_pb2
from golden.shop.v1.cart_restate import CartBase, CartClient
from google.protobuf import empty_pb2

from restate_proto._codegen import v1 as rt


class Cart(CartBase):
    async def add_ticket(  # error: reportIncompatibleMethodOverride
        self, ctx: rt.ObjectContext, request: cart_pb2.AddTicketRequest
    ) -> ticket_pb2.Ticket:
        return ticket_pb2.Ticket()

    async def show(  # error: reportIncompatibleMethodOverride
        self,
        ctx: rt.ObjectContext,
    ) -> cart_pb2.TicketList:
        return cart_pb2.TicketList()


Cart()  # error: reportAbstractUsage


class Expiring(CartBase):
    async def expire(  # error: reportIncompatibleMethodOverride
        self, ctx: rt.ObjectContext, request: ticket_pb2.Ticket
    ) -> empty_pb2.Empty:
        return empty_pb2.Empty()


async def calls(ctx: rt.Context, client: rt.IngressClient) -> None:
    CartClient.from_context(ctx)  # error: reportCallIssue
    CartClient.from_context(client, "k")  # error: reportArgumentType
    cart = CartClient.from_context(ctx, "k")
    await cart.add_ticket(ticket_pb2.Ticket())  # error: reportArgumentType
    await cart.add_ticket()  # error: reportCallIssue
    await cart.add_ticket(cart_pb2.AddTicketRequest(), delay=None)  # error: reportCallIssue
    await cart.show(empty_pb2.Empty())  # error: reportCallIssue
    cart.submit()  # error: reportAttributeAccessIssue


async def keys(ctx: rt.Context, client: rt.IngressClient) -> None:
    QueueClient.from_context(ctx, "k")  # error: reportArgumentType
    QueueClient.from_client(client, keys_pb2.M())  # error: reportArgumentType
    QueueClient.from_client(client)  # error: reportCallIssue
    SettingsClient.from_context(ctx, "main")  # error: reportCallIssue
    DailyBase.KEY.of(ctx)  # error: reportArgumentType
    DailyBase.KEY.format(keys_pb2.QueueKey())  # error: reportArgumentType
    ImagesClient.from_context(ctx).convert("text")  # error: reportArgumentType


async def awakeables(ctx: rt.Context, client: rt.IngressClient, poll: answers_pb2.Poll) -> None:
    POLL_CLOSED.of(asks_pb2.Ask())  # error: reportArgumentType
    closed = POLL_CLOSED.of(poll)
    ctx.resolve_awakeable(closed, poll)  # error: reportArgumentType
    await client.resolve_awakeable(closed, poll)  # error: reportArgumentType


class Left(LeftBase):  # who serves what is deprecated is not blamed for it
    async def do(self, ctx: rt.ObjectContext, request: parts_pb2.M) -> parts_pb2.M:
        return request


class Kept(KeptBase):
    async def run(self, ctx: rt.WorkflowContext, request: parts_pb2.M) -> parts_pb2.M:
        return request

    async def old(self, ctx: rt.WorkflowSharedContext) -> None: ...

    async def new(self, ctx: rt.WorkflowSharedContext) -> parts_pb2.M:
        return parts_pb2.M()


async def deprecated(ctx: rt.Context, client: rt.IngressClient) -> None:
    left = LeftClient.from_context(ctx, "k")  # error: reportDeprecated
    await left.do(parts_pb2.M())
    WholeClient.from_client(client)  # error: reportDeprecated
    kept = KeptClient.from_client(client, "k")
    await kept.new()
    await kept.old()  # error: reportDeprecated
    await kept.send().old()  # error: reportDeprecated
    await kept.submit(parts_pb2.M())  # error: reportDeprecated


def errors() -> None:
    SoldOutError(errors_pb2.SoldOut())  # error: reportCallIssue
    SoldOutError(errors_pb2.Busy(), "no")  # error: reportArgumentType
    SoldOutError("no", errors_pb2.SoldOut())  # error: reportArgumentType, reportArgumentType
