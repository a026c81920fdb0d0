"""`restate-proto invocations` on a real server, with and without its vqueues."""

from __future__ import annotations

import json
import re
from contextlib import chdir
from datetime import timedelta
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from restate_proto.testing import RestateServer
from shop.v1.cart_pb2 import CheckoutRequest
from shop.v1.signup_pb2 import Confirmation, SignupRequest
from shop.v1.signup_restate import SignupClient
from tests.cli.stuck_shop import PROTO, Shop, asynchronous, sent

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.server

VQUEUES = {"RESTATE_EXPERIMENTAL_ENABLE_VQUEUES": "true"}


@pytest.fixture(scope="module", params=["plain", "vqueues"])
def server(request: pytest.FixtureRequest) -> Iterator[RestateServer]:
    has_vqueues = request.param == "vqueues"
    with RestateServer(
        protocol_v7=has_vqueues,
        env=VQUEUES if has_vqueues else {},
        inactivity_timeout=timedelta(0),
        retry_interval=timedelta(hours=1),  # what fails is not at work again when it is looked at
    ) as server:
        yield server


def lines(text: str, *parts: str) -> list[str]:
    """Return the lines of a text that contain all these parts."""
    return [line for line in text.splitlines() if all(part in line for part in parts)]


@asynchronous
async def test_what_fails_is_found_by_who_waits_for_it(shop: Shop) -> None:
    bob = await sent(await shop.cart("bob").send().checkout(CheckoutRequest(card="1111")))
    caller = bob.id
    callee = await shop.callee(caller)
    await shop.row(caller, "suspended")
    await shop.failure(callee)

    listed = await shop.succeed("invocations", "list")
    assert lines(listed, caller, "suspended", f"waits for call of shop.v1.Checkout/Pay ({callee})")
    assert lines(listed, callee, "ValueError: no rate for EUR; the next one in ")
    assert "2 invocations: 1 backing-off, 1 suspended" in listed

    described = await shop.succeed("invocations", "describe", caller, "--proto", str(PROTO))
    assert lines(described, "created", "through the ingress")
    assert lines(described, "waits for", callee)
    (because,) = lines(described, callee, "shop.v1.Checkout/Pay backing-off: ", "no rate for EUR")
    assert because.startswith("│   └── ")
    assert lines(described, '{"card":"1111"}')
    assert lines(described, '{"card":"1111","customer":"bob"}')
    assert lines(described, "no result yet")

    described = await shop.succeed("invocations", "describe", callee)
    assert lines(described, "created", f"by shop.v1.Cart/bob/Checkout ({caller})")
    assert lines(described, "last failure", "no rate for EUR", 'after command 1, Run "quote"')
    assert lines(described, '1 run "quote"')
    assert lines(described, "-> 7")
    assert lines(described, "failed here", "no rate for EUR")

    shop.checkout.is_mended = True
    resumed = await shop.succeed("invocations", "resume", callee, "--yes")
    assert resumed.endswith(": goes on\n")
    assert (await bob.handle.attach()).cents == 700
    assert "no invocations" in await shop.succeed("invocations", "list")
    listed = await shop.succeed("invocations", "list", "--all", "--service", "shop.v1.Checkout")
    assert lines(listed, callee, "completed", "succeeded")


@asynchronous
async def test_an_awakeable_and_who_waits_behind_it(shop: Shop) -> None:
    key = uuid4().hex
    holder = await shop.send(key, "A1")
    await shop.row(holder.id, "suspended")
    behind = [await shop.send(key, "at once") for _ in range(3)]
    for each in behind:
        await shop.row(each.id, "pending")

    listed = await shop.succeed("invocations", "list", "--key", key)
    for number, each in enumerate(behind, 1):
        place = f"turn {number} of 3 on key {key}, behind {holder.id}"
        assert lines(listed, each.id, place)
    listed = await shop.succeed(
        "invocations", "list", "--key", key, "--status", "suspended", "--json"
    )
    (waiting,) = json.loads(listed)["invocations"]
    (wait,) = waiting["waits_for"]
    assert wait["kind"] == "awakeable"

    described = await shop.succeed("invocations", "describe", behind[1].id)
    assert lines(described, "waits for", "turn 2 of 3", holder.id)
    assert lines(described, "waits for", f"awakeable {wait['awakeable_id']}")
    described = await shop.succeed("invocations", "describe", holder.id)
    assert lines(described, "behind it", f"3 for key {key}")
    assert [line.split()[-1] for line in lines(described, "inv_")[1:4]] == [
        each.id for each in behind
    ]
    assert lines(described, "set state tickets")

    last = behind[2].id
    cancelled = await shop.succeed("invocations", "cancel", last, "--yes")
    assert lines(cancelled, last, "shop.v1.Cart", ": cancelled")
    await shop.client.resolve_awakeable(wait["awakeable_id"], "taken by Eve")
    assert (await holder.handle.attach()).expiry_invocation_id == "taken by Eve"
    assert (await behind[1].handle.attach()).expiry_invocation_id == "none"


@asynchronous
async def test_a_queue_that_is_given_up(shop: Shop) -> None:
    key = uuid4().hex
    holder = await shop.send(key, "A1")
    await shop.row(holder.id, "suspended")
    behind = [await shop.send(key, "B") for _ in range(4)]
    for each in behind:
        await shop.row(each.id, "pending")
    which = ("--service", "shop.v1.Cart", "--key", key, "--status", "pending")

    listed = await shop.succeed("invocations", "list", "--limit", "2", *which)
    assert "4 invocations: 4 pending; these are the 2 oldest" in listed

    asked = await shop.run("invocations", "cancel", *which)
    assert asked.exit_code == 2
    assert "4 of shop.v1.Cart/AddTicket" in asked.stderr
    assert "Cancel 4 invocations: 4 pending? There is no terminal to ask on" in asked.stderr

    cancelled = await shop.succeed("invocations", "cancel", *which, "--yes")
    assert len(lines(cancelled, ": cancelled")) == 4
    assert "no invocations" in await shop.succeed("invocations", "list", *which)
    assert "no invocations" in await shop.succeed("invocations", "cancel", *which, "--yes")

    told = await shop.succeed("invocations", "cancel", holder.id, "-y")
    assert lines(told, holder.id, "is being cancelled")
    row = await shop.row(holder.id, "completed")
    assert row["completion_failure"].startswith("[409]")
    again = await shop.succeed("invocations", "cancel", holder.id, "-y")
    assert lines(again, holder.id, "has ended already")


@asynchronous
async def test_pause_resume_restart_and_purge(shop: Shop) -> None:
    shop.checkout.is_mended = False
    order = CheckoutRequest(card="2222")
    bob = await sent(await shop.cart(uuid4().hex).send().checkout(order))
    callee = await shop.callee(bob.id)
    await shop.failure(callee)
    if (await shop.row(callee)).get("vqueue_id"):
        pytest.skip("with vqueues, Restate 1.7.12 does not pause what is backing off")
    paused = await shop.succeed("invocations", "pause", callee, "--yes")
    assert lines(paused, callee, ": pauses") or lines(paused, callee, ": is paused")
    await shop.row(callee, "paused")

    listed = await shop.succeed("invocations", "list", "--status", "paused")
    assert lines(listed, callee, "no rate for EUR")
    twice = await shop.run("invocations", "restart-as-new", callee, "--yes")
    assert twice.exit_code == 1
    assert f"{callee} shop.v1.Checkout/Pay: not done: it is still running" in twice.stderr
    early = await shop.run("invocations", "purge", callee, "--yes")
    assert early.exit_code == 1

    shop.checkout.is_mended = True
    resumed = await shop.succeed(
        "invocations", "resume", "--service", "shop.v1.Checkout", "--yes", "--deployment", "latest"
    )
    assert lines(resumed, callee, ": goes on")
    assert (await bob.handle.attach()).cents == 700

    again = await shop.succeed("invocations", "restart-as-new", callee, "--yes", "--from", "1")
    found = re.search(rf"{callee} shop.v1.Checkout/Pay: restarted as (inv_\w+)", again)
    assert found
    await shop.row(found[1], "completed")
    described = await shop.succeed("invocations", "describe", found[1])
    assert lines(described, "restarted from", callee)

    purged = await shop.succeed("invocations", "purge", callee, found[1], "--yes")
    assert len(lines(purged, ": purged")) == 2
    gone = await shop.run("invocations", "describe", callee)
    assert gone.exit_code == 1
    assert gone.stderr == (f"error: there is no invocation {callee}, or Restate has forgotten it\n")
    nothing = await shop.run("invocations", "purge", callee, "--yes")
    assert (nothing.exit_code, nothing.stdout) == (1, "")
    assert nothing.stderr == f"{callee}: there is no such invocation\n"


@asynchronous
async def test_a_workflow_that_waits_for_a_promise(shop: Shop) -> None:
    id_ = uuid4().hex
    signup = SignupClient.from_client(shop.client, id_)
    run = await sent(await signup.submit(SignupRequest(email="a@b.example")))
    await shop.row(run.id, "suspended")
    listed = await shop.succeed("invocations", "list", "-s", "shop.v1.Signup")
    assert lines(listed, run.id, id_, "waits for promise email-confirmed")

    await signup.confirm(Confirmation(code="c7"))
    await run.handle.attach()
    described = await shop.succeed(
        "invocations", "describe", run.id, "--json", "--proto", str(PROTO)
    )
    journal = {entry["index"]: entry for entry in json.loads(described)["journal"]}
    assert journal[0]["payload"] == {"email": "a@b.example"}
    promise = next(entry for entry in journal.values() if entry["what"] == "await promise")
    assert promise["subject"] == "email-confirmed"
    assert promise["result"] == {"value": {"code": "c7"}}
    assert journal[max(journal)]["payload"] == {"confirmed": True}


@asynchronous
async def test_an_invocation_with_a_delay_is_killed(shop: Shop) -> None:
    delay = timedelta(days=2, hours=1)
    later = await shop.send(uuid4().hex, "at once", delay=delay)
    await shop.row(later.id, "scheduled")
    listed = await shop.succeed("invocations", "list", "--status", "scheduled")
    assert lines(listed, later.id, "scheduled", "starts in 2 d")
    old = await shop.succeed("invocations", "list", "--older-than", "1h")
    assert "no invocations" in old
    killed = await shop.succeed("invocations", "kill", later.id, "-y")
    assert killed.endswith(": killed\n")


@asynchronous
async def test_an_error_of_the_contract_is_shown_with_its_detail(shop: Shop) -> None:
    failed = await shop.send(uuid4().hex, "taken")
    await shop.row(failed.id, "completed")
    listed = await shop.succeed("invocations", "list", "--status", "completed")
    assert lines(listed, failed.id, "failed: [409", "it is taken")
    described = await shop.succeed("invocations", "describe", failed.id, "--proto", str(PROTO))
    assert lines(described, 'it is taken (shop.v1.TicketTaken {"sold":true,"ticketId":"taken"})')


@asynchronous
async def test_without_a_contract_payloads_are_shown_as_they_look(shop: Shop) -> None:
    found = await shop.send(uuid4().hex, "at once")
    await shop.row(found.id, "completed")
    with TemporaryDirectory() as empty, chdir(empty):
        described = await shop.succeed("invocations", "describe", found.id, "--entries", "2")
    assert lines(described, "1 entries before these")
    assert lines(described, '{1: "at once"}')


@asynchronous
async def test_what_is_wrong_is_said_with_what_to_write(shop: Shop) -> None:
    for arguments, said in (
        (["list", "--status", "pendin"], "there is no such status; did you mean pending?"),
        (
            ["list", "--older-than", "5 minutes"],
            "is not a duration; write one such as 90s, 5m, 1h30m or 2d",
        ),
        (["describe", "inv_1"], "'inv_1' is not an invocation id"),
        (["cancel"], "write the ids of invocations, or options that select some"),
        (["cancel", "inv_1x", "--key", "k"], "write the ids of invocations, or options"),
        (
            ["restart-as-new", "--key", "k", "--deployment", "keep"],
            "--deployment only works with --from",
        ),
    ):
        result = await shop.run("invocations", *arguments)
        assert result.exit_code == 2
        assert said in " ".join(result.stderr.replace("│", " ").split())
