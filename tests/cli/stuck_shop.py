"""A shop in which invocations get stuck, for the commands that inspect and repair them."""

from __future__ import annotations

import asyncio
import functools
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from typer.testing import CliRunner

from restate_proto import Endpoint, IngressClient
from restate_proto.cli.main import app
from shop.v1.cart_pb2 import AddTicketRequest, AddTicketResponse, CheckoutRequest, TicketList
from shop.v1.cart_restate import CartBase, CartClient, TicketTakenError
from shop.v1.checkout_pb2 import PayRequest, Receipt
from shop.v1.checkout_restate import CheckoutBase, CheckoutClient
from shop.v1.signup_pb2 import SignupRequest, SignupResponse
from shop.v1.signup_restate import SignupBase
from shop.v1.ticket_pb2 import TicketTaken

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine

    from typer.testing import Result

    from restate_proto import ObjectContext, ObjectSharedContext, PayloadCodec
    from restate_proto.testing import RestateServer

__all__ = [
    "PROTO",
    "Backwards",
    "Sent",
    "Shop",
    "asynchronous",
    "encoding_endpoint",
    "endpoint",
    "sent",
    "stuck_shop",
]

PROTO = Path(__file__).parents[2] / "proto"
"""The folder of the contract."""


_PACE = 0.05  # between two questions, for the sake of a busy machine


class Cart(CartBase):
    async def add_ticket(self, ctx: ObjectContext, request: AddTicketRequest) -> AddTicketResponse:
        if request.ticket_id == "taken":
            raise TicketTakenError(TicketTaken(ticket_id="taken", sold=True), "it is taken")
        ctx.set(self.TICKETS, TicketList(ticket_ids=[request.ticket_id]))
        if request.ticket_id == "at once":
            return AddTicketResponse(expiry_invocation_id="none")
        await ctx.run("note", lambda: "noted")
        return AddTicketResponse(expiry_invocation_id=await ctx.awakeable(str))

    async def expire_ticket(self, ctx: ObjectContext, request: object) -> None: ...

    async def checkout(self, ctx: ObjectContext, request: CheckoutRequest) -> Receipt:
        payment = PayRequest(customer=ctx.key, card=request.card)
        return await CheckoutClient.from_context(ctx).pay(payment)

    async def show(self, ctx: ObjectSharedContext) -> TicketList:
        return await ctx.get(self.TICKETS) or TicketList()


class Checkout(CheckoutBase):
    def __init__(self) -> None:
        self.is_mended = False

    async def pay(self, ctx: Any, request: PayRequest) -> Receipt:
        await ctx.run("quote", lambda: 7)
        if not self.is_mended:
            raise ValueError("no rate for EUR")
        return Receipt(payment_id="p1", cents=700)


class Signup(SignupBase):
    async def run(self, ctx: Any, request: SignupRequest) -> SignupResponse:
        await ctx.promise(self.EMAIL_CONFIRMED)
        return SignupResponse(confirmed=True)

    async def confirm(self, ctx: Any, request: Any) -> None:
        await ctx.promise(self.EMAIL_CONFIRMED).resolve(request)


class Backwards:
    """A payload codec."""

    def encode(self, data: bytes, /) -> bytes:
        return data[::-1]

    def decode(self, data: bytes, /) -> bytes:
        return data[::-1]


endpoint = Endpoint(Cart(), Checkout(), Signup())
encoding_endpoint = Endpoint(Cart(), Checkout(), Signup(), payload_codec=Backwards())


class Sent(NamedTuple):
    """An invocation: its id, and what gives its result."""

    id: str
    handle: Any


async def sent(handle: Any) -> Sent:
    """The invocation of a handle."""
    return Sent(await handle.invocation_id(), handle)


class Shop:
    """The shop on a server, and the commands of restate-proto on that server."""

    def __init__(self, server: RestateServer, client: IngressClient, checkout: Checkout) -> None:
        self.server = server
        self.client = client
        self.checkout = checkout

    def cart(self, key: str) -> Any:
        return CartClient.from_client(self.client, key)

    async def send(self, key: str, ticket_id: str, **options: Any) -> Sent:
        """Send an order of a ticket to a cart."""
        request = AddTicketRequest(ticket_id=ticket_id)
        return await sent(await self.cart(key).send().add_ticket(request, **options))

    async def run(self, *arguments: str, **environ: str) -> Result:
        """Run a command and return its result."""
        env = {
            "COLUMNS": "400",
            "RESTATE_ADMIN_URL": self.server.admin_url,
            "RESTATE_INGRESS_URL": self.server.ingress_url,
            **environ,
        }
        return await asyncio.to_thread(CliRunner(env=env).invoke, app, list(arguments))

    async def succeed(self, *arguments: str) -> str:
        """Run a command that has to succeed, and return its output."""
        result = await self.run(*arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    async def row(self, invocation_id: str, *statuses: str) -> dict[str, Any]:
        """Return Restate's row of an invocation once it has one of these statuses."""
        while True:
            sql = f"SELECT * FROM sys_invocation WHERE id = '{invocation_id}'"
            rows = await asyncio.to_thread(self.server.admin.query, sql)
            if rows and (not statuses or rows[0]["status"] in statuses):
                return rows[0]
            await asyncio.sleep(_PACE)

    async def failure(self, invocation_id: str) -> None:
        """Return once an attempt has failed."""
        sql = f"SELECT event_json FROM sys_journal_events WHERE id = '{invocation_id}'"
        while True:
            if await asyncio.to_thread(self.server.admin.query, sql):
                break
            await asyncio.sleep(_PACE)
        await self.row(invocation_id, "backing-off", "ready")  # the latter with vqueues

    async def callee(self, invocation_id: str) -> str:
        """Return the id of the invocation that another one has called."""
        while True:
            sql = f"SELECT id FROM sys_invocation WHERE invoked_by_id = '{invocation_id}'"
            rows = await asyncio.to_thread(self.server.admin.query, sql)
            if rows:
                return rows[0]["id"]
            await asyncio.sleep(_PACE)


@asynccontextmanager
async def stuck_shop(
    server: RestateServer, codec: PayloadCodec | None = None
) -> AsyncGenerator[Shop]:
    """Serve the shop, and kill the invocations that remain afterwards."""
    checkout = Checkout()
    url, admin_url = server.ingress_url, server.admin_url
    async with (
        Endpoint(Cart(), checkout, Signup(), payload_codec=codec).run() as running,
        IngressClient(url, admin_url=admin_url, payload_codec=codec) as client,
    ):
        await server.register(running.address)
        shop = Shop(server, client, checkout)
        try:
            yield shop
        finally:
            # Queues first, so that nothing begins that is then left.
            await shop.run("invocations", "kill", "--status", "pending", "--yes")
            await shop.run("invocations", "kill", "--older-than", "0s", "--yes")


def asynchronous(
    test: Callable[..., Coroutine[Any, Any, None]],
) -> Callable[..., None]:
    """Turn a coroutine function that takes the shop into a test."""

    @functools.wraps(test)
    def run(server: RestateServer) -> None:
        async def scenario() -> None:
            async with stuck_shop(server) as shop:
                await test(shop)

        asyncio.run(scenario())

    del run.__wrapped__  # type: ignore[attr-defined] # pytest would ask for its arguments
    return run
