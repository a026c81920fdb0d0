"""The shop on a real server, in this process; and the demo, as `make demo` runs it."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.empty_pb2 import Empty

from examples.shop.main import BOX_OFFICE, PRICE_CENTS, Cart, Checkout, Signup, Ticket
from examples.shop.providers import CardCompany, MailServer
from examples.shop.world import DECLINED_CARD, World
from restate_proto import Endpoint, IngressClient, TerminalError
from restate_proto.testing import find_restate_server
from shop.v1.cart_pb2 import AddTicketRequest, CheckoutRequest
from shop.v1.cart_restate import CartClient
from shop.v1.checkout_pb2 import Approval
from shop.v1.signup_pb2 import Confirmation, SignupRequest
from shop.v1.signup_restate import SignupClient
from shop.v1.ticket_pb2 import TicketTaken
from shop.v1.ticket_restate import TicketClient, TicketTakenError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from restate_proto.testing import EnvironmentFactory
    from shop.v1.cart_restate import CartIngressClient

pytestmark = pytest.mark.server

ROOT = Path(__file__).parents[2]
EMAIL = "alice@home.example"


@asynccontextmanager
async def open_shop(serve: EnvironmentFactory) -> AsyncGenerator[tuple[World, IngressClient]]:
    async with World() as world:
        mail = MailServer(world.address)
        checkout = Checkout(CardCompany(world.address), mail)
        async with serve(Endpoint(Ticket(), Cart(), checkout, Signup(mail))) as env:
            yield world, env.client


async def fill(client: IngressClient, *tickets: str) -> CartIngressClient:
    """Return a new customer's cart with these tickets."""
    cart = CartClient.from_client(client, uuid4().hex)
    for ticket in tickets:
        await cart.add_ticket(AddTicketRequest(ticket_id=ticket))
    return cart


def seats(count: int) -> list[str]:
    return [uuid4().hex for _ in range(count)]


def test_a_ticket_is_sold_to_who_reserved_and_paid_for_it(
    restate_environment: EnvironmentFactory,
) -> None:
    async def scenario() -> None:
        async with open_shop(restate_environment) as (world, client):
            (seat,) = seats(1)
            cart = CartClient.from_client(client, customer := uuid4().hex)
            added = await cart.add_ticket(AddTicketRequest(ticket_id=seat))
            with pytest.raises(TicketTakenError, match="is taken") as taken:
                await fill(client, seat)
            assert taken.value.code == 409
            assert taken.value.detail == TicketTaken(ticket_id=seat)

            receipt = await cart.checkout(CheckoutRequest(card="1", email=EMAIL))
            with pytest.raises(TicketTakenError) as taken:
                await fill(client, seat)
            assert taken.value.detail == TicketTaken(ticket_id=seat, sold=True)

            assert receipt.cents == PRICE_CENTS
            assert world.payments == {receipt.payment_id: "1"}
            assert receipt.payment_id in await world.next_mail(EMAIL)
            assert (await TicketClient.from_client(client, seat).show()).sold_to == customer
            assert not (await cart.show()).ticket_ids
            # The ticket is not taken back when its reservation would have ended.
            expiry = client.invocation(added.expiry_invocation_id, Empty)
            assert await expiry.output() is None

    asyncio.run(scenario())


def test_a_reservation_ends_with_a_delayed_message(restate_environment: EnvironmentFactory) -> None:
    async def scenario() -> None:
        async with open_shop(restate_environment) as (_, client):
            (seat,) = seats(1)
            cart = await fill(client)
            added = await cart.add_ticket(
                AddTicketRequest(ticket_id=seat, hold=Duration(nanos=1_000_000))
            )
            await client.invocation(added.expiry_invocation_id, Empty).attach()
            assert not (await cart.show()).ticket_ids
            await fill(client, seat)  # free for others

    asyncio.run(scenario())


def test_a_declined_card_leaves_the_cart_as_it_was(restate_environment: EnvironmentFactory) -> None:
    async def scenario() -> None:
        async with open_shop(restate_environment) as (world, client):
            (seat,) = seats(1)
            cart = await fill(client, seat)
            with pytest.raises(TerminalError, match="declined") as declined:
                await cart.checkout(CheckoutRequest(card=DECLINED_CARD, email=EMAIL))
            assert declined.value.code == 402
            assert world.payments == {}
            assert list((await cart.show()).ticket_ids) == [seat]

    asyncio.run(scenario())


def test_an_empty_cart_or_ticket_id_is_a_bad_request(
    restate_environment: EnvironmentFactory,
) -> None:
    async def scenario() -> None:
        async with open_shop(restate_environment) as (_, client):
            cart = await fill(client)
            with pytest.raises(TerminalError, match="the cart is empty") as empty:
                await cart.checkout(CheckoutRequest(card="1", email=EMAIL))
            assert empty.value.code == 400
            with pytest.raises(TerminalError, match="which ticket") as nameless:
                await cart.add_ticket(AddTicketRequest())
            assert nameless.value.code == 400

    asyncio.run(scenario())


def test_the_box_office_decides_about_a_large_order(
    restate_environment: EnvironmentFactory,
) -> None:
    async def scenario() -> None:
        async with open_shop(restate_environment) as (world, client):
            carts = [await fill(client, *seats(3)) for _ in range(2)]
            orders = [
                await cart.send().checkout(CheckoutRequest(card=card, email=EMAIL))
                for card, cart in zip("12", carts, strict=True)
            ]
            accepted, refused = [await world.next_mail(BOX_OFFICE) for _ in orders]
            await client.resolve_awakeable(accepted, Approval(clerk="Bea"))
            await client.reject_awakeable(refused, "sold out")

            outcomes = await asyncio.gather(
                *(order.attach() for order in orders), return_exceptions=True
            )

            (error,) = (each for each in outcomes if isinstance(each, TerminalError))
            assert error.message == "sold out"
            assert len(world.payments) == 1
            assert world.charges == {"1": 1, "2": 1}

    asyncio.run(scenario())


def test_a_wrong_code_confirms_nothing(restate_environment: EnvironmentFactory) -> None:
    async def scenario() -> None:
        async with open_shop(restate_environment) as (world, client):
            signup = SignupClient.from_client(client, uuid4().hex)
            handle = await signup.submit(SignupRequest(email=EMAIL))
            await world.next_mail(EMAIL)
            await signup.confirm(Confirmation(code="a guess"))
            assert not (await handle.attach()).confirmed

    asyncio.run(scenario())


def run_demo(directory: Path, server: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "examples" / "shop" / "demo.py")],
        cwd=directory,
        env={**os.environ, "RESTATE_SERVER": server},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_the_demo_runs_to_its_end_and_leaves_no_process(tmp_path: Path) -> None:
    done = run_demo(tmp_path, str(find_restate_server(directory=ROOT)))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the card was charged once" in done.stdout
    assert done.stderr == ""
    shops = set(re.findall(r"process (\d+)", done.stdout))
    assert len(shops) == 2
    for pid in shops:
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)


def test_the_demo_fails_where_it_cannot_show_what_it_claims(tmp_path: Path) -> None:
    done = run_demo(tmp_path, "/bin/false")
    assert done.returncode == 1
    assert "The demo failed: RestateServerError" in done.stderr
