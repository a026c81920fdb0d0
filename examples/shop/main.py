"""A ticket shop: the services of proto/shop/v1, and the endpoint that serves them.

`make demo` runs it. By hand, in a clone after `make setup`, each line in a terminal of its own:

    npx restate-server
    .venv/bin/python -m examples.shop.world
    .venv/bin/restate-proto serve examples.shop.main:endpoint
    .venv/bin/restate-proto deploy
"""

from __future__ import annotations

import os
from datetime import timedelta

from examples.shop.providers import CardCompany, MailServer
from restate_proto import (
    Context,
    Endpoint,
    ObjectContext,
    ObjectSharedContext,
    TerminalError,
    WorkflowContext,
    WorkflowSharedContext,
    gather,
)
from shop.v1.cart_pb2 import (
    AddTicketRequest,
    AddTicketResponse,
    CheckoutRequest,
    ExpireTicketRequest,
    TicketList,
)
from shop.v1.cart_restate import CartBase, CartClient
from shop.v1.checkout_pb2 import Approval, PayRequest, Receipt
from shop.v1.checkout_restate import CheckoutBase, CheckoutClient
from shop.v1.signup_pb2 import Confirmation, SignupRequest, SignupResponse
from shop.v1.signup_restate import SignupBase
from shop.v1.ticket_pb2 import (
    ReleaseRequest,
    ReserveRequest,
    SellRequest,
    TicketStatus,
    TicketTaken,
)
from shop.v1.ticket_restate import TicketBase, TicketClient, TicketTakenError

HOLD = timedelta(minutes=15)
PRICE_CENTS = 4_000
LARGE_ORDER_CENTS = 10_000
BOX_OFFICE = "box-office@shop.example"


class Ticket(TicketBase):
    """One ticket. It has one writer at a time, so it is never sold twice."""

    async def reserve(self, ctx: ObjectContext, request: ReserveRequest) -> None:
        if status := await ctx.get(self.STATUS):
            taken = TicketTaken(ticket_id=ctx.key, sold=status.HasField("sold_to"))
            raise TicketTakenError(taken, f"ticket {ctx.key} is taken")
        ctx.set(self.STATUS, TicketStatus(reserved_by=request.customer))

    async def release(self, ctx: ObjectContext, request: ReleaseRequest) -> None:
        if await ctx.get(self.STATUS) == TicketStatus(reserved_by=request.customer):
            ctx.clear(self.STATUS)

    async def sell(self, ctx: ObjectContext, request: SellRequest) -> None:
        if await ctx.get(self.STATUS) != TicketStatus(reserved_by=request.customer):
            raise TerminalError(f"{request.customer} has not reserved {ctx.key}", code=409)
        ctx.set(self.STATUS, TicketStatus(sold_to=request.customer))

    async def show(self, ctx: ObjectSharedContext) -> TicketStatus:
        return await ctx.get(self.STATUS) or TicketStatus()


class Cart(CartBase):
    """What a customer has reserved and not bought yet."""

    async def add_ticket(self, ctx: ObjectContext, request: AddTicketRequest) -> AddTicketResponse:
        if not request.ticket_id:
            raise TerminalError("which ticket? ticket_id is empty", code=400)
        ticket = TicketClient.from_context(ctx, request.ticket_id)
        await ticket.reserve(ReserveRequest(customer=ctx.key))

        tickets = await ctx.get(self.TICKETS) or TicketList()
        tickets.ticket_ids.append(request.ticket_id)
        ctx.set(self.TICKETS, tickets)

        # A timer that outlives this process: a message that Restate delivers later.
        hold = request.hold.ToTimedelta() if request.HasField("hold") else HOLD
        this_cart = CartClient.from_context(ctx, ctx.key)
        expiry = this_cart.send().expire_ticket(
            ExpireTicketRequest(ticket_id=request.ticket_id), delay=hold
        )
        return AddTicketResponse(expiry_invocation_id=await expiry.invocation_id())

    async def expire_ticket(self, ctx: ObjectContext, request: ExpireTicketRequest) -> None:
        tickets = await ctx.get(self.TICKETS) or TicketList()
        if request.ticket_id in tickets.ticket_ids:  # else it was bought in time
            tickets.ticket_ids.remove(request.ticket_id)
            ctx.set(self.TICKETS, tickets)
            ticket = TicketClient.from_context(ctx, request.ticket_id)
            await ticket.release(ReleaseRequest(customer=ctx.key))

    async def checkout(self, ctx: ObjectContext, request: CheckoutRequest) -> Receipt:
        tickets = await ctx.get(self.TICKETS) or TicketList()
        if not tickets.ticket_ids:
            raise TerminalError("the cart is empty", code=400)
        receipt = await CheckoutClient.from_context(ctx).pay(
            PayRequest(
                customer=ctx.key,
                ticket_ids=tickets.ticket_ids,
                card=request.card,
                email=request.email,
            )
        )
        sale = SellRequest(customer=ctx.key)
        await gather(
            *(TicketClient.from_context(ctx, id_).sell(sale) for id_ in tickets.ticket_ids)
        )
        ctx.clear(self.TICKETS)
        return receipt

    async def show(self, ctx: ObjectSharedContext) -> TicketList:
        return await ctx.get(self.TICKETS) or TicketList()


class Checkout(CheckoutBase):
    """Takes payments; needs a card company and a mail server."""

    def __init__(self, cards: CardCompany, mail: MailServer) -> None:
        self._cards = cards
        self._mail = mail

    async def pay(self, ctx: Context, request: PayRequest) -> Receipt:
        cents = PRICE_CENTS * len(request.ticket_ids)
        # The same in every attempt: the card company knows a charge that it is asked for again.
        payment_id = str(ctx.uuid())
        try:
            await ctx.run("charge", self._cards.charge, payment_id, request.card, cents)
            if cents >= LARGE_ORDER_CENTS:
                await self._wait_for_approval(ctx)
            await ctx.run("mail receipt", self._mail.send, request.email, f"Paid: {payment_id}")
        except TerminalError:  # declined, refused or cancelled: undo, then fail as it would have
            await ctx.run("refund", self._cards.refund, payment_id)
            raise
        return Receipt(payment_id=payment_id, cents=cents)

    async def _wait_for_approval(self, ctx: Context) -> None:
        approval = ctx.awakeable(Approval)
        await ctx.run("ask the box office", self._mail.send, BOX_OFFICE, approval.id)
        await approval


class Signup(SignupBase):
    """Waits for a click on a link, without a process that waits."""

    def __init__(self, mail: MailServer) -> None:
        self._mail = mail

    async def run(self, ctx: WorkflowContext, request: SignupRequest) -> SignupResponse:
        code = str(ctx.uuid())
        await ctx.run("mail code", self._mail.send, request.email, code)
        confirmation = await ctx.promise(self.EMAIL_CONFIRMED)
        return SignupResponse(confirmed=confirmation.code == code)

    async def confirm(self, ctx: WorkflowSharedContext, request: Confirmation) -> None:
        await ctx.promise(self.EMAIL_CONFIRMED).resolve(request)


_world = os.environ.get("SHOP_WORLD", "127.0.0.1:9099")
_mail = MailServer(_world)

endpoint = Endpoint(Ticket(), Cart(), Checkout(CardCompany(_world), _mail), Signup(_mail))

if __name__ == "__main__":
    endpoint.serve("127.0.0.1:9080")
