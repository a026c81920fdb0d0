"""`restate-proto state` on a real server."""

from __future__ import annotations

import asyncio
import json
from contextlib import chdir
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from shop.v1.cart_pb2 import TicketList
from tests.cli.stuck_shop import PROTO, Backwards, Shop, asynchronous, stuck_shop

if TYPE_CHECKING:
    from restate_proto.testing import RestateServer

pytestmark = pytest.mark.server

CART = "shop.v1.Cart"
CONTRACT = ("--proto", str(PROTO))


@pytest.fixture(scope="module")
def server(restate_server: RestateServer) -> RestateServer:
    return restate_server


@asynchronous
async def test_what_is_kept_is_read_and_written_by_the_contract(shop: Shop) -> None:
    key = uuid4().hex
    nothing = await shop.run("state", "get", CART, key)
    assert (nothing.exit_code, nothing.stdout) == (1, "")
    assert nothing.stderr == f"error: {CART} keeps nothing for the key {key}\n"

    said = await shop.succeed(
        "state", "set", CART, key, "tickets", '{"ticketIds": ["A1"]}', *CONTRACT
    )
    assert said == "tickets is written\n"
    assert await shop.cart(key).show() == TicketList(ticket_ids=["A1"])
    sql = f"SELECT value FROM state WHERE service_key = '{key}'"
    (row,) = shop.server.admin.query(sql)
    assert bytes.fromhex(row["value"]) == TicketList(ticket_ids=["A1"]).SerializeToString()

    assert json.loads(await shop.succeed("state", "get", CART, key, *CONTRACT)) == {
        "tickets": {"ticketIds": ["A1"]}
    }
    tickets = await shop.succeed("state", "get", CART, key, "tickets", *CONTRACT)
    assert json.loads(tickets) == {"ticketIds": ["A1"]}
    with TemporaryDirectory() as empty, chdir(empty):  # where there is no contract
        assert json.loads(await shop.succeed("state", "get", CART, key)) == {"tickets": '{1: "A1"}'}

    same = await shop.succeed(
        "state", "set", CART, key, "tickets", '{"ticketIds":["A1"]}', *CONTRACT
    )
    assert same == "nothing to change: the state is like that already\n"

    asked = await shop.run("state", "clear", CART, key, "tickets")
    assert asked.exit_code == 2
    assert f"Clear tickets of {CART}/{key}? There is no terminal to ask on" in asked.stderr
    said = await shop.succeed("state", "clear", CART, key, "tickets", "--yes")
    assert said == "tickets is cleared\n"
    assert await shop.cart(key).show() == TicketList()
    again = await shop.run("state", "clear", CART, key, "tickets", "--yes")
    assert (again.exit_code, again.stderr) == (
        1,
        f"error: {CART} keeps no tickets for the key {key}\n",
    )


@asynchronous
async def test_other_values_stay_and_all_are_cleared(shop: Shop) -> None:
    key = uuid4().hex
    await shop.succeed("state", "set", CART, key, "count", "7", "--plain")
    await shop.succeed("state", "set", CART, key, "tickets", "{}", *CONTRACT)
    found = json.loads(await shop.succeed("state", "get", CART, key, *CONTRACT))
    assert found == {"count": 7, "tickets": {}}
    missing = await shop.run("state", "get", CART, key, "cuont")
    assert missing.stderr.endswith(f"keeps no cuont for the key {key}; it keeps count, tickets\n")
    said = await shop.succeed("state", "clear", CART, key, "--yes")
    assert said == "count, tickets are cleared\n"


@asynchronous
async def test_a_version_that_is_not_that_of_now(shop: Shop) -> None:
    key = uuid4().hex
    version = (await shop.succeed("state", "get", CART, key, "--version")).strip()
    first = ("state", "set", CART, key, "tickets", '{"ticketIds":["A1"]}', *CONTRACT)
    assert await shop.succeed(*first, "--version", version) == "tickets is written\n"
    second = ("state", "set", CART, key, "tickets", '{"ticketIds":["A2"]}', *CONTRACT)
    refused = await shop.run(*second, "--version", version)
    assert refused.exit_code == 1
    assert f"the state of {CART}/{key} has changed: its version is " in refused.stderr
    assert await shop.cart(key).show() == TicketList(ticket_ids=["A1"])


@asynchronous
async def test_a_change_waits_for_its_turn(shop: Shop) -> None:
    """The change is then dropped, since the handler that held the key has changed the state."""
    key = uuid4().hex
    await shop.succeed("state", "set", CART, key, "count", "1", "--plain")
    holder = await shop.send(key, "B2")
    await shop.row(holder.id, "running", "suspended")
    said = await shop.succeed("state", "set", CART, key, "count", "2", "--plain")
    assert said.startswith(f"{holder.id} has the key: Restate makes the change when its turn comes")
    await shop.succeed("invocations", "kill", holder.id, "--yes")
    assert await shop.cart(key).show()  # which comes after the change
    while "2" not in await shop.succeed("state", "get", CART, key, "count"):
        pass


def test_payloads_pass_through_the_codec_of_the_endpoint(server: RestateServer) -> None:
    key = uuid4().hex
    endpoint = ("--endpoint", "tests.cli.stuck_shop:encoding_endpoint")
    state = '{"ticketIds": ["A1"]}'

    async def scenario() -> None:
        async with stuck_shop(server, Backwards()) as shop:
            await shop.succeed("state", "set", CART, key, "tickets", state, *endpoint)
            shown = await shop.succeed("call", f"{CART}/Show", key, *endpoint)
            assert json.loads(shown) == {"ticketIds": ["A1"]}
            found = await shop.succeed("state", "get", CART, key, "tickets", *endpoint)
            assert json.loads(found) == {"ticketIds": ["A1"]}
            encoded = await shop.succeed("state", "get", CART, key, "tickets", *CONTRACT)
            assert "encoded by a payload codec" in encoded

            done = await shop.send(key, "at once")
            await shop.row(done.id, "completed")
            described = await shop.succeed("invocations", "describe", done.id, *endpoint)
            assert '{"ticketId":"at once"}' in described
            assert '{"expiryInvocationId":"none"}' in described
            failed = await shop.send(key, "taken")
            await shop.row(failed.id, "completed")
            described = await shop.succeed("invocations", "describe", failed.id, *endpoint)
            assert 'shop.v1.TicketTaken {"sold":true,"ticketId":"taken"}' in described

    asyncio.run(scenario())


@asynchronous
async def test_what_is_wrong_is_said_with_what_to_write(shop: Shop) -> None:
    for arguments, said in (
        ([CART, "k", "tikets", "{}"], "declares no state tikets; did you mean tickets?"),
        (["Cart", "k", "tickets", "{}"], "has no service Cart; did you mean shop.v1.Cart?"),
        ([CART, "k", "tickets", "{"], "not JSON: "),
        (
            [CART, "k", "tickets", '{"tiketIds": []}'],
            "has no field tiketIds; did you mean ticketIds?",
        ),
        ([CART, "k", "tickets", '{"ticketIds": 7}'], "ticketIds"),
        ([CART, "k", "tickets", "@nowhere.json"], "cannot read nowhere.json"),
    ):
        result = await shop.run("state", "set", *arguments, *CONTRACT)
        assert result.exit_code == 2, result.output
        assert said in " ".join(result.stderr.replace("│", " ").split())
