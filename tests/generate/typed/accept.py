"""What users write against generated code, and type checkers in strict mode accept."""

from __future__ import annotations

from datetime import timedelta
from typing import assert_type

from golden.errors.v1 import errors_pb2, stock_pb2
from golden.errors.v1.orders_restate import OrdersClient
from golden.errors.v1.stock_restate import SoldOutError, StockBase
from golden.shop.v1 import cart_pb2, ticket_pb2
from golden.shop.v1.cart_restate import CartBase, CartClient
from golden.shop.v1.ticket_restate import TicketsClient
from golden.signup.v1 import signup_pb2
from golden.signup.v1.signup_restate import NightlyClient, SignupBase, SignupClient

from restate_proto._codegen import v1 as rt


class Cart(CartBase):
    def __init__(self, limit: int) -> None:
        self._limit = limit

    async def add_ticket(
        self, ctx: rt.ObjectContext, request: cart_pb2.AddTicketRequest
    ) -> cart_pb2.AddTicketResponse:
        ticket = await TicketsClient.from_context(ctx).reserve(
            ticket_pb2.Reservation(ticket_id=request.ticket_id)
        )
        assert_type(ticket, ticket_pb2.Ticket)
        cart = CartClient.from_context(ctx, "alice", scope="eu")
        sent = cart.send().expire(ticket, delay=timedelta(minutes=15))
        assert_type(sent, rt.InvocationHandle[None])
        shown = cart.show(headers={"a": "b"})
        assert_type(shown, rt.CallFuture[cart_pb2.TicketList])
        assert_type(self.TICKETS, rt.StateKey[cart_pb2.TicketList])
        return cart_pb2.AddTicketResponse(added=True)

    async def show(self, ctx: rt.ObjectSharedContext) -> cart_pb2.TicketList:
        return cart_pb2.TicketList()

    async def expire(self, ctx: rt.ObjectContext, request: ticket_pb2.Ticket) -> None: ...


class Stock(StockBase):
    async def take(self, ctx: rt.ObjectContext, request: stock_pb2.Box) -> None:
        raise SoldOutError(
            errors_pb2.SoldOut(left=0), "sold out", retry_after=timedelta(minutes=1), code=410
        )

    async def count(self, ctx: rt.ObjectContext) -> stock_pb2.Box:
        try:
            return await OrdersClient.from_context(ctx).place(stock_pb2.Box())
        except SoldOutError as error:
            assert_type(error.detail, errors_pb2.SoldOut)
            assert_type(error.detail.left, int)
            assert_type(error.retry_after, timedelta | None)
            raise


async def outside(client: rt.IngressClient) -> None:
    cart = CartClient.from_client(client, "alice")
    assert_type(await cart.show(), cart_pb2.TicketList)
    handle = await cart.send().add_ticket(
        cart_pb2.AddTicketRequest(ticket_id="t"), delay=timedelta(days=5), idempotency_key="k"
    )
    assert_type(handle, rt.IngressInvocationHandle[cart_pb2.AddTicketResponse])

    signup = SignupClient.from_client(client)
    submitted = await signup.submit(signup_pb2.SignupRequest(user_id="u"))
    assert_type(submitted, rt.IngressInvocationHandle[signup_pb2.Status])
    assert_type(
        SignupClient.from_client(client, "u").handle(),
        rt.IngressInvocationHandle[signup_pb2.Status],
    )
    nightly = NightlyClient.from_client(client, "today")
    await nightly.submit()
    assert_type(await nightly.submit_(signup_pb2.Confirmation()), signup_pb2.Status)
    assert_type(SignupBase.EMAIL_CONFIRMED, rt.PromiseKey[signup_pb2.Confirmation])


Cart(limit=3)
