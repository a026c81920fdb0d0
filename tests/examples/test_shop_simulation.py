"""The shop in many simulated courses: its promises hold in all, and a planted bug is found."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from examples.shop.main import PRICE_CENTS, Cart, Checkout, Signup, Ticket
from examples.shop.providers import CardCompany, MailServer
from restate_proto import Context, Endpoint, TerminalError
from restate_proto.testing import SimulationError, simulate
from shop.v1.cart_pb2 import AddTicketRequest, CheckoutRequest
from shop.v1.cart_restate import CartClient
from shop.v1.checkout_pb2 import PayRequest, Receipt
from shop.v1.ticket_restate import TicketClient

if TYPE_CHECKING:
    from restate_proto.testing import SimulatedRestate

DECLINED = "0000"


class Cards(CardCompany):
    """Recognises a repeated charge by its payment id."""

    def __init__(self) -> None:
        super().__init__("nowhere:0")
        self.payments: dict[str, str] = {}

    @override
    async def charge(self, payment_id: str, card: str, cents: int) -> None:
        if card == DECLINED:
            raise TerminalError("declined", code=402)
        self.payments[payment_id] = card

    @override
    async def refund(self, payment_id: str) -> None:
        self.payments.pop(payment_id, None)


class Mails(MailServer):
    """Keeps mails."""

    def __init__(self) -> None:
        super().__init__("nowhere:0")

    @override
    async def send(self, to: str, text: str) -> None: ...


class HastyCheckout(Checkout):
    """A planted bug: each call of the function charges under another id."""

    def __init__(self, cards: CardCompany, mail: MailServer) -> None:
        super().__init__(cards, mail)
        self._numbers = count()

    @override
    async def pay(self, ctx: Context, request: PayRequest) -> Receipt:
        async def charge() -> str:
            payment_id = f"payment {next(self._numbers)}"
            await self._cards.charge(payment_id, request.card, PRICE_CENTS)
            return payment_id

        return Receipt(payment_id=await ctx.run("charge", charge), cents=PRICE_CENTS)


class Shop:
    """A shop for each course, and what it promises."""

    def __init__(self, checkout: type[Checkout]) -> None:
        self._checkout = checkout
        self.cards = Cards()

    def open(self) -> Endpoint:
        """The shop of one course."""
        self.cards, mails = Cards(), Mails()
        return Endpoint(Ticket(), Cart(), self._checkout(self.cards, mails), Signup(mails))

    async def sell(self, env: SimulatedRestate) -> None:
        """Three customers want the same ticket; one of them has a card that is declined."""
        customers = {"ada": "1", "bea": "2", "cy": DECLINED}

        async def buy(name: str, card: str) -> Receipt | None:
            cart = CartClient.from_client(env.client, name)
            try:
                await cart.add_ticket(AddTicketRequest(ticket_id="A1"))
                return await cart.checkout(CheckoutRequest(card=card, email="e"))
            except TerminalError:
                return None

        receipts = await asyncio.gather(*(buy(*customer) for customer in customers.items()))

        sold = [receipt for receipt in receipts if receipt is not None]
        ticket = await TicketClient.from_client(env.client, "A1").show()
        assert len(sold) == bool(ticket.sold_to), "a receipt for each ticket that is sold"
        paid = {receipt.payment_id: customers[ticket.sold_to] for receipt in sold}
        assert self.cards.payments == paid, "who has the ticket has paid once, and nobody else"


def test_who_has_the_ticket_has_paid_once() -> None:
    shop = Shop(Checkout)
    played = simulate(shop.open, shop.sell, seeds=60)
    assert played.seeds == 60
    assert min(played.crashes, played.failed_runs, played.delayed_runs) > 40


def test_the_planted_bug_is_found_and_its_seed_finds_it_again() -> None:
    shop = Shop(HastyCheckout)
    with pytest.raises(SimulationError) as found:
        simulate(shop.open, shop.sell)
    text = str(found.value)
    assert f"simulate(..., seeds=[{found.value.seed}])" in text
    assert "test_shop_simulation.py" in text
    assert "self.cards.payments == paid" in text
    assert "run charge" in text
    with pytest.raises(SimulationError) as again:
        simulate(shop.open, shop.sell, seeds=[found.value.seed])
    assert str(again.value).partition("the journals")[2] == text.partition("the journals")[2]
