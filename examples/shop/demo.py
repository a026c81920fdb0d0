"""Show the shop on a real Restate server: `make demo`.

The shop runs as a separate process, so that it can be killed. This program plays the world around
it, a card company and a mail server, and so it knows what the shop has done, and when.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from uuid import uuid4

from google.protobuf.duration_pb2 import Duration
from google.protobuf.empty_pb2 import Empty
from rich.console import Console

from examples.shop.main import BOX_OFFICE, PRICE_CENTS
from examples.shop.process import ShopProcess
from examples.shop.world import World
from restate_proto import IngressClient, RestateError, TerminalError
from restate_proto.testing import RestateServer, find_restate_server
from shop.v1.cart_pb2 import AddTicketRequest, CheckoutRequest
from shop.v1.cart_restate import CartClient
from shop.v1.signup_pb2 import Confirmation, SignupRequest
from shop.v1.signup_restate import SignupClient
from shop.v1.ticket_restate import TicketClient, TicketTakenError

MOST_SECONDS = 600


class ClaimError(Exception):
    """Something that the demo claims does not hold."""


class Story:
    """Prints what happens, and checks what it claims."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, markup=False, soft_wrap=True)
        self._steps = 0

    def step(self, title: str) -> None:
        """Begin a step."""
        self._steps += 1
        self._console.print(f"\n{self._steps}. {title}", style="bold")

    def tell(self, text: str) -> None:
        """Say what happens."""
        self._console.print(f"   {text}")

    def check(self, text: str, *, holds: bool) -> None:
        """Claim something.

        Raises:
            ClaimError: it does not hold.
        """
        if not holds:
            raise ClaimError(f"this does not hold: {text}")
        self._console.print(" ✓ ", style="green", end="")
        self._console.print(text)


@dataclass(frozen=True)
class Stage:
    """What the steps of the demo play on."""

    story: Story
    world: World
    shop: ShopProcess
    client: IngressClient


async def alice_signs_up(stage: Stage) -> None:
    story, world = stage.story, stage.world
    story.step("Alice signs up: a workflow that waits for her")
    signup = SignupClient.from_client(stage.client, "alice")
    request = SignupRequest(email="alice@home.example")
    handle = await signup.submit(request)
    code = await world.next_mail("alice@home.example")
    story.tell("Its run handler has mailed a code, and waits for a durable promise. It could wait")
    story.tell("for days: what it has done is in Restate's journal, not in a process.")

    again = await signup.submit(request)
    story.check("submitted again, the workflow does not run twice", holds=again.accepted is False)

    await signup.confirm(Confirmation(code=code))
    response = await handle.attach()
    story.check("another handler resolved the promise: she is in", holds=response.confirmed)


async def alice_takes_a_ticket(stage: Stage) -> None:
    story, client = stage.story, stage.client
    story.step("Alice takes the ticket A1: one virtual object calls another")
    request = AddTicketRequest(ticket_id="A1")
    await CartClient.from_client(client, "alice").add_ticket(request)
    ticket = await TicketClient.from_client(client, "A1").show()
    reserved = ticket.reserved_by == "alice"
    story.check("her cart called the ticket, which is hers for 15 minutes", holds=reserved)

    try:
        await CartClient.from_client(client, "bob").add_ticket(request)
        answer, ticket_id = "nothing", ""
    except TicketTakenError as error:
        answer, ticket_id = error.message, error.detail.ticket_id
    told = ticket_id == request.ticket_id
    story.check(f'Bob wants it too; through two services he hears "{answer}"', holds=told)
    story.tell("A key has one writer at a time: no lock and no transaction was written for this.")


async def the_shop_dies(stage: Stage) -> None:
    story, world, shop = stage.story, stage.world, stage.shop
    story.step("Alice pays, and the shop is killed halfway")
    story.tell("Her cart calls Checkout, which charges her card, then mails the receipt.")
    cart = CartClient.from_client(stage.client, "alice")
    order = CheckoutRequest(card="1111", email="alice@home.example")
    key = uuid4().hex
    world.mail_answers.clear()
    handle = await cart.send().checkout(order, idempotency_key=key)
    await world.next_mail("alice@home.example")
    charged = world.charges["1111"] == 1
    story.check("her card is charged, and the receipt is on its way ...", holds=charged)

    victim = shop.pid
    await shop.kill()
    world.mail_answers.set()
    story.tell(f"... kill -9 {victim}: the process is gone, and all that it knew. Start it again.")
    await shop.start()
    receipt = await handle.attach()
    story.tell(f"Restate called process {shop.pid}, with the journal of what {victim} had done.")
    story.check(f"the order is complete: {receipt.cents} cents", holds=receipt.cents == PRICE_CENTS)
    once = world.charges["1111"] == 1
    story.check("the card was charged once: that step was in the journal", holds=once)
    await world.next_mail("alice@home.example")
    story.tell("The receipt went out twice: it was on its way, so nobody could know that it had")
    story.tell("left. A step runs at least once; once it is recorded, never again.")
    ticket = await TicketClient.from_client(stage.client, "A1").show()
    story.check("the ticket is sold to her", holds=ticket.sold_to == "alice")

    again = await cart.send().checkout(order, idempotency_key=key)
    same = again.accepted is False and await again.attach() == receipt
    story.check("sent again with its idempotency key, the order gives that receipt", holds=same)


async def a_reservation_expires(stage: Stage) -> None:
    story, client = stage.story, stage.client
    story.step("Carol reserves B1 and forgets it: a delayed message")
    began = monotonic()
    cart = CartClient.from_client(client, "carol")
    request = AddTicketRequest(ticket_id="B1", hold=Duration(seconds=1))
    response = await cart.add_ticket(request)
    story.tell("Her cart has sent itself a message, to be delivered in a second. Attach to it:")
    await client.invocation(response.expiry_invocation_id, Empty).attach()
    story.tell(
        f"{monotonic() - began:.1f} seconds after she took the ticket, the message has come."
    )
    ticket = await TicketClient.from_client(client, "B1").show()
    story.check("B1 is free again", holds=ticket.WhichOneof("owner") is None)
    story.tell("The timer is Restate's: the shop could have been stopped meanwhile.")


async def bob_cancels(stage: Stage) -> None:
    story, world = stage.story, stage.world
    story.step("Bob cancels his order: compensation")
    cart = CartClient.from_client(stage.client, "bob")
    seats = ["C1", "C2", "C3"]
    await asyncio.gather(*(cart.add_ticket(AddTicketRequest(ticket_id=seat)) for seat in seats))
    handle = await cart.send().checkout(CheckoutRequest(card="2222", email="bob@home.example"))
    await world.next_mail(BOX_OFFICE)
    charged = "2222" in world.payments.values()
    story.check("his card is charged; three tickets need the box office's word", holds=charged)

    await handle.cancel()
    try:
        await handle.attach()
        code = 200
    except TerminalError as error:
        code = error.code
    story.check(f"cancelled, his order ends with code {code}", holds=code == 409)
    await world.next_refund()
    refunded = "2222" not in world.payments.values()
    story.check("it had called Checkout, which was cancelled too: he is refunded", holds=refunded)
    tickets = await cart.show()
    kept = sorted(tickets.ticket_ids) == seats
    story.check("the tickets are in his cart as before", holds=kept)


async def play(story: Story) -> None:
    """The whole demo, from starting the processes to ending them."""
    story.step("A Restate server, and the shop as an endpoint of it")
    async with AsyncExitStack() as stack:
        binary = find_restate_server(directory=Path(__file__).parent)
        server = await stack.enter_async_context(RestateServer(binary=binary))
        world = await stack.enter_async_context(World())
        shop = await stack.enter_async_context(ShopProcess(world.address))
        client = IngressClient(server.ingress_url, admin_url=server.admin_url)
        await stack.enter_async_context(client)
        deployment = await server.register(shop.address)
        story.tell(f"The server's ingress is {server.ingress_url}; the shop is process {shop.pid}")
        story.tell(f"at {shop.address}, with {', '.join(sorted(deployment.services))}.")
        stage = Stage(story, world, shop, client)
        await alice_signs_up(stage)
        await alice_takes_a_ticket(stage)
        await the_shop_dies(stage)
        await a_reservation_expires(stage)
        await bob_cancels(stage)


async def main() -> int:
    """Play the demo.

    Returns:
        The exit code: 0, or 1 where a claim did not hold.
    """
    task = asyncio.current_task()
    assert task
    # By default SIGTERM would end this process alone.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    story = Story()
    began = monotonic()
    try:
        async with asyncio.timeout(MOST_SECONDS):
            await play(story)
    except (ClaimError, OSError, RestateError, asyncio.CancelledError) as error:
        reason = str(error) or "it was stopped, or took too long"
        print(f"\nThe demo failed: {type(error).__name__}: {reason}", file=sys.stderr)
        return 1
    print(f"\nAll of this held, in {monotonic() - began:.0f} seconds. The code: examples/shop/.")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
