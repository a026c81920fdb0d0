"""Mistakes against generated code: pyright reports each line that a comment marks, and no other."""

from __future__ import annotations

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
        self, ctx: rt.ObjectContext, request: empty_pb2.Empty
    ) -> cart_pb2.TicketList:
        return cart_pb2.TicketList()


Cart()  # error: reportAbstractUsage


async def calls(ctx: rt.Context, client: rt.IngressClient) -> None:
    CartClient.from_context(ctx)  # error: reportCallIssue
    CartClient.from_context(client, "k")  # error: reportArgumentType
    cart = CartClient.from_context(ctx, "k")
    await cart.add_ticket(ticket_pb2.Ticket())  # error: reportArgumentType
    await cart.add_ticket()  # error: reportCallIssue
    await cart.add_ticket(cart_pb2.AddTicketRequest(), delay=None)  # error: reportCallIssue
    cart.submit()  # error: reportAttributeAccessIssue
