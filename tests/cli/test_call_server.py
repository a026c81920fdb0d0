"""`restate-proto call` on a real server, and what a shell completes of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.cli.stuck_shop import PROTO, Shop, asynchronous

if TYPE_CHECKING:
    from restate_proto.testing import RestateServer

PROGRAM = Path(sys.executable).parent / "restate-proto"
CONTRACT = ("--proto", str(PROTO))
ENDPOINT = "tests.cli.stuck_shop:endpoint"


@pytest.fixture(scope="module")
def server(restate_server: RestateServer) -> RestateServer:
    return restate_server


def said(text: str) -> str:
    """Return the text inside a frame, on one line."""
    return " ".join(text.replace("│", " ").split())


@pytest.mark.server
@asynchronous
async def test_a_handler_is_called_and_its_answer_printed(shop: Shop) -> None:
    key = uuid4().hex
    add = ("call", "shop.v1.Cart/AddTicket", key)
    answer = await shop.succeed(*add, "--ticket-id", "at once", "--hold", "15m", *CONTRACT)
    assert json.loads(answer) == {"expiryInvocationId": "none"}
    shown = await shop.succeed("call", *CONTRACT, "shop.v1.Cart/Show", key)
    assert json.loads(shown) == {"ticketIds": ["at once"]}
    answer = await shop.succeed(*add, "--json", '{"ticketId": "at once"}', *CONTRACT)
    assert json.loads(answer) == {"expiryInvocationId": "none"}
    answer = await shop.succeed(
        *add, "--json", '{"ticket_id": "B2"}', "--ticket-id=at once", "--endpoint", ENDPOINT
    )
    assert json.loads(answer) == {"expiryInvocationId": "none"}


@pytest.mark.server
@asynchronous
async def test_a_message_is_sent(shop: Shop) -> None:
    key = uuid4().hex
    send = ("call", "shop.v1.Cart/AddTicket", key, "--ticket-id", "at once", "--send")
    found = (await shop.succeed(*send, "--idempotency-key", key, *CONTRACT)).strip()
    await shop.row(found, "completed")
    again = await shop.run(*send, "--idempotency-key", key, *CONTRACT)
    assert again.stdout.strip() == found
    assert "an earlier call had the same key" in again.stderr

    later = await shop.run(*send, "--delay", "2d", *CONTRACT)
    assert later.exit_code == 0
    assert later.stderr.startswith("it runs at 2")
    await shop.row(later.stdout.strip(), "scheduled")


@pytest.mark.server
@asynchronous
async def test_what_a_handler_fails_with_is_one_line(shop: Shop) -> None:
    key = uuid4().hex
    add = ("call", "shop.v1.Cart/AddTicket", key, "--ticket-id", "taken", *CONTRACT)
    failed = await shop.run(*add)
    assert (failed.exit_code, failed.stdout) == (1, "")
    assert failed.stderr == (
        'error: [409] it is taken (shop.v1.TicketTaken {"sold":true,"ticketId":"taken"})\n'
    )
    nobody = await shop.run(*add, "--ingress-url", "http://127.0.0.1:1")
    assert nobody.exit_code == 1
    assert "is Restate running there?" in nobody.stderr
    assert nobody.stderr.count("\n") == 1


@pytest.mark.server
@asynchronous
async def test_what_is_wrong_is_said_with_what_was_meant(shop: Shop) -> None:
    add = "shop.v1.Cart/AddTicket"
    for arguments, expected in (
        ([add, "k", "--ticket-ide", "A1"], "No such option: --ticket-ide"),
        ([add, "k", "--ticket-ide", "A1"], "--ticket-id"),
        (["shop.v1.Cart/AdTicket", "k"], "has no handler AdTicket; did you mean AddTicket"),
        (["Cart/AddTicket", "k"], "has no service Cart; did you mean shop.v1.Cart?"),
        (["shop.v1.Cart", "k"], "is not a handler; write one of shop.v1.Cart/AddTicket"),
        ([add], "needs a key; write it: `restate-proto call shop.v1.Cart/AddTicket KEY`"),
        (["shop.v1.Checkout/Pay", "k"], "is a plain service without keys"),
        ([add, "k", "--hold", "5"], "Invalid value for --hold: '5' is not a duration"),
        ([add, "k", "--delay", "5m"], "--delay only works with --send"),
        ([add, "k", "--json", '{"ticketIt": "x"}'], "no field ticketIt; did you mean ticketId?"),
        (["shop.v1.Cart/Show", "k", "--json", "{}"], "takes no request"),
        ([add, "k", "--header", "x"], "'x' is not NAME:VALUE"),
    ):
        result = await shop.run("call", *arguments, *CONTRACT)
        assert result.exit_code == 2, result.output
        assert expected in said(result.stderr)


def test_the_help_lists_the_fields_of_the_request() -> None:
    command = [PROGRAM, "call", "shop.v1.Checkout/Pay", "-h", *CONTRACT]
    env = {**os.environ, "COLUMNS": "200"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
    assert "Call shop.v1.Checkout/Pay" in done.stdout
    for option in ("--customer", "--ticket-ids", "--card", "--email", "--json"):
        assert option in done.stdout


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        (
            ["call", *CONTRACT, "shop.v1.Cart/"],
            ["AddTicket", "ExpireTicket", "Checkout", "Show"],
        ),
        (["call", "shop.v1.Checkout/Pay", *CONTRACT, "--ti"], ["--ticket-ids"]),
        (["call", "shop.v1.Nothing/Pay", *CONTRACT, "--ti"], []),
        (["call", "shop.v1.Checkout/Pay", "--proto", "/nowhere", "--sen"], ["--send"]),
        (["inv"], ["invocations"]),
    ],
)
def test_a_shell_completes_handlers_and_fields(line: list[str], completed: list[str]) -> None:
    """bash asks with the words, and the number of the word to complete."""
    env = {
        **os.environ,
        "_RESTATE_PROTO_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(["restate-proto", *line]),
        "COMP_CWORD": str(len(line)),
    }
    done = subprocess.run([PROGRAM], capture_output=True, text=True, check=False, env=env)
    assert done.stderr == ""
    words = [word.rpartition("/")[2] for word in done.stdout.split()]
    assert words == completed
