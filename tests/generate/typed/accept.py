"""What users write against generated code, and type checkers in strict mode accept."""

from __future__ import annotations

from datetime import timedelta
from typing import assert_type

from golden.awakeables import answers_pb2
from golden.awakeables.answers_restate import POLL_CLOSED
from golden.awakeables.asks_restate import ASK_DONE
from golden.errors.v1 import errors_pb2, stock_pb2
from golden.errors.v1.orders_restate import OrdersClient
from golden.errors.v1.stock_restate import SoldOutError, StockBase
from golden.keys import keys_pb2
from golden.keys.keys_restate import QueueBase, QueueClient, SettingsClient
from golden.raw import raw_pb2
from golden.raw.raw_restate import ImagesBase, ImagesClient, PrintClient
from golden.shop.v1 import cart_pb2, ticket_pb2
from golden.shop.v1.cart_restate import CartBase, CartClient
from golden.shop.v1.ticket_restate import TicketsClient
from golden.signup.v1 import signup_pb2
from golden.signup.v1.signup_restate import NightlyClient, SignupBase, SignupClient
from google.protobuf import wrappers_pb2

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


class Queue(QueueBase):
    async def push(self, ctx: rt.ObjectContext, request: keys_pb2.M) -> keys_pb2.M:
        assert_type(self.KEY.of(ctx), keys_pb2.QueueKey)
        assert_type(self.KEY.parse(ctx.key), keys_pb2.QueueKey)
        other = QueueClient.from_context(ctx, keys_pb2.QueueKey(kind=keys_pb2.KIND_OTHER))
        assert_type(SettingsClient.from_context(ctx).get(request), rt.CallFuture[keys_pb2.M])
        return await other.push(request)


async def awakeables(ctx: rt.Context, client: rt.IngressClient, poll: answers_pb2.Poll) -> None:
    closed = ctx.awakeable(POLL_CLOSED)
    assert_type(await closed, answers_pb2.Answer)
    answers_pb2.Poll(closed=closed.id)
    ctx.resolve_awakeable(POLL_CLOSED.of(poll), answers_pb2.Answer())
    ctx.reject_awakeable(POLL_CLOSED.of(poll), "no")
    await client.resolve_awakeable(POLL_CLOSED.of(poll), answers_pb2.Answer())
    await client.reject_awakeable(POLL_CLOSED.of(poll), "no")
    ctx.resolve_awakeable(poll.closed, "anything")
    done: wrappers_pb2.BoolValue | None = await ctx.awakeable(ASK_DONE)
    assert done


class Images(ImagesBase):
    async def convert(self, ctx: rt.Context, request: bytes) -> bytes:
        return request

    async def measure(self, ctx: rt.Context, request: bytes) -> raw_pb2.Size:
        image = await ImagesClient.from_context(ctx).draw()
        assert_type(image, bytes)
        return raw_pb2.Size(width=len(request + image))

    async def draw(self, ctx: rt.Context) -> bytes:
        return b""


async def bytes_outside(client: rt.IngressClient) -> None:
    assert_type(await ImagesClient.from_client(client).convert(b""), bytes)
    report = PrintClient.from_client(client, "r")
    assert_type(await report.submit(b""), rt.IngressInvocationHandle[bytes])
    assert_type(report.handle(), rt.IngressInvocationHandle[bytes])


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
