"""`restate-proto subscriptions` on a real server, with a Kafka cluster that never answers."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.endpoints import asynchronous, cells, command, served, service, unique

if TYPE_CHECKING:
    from restate_proto.testing import RestateServer


@pytest.fixture(scope="module")
def restate_server_options() -> dict[str, Any]:
    cluster = {"name": "events", "brokers": ["PLAINTEXT://127.0.0.1:1"]}
    return {"config": {"ingress": {"kafka-clusters": [cluster]}}}


@pytest.fixture(scope="module")
def restate_server(restate_server_options: dict[str, Any]) -> Any:
    from restate_proto.testing import RestateServer

    with RestateServer(**restate_server_options) as server:
        yield server


@asynchronous
async def test_they_are_added_listed_and_removed(restate_server: RestateServer) -> None:
    none = await command(restate_server, "subscriptions", "list")
    assert "no subscriptions" in none.stdout

    name = unique("Desk")
    async with served(service(name, "Open")) as address:
        await command(restate_server, "deploy", address)
        added = await command(
            restate_server,
            *("subscriptions", "add", "events/orders", f"{name}/Open"),
            *("--option", "group.id=desk", "-o", "auto.offset.reset=earliest"),
        )
        assert added.exit_code == 0, added.output
        words = added.stdout.split()
        assert words[0] == "Added"
        assert words[2:] == ["kafka://events/orders", "to", f"service://{name}/Open"]
        subscription = words[1].rstrip(":")

        (row, *more) = cells(await command(restate_server, "subscriptions", "list"))
        assert row[:3] == [subscription, "events/orders", f"{name}/Open"]
        options = {row[3], *(each[3] for each in more)}
        assert {"group.id=desk", "auto.offset.reset=earliest"} <= options

        listed = await command(restate_server, "subscriptions", "list", "--json")
        (document,) = json.loads(listed.stdout)["subscriptions"]
        assert document["id"] == subscription
        assert document["options"]["group.id"] == "desk"

        asked = await command(restate_server, "subscriptions", "remove", subscription)
        assert asked.exit_code == 2
        assert "write --yes" in asked.stderr
        removed = await command(restate_server, "subscriptions", "remove", subscription, "--yes")
        assert removed.exit_code == 0, removed.output
        assert await asyncio.to_thread(restate_server.admin.subscriptions) == ()
        again = await command(restate_server, "subscriptions", "remove", subscription, "--yes")
        assert again.exit_code == 1
        assert f"there is no subscription {subscription}" in again.stderr


@asynchronous
async def test_the_server_says_what_it_does_not_know(restate_server: RestateServer) -> None:
    name = unique("Desk")
    async with served(service(name, "Open")) as address:
        await command(restate_server, "deploy", address)
        for topic, handler, reason in (
            ("nowhere/orders", f"{name}/Open", "Kafka cluster 'nowhere' not found"),
            ("events/orders", f"{name}/Close", "cannot find service/handler"),
        ):
            result = await command(restate_server, "subscriptions", "add", topic, handler)
            assert result.exit_code == 1
            assert reason in result.stderr
            assert len(result.stderr.splitlines()) == 1


@asynchronous
async def test_what_the_command_does_not_take(restate_server: RestateServer) -> None:
    for arguments, reason in (
        (("orders", "Desk/Open"), "'orders' is not of the form events/orders"),
        (("events/orders", "Desk"), "'Desk' is not of the form shop.v1.Cart/Add"),
        (("events/orders", "Desk/Open", "-o", "earliest"), "'earliest' is not NAME=VALUE"),
    ):
        result = await command(restate_server, "subscriptions", "add", *arguments)
        assert result.exit_code == 2
        assert reason in result.stderr
