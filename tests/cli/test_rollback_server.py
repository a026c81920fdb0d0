"""`restate-proto rollback` and `deployments` on a real server."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from google.protobuf.empty_pb2 import Empty

from restate_proto import IngressClient, Target
from tests.cli.endpoints import (
    asynchronous,
    begun,
    cells,
    command,
    served,
    service,
    unique,
    waiting,
)

if TYPE_CHECKING:
    from typer.testing import Result

    from restate_proto.testing import RestateServer


def counting(name: str, *handlers: str) -> tuple[Any, list[str]]:
    """A service that notes which of its handlers ran."""
    made, ran = service(name, *handlers), list[str]()

    def noting(handler: str) -> Any:
        async def note(self: object, ctx: object, request: object = None) -> Empty:
            ran.append(handler)
            return Empty()

        return note

    for handler in handlers:
        setattr(made.__class__, handler.lower(), noting(handler))
    return made, ran


async def call(server: RestateServer, name: str) -> None:
    async with IngressClient(server.ingress_url) as client:
        await client.call(Target.service(name, "Open"), Empty(), Empty)


async def ids(server: RestateServer) -> dict[str, str]:
    """The deployments by their addresses."""
    listed = await command(server, "deployments", "--json")
    found = json.loads(listed.stdout)["deployments"]
    return {each["address"].rstrip("/"): each["id"] for each in found}


@asynchronous
async def test_new_invocations_go_to_the_older_deployment_again(
    restate_server: RestateServer,
) -> None:
    name = unique("Back")
    first, ran_first = counting(name, "Open")
    second, ran_second = counting(name, "Open", "Close")
    fresh = unique("Fresh")
    async with served(first) as old, served(second, service(fresh, "Open")) as new:
        await command(restate_server, "deploy", old)
        await command(restate_server, "deploy", new)
        await call(restate_server, name)
        assert (ran_first, ran_second) == ([], ["Open"])
        found = await ids(restate_server)
        older, newer = found[old], found[new]

        dry = await command(restate_server, "rollback", older, "--dry-run")
        assert dry.exit_code == 0, dry.output
        assert "handler Close is gone" in dry.stdout
        assert f"is registered as {older}; new invocations would go there again" in dry.stdout
        await call(restate_server, name)
        assert (ran_first, ran_second) == ([], ["Open"] * 2)

        result = await command(restate_server, "rollback", older)
        assert result.exit_code == 0, result.output
        assert f"is registered as {older}, and new invocations go there again" in result.stdout
        await call(restate_server, name)
        assert (ran_first, ran_second) == (["Open"], ["Open"] * 2)
        # What the older one does not have stays.
        await call(restate_server, fresh)

        again = await command(restate_server, "rollback", older)
        assert again.exit_code == 0
        assert "nothing to do" in again.stdout

        # Forward again, by deploying what is registered, and is not current.
        forward = await command(restate_server, "deploy", new)
        assert forward.exit_code == 0, forward.output
        assert f"is registered as {newer}, and new invocations go there again" in forward.stdout
        await call(restate_server, name)
        assert (ran_first, ran_second) == (["Open"], ["Open"] * 3)


@asynchronous
async def test_what_has_begun_stays_on_the_newer_deployment(restate_server: RestateServer) -> None:
    name = unique("Stays")
    async with served(service(name, "Open")) as old, served(waiting(name)) as new:
        await command(restate_server, "deploy", old)
        await command(restate_server, "deploy", new)
        running = await begun(restate_server, name, "running")
        found = await ids(restate_server)
        result = await command(restate_server, "rollback", found[old], "--json")
        document = json.loads(result.stdout)
        assert (document["action"], document["done"]) == ("make-current", True)
        assert document["older"] == [
            {
                "id": found[new],
                "address": f"{new}/",
                "in_flight": {"running": 1},
                "paused": [],
            }
        ]
        await call(restate_server, name)

        listed = await command(restate_server, "deployments", "--json")
        by_id = {each["id"]: each for each in json.loads(listed.stdout)["deployments"]}
        assert by_id[found[old]]["status"] == "current"
        assert by_id[found[new]]["status"] == "draining"
        assert by_id[found[new]]["in_flight"] == {"running": 1}
        assert by_id[found[new]]["oldest"]
        assert [(it["name"], it["current"]) for it in by_id[found[new]]["services"]] == [
            (name, False)
        ]
        table = cells(await command(restate_server, "deployments"))
        (row,) = (row for row in table if row[0] == found[new])
        assert row[1:3] == ["draining", "1 running"]
        assert row[4] == f"{name} (older)"

        await asyncio.to_thread(restate_server.admin.kill, running)
        table = cells(await command(restate_server, "deployments"))
        assert next(row for row in table if row[0] == found[new])[1] == "drained"


@asynchronous
async def test_what_is_served_there_has_to_be_what_was(restate_server: RestateServer) -> None:
    name = unique("Other")
    async with served(service(name, "Open")) as old, served(service(name, "Open")) as new:
        await command(restate_server, "deploy", old)
        await command(restate_server, "deploy", new)
        older = (await ids(restate_server))[old]
    result: Result
    async with served(service(name, "Close"), at=old):
        result = await command(restate_server, "rollback", older)
        assert result.exit_code == 1
        assert f"does not serve what is registered as {older}" in result.stderr
    result = await command(restate_server, "rollback", older)
    assert result.exit_code == 1
    assert "refused: " in result.stderr


@asynchronous
async def test_which_deployment_is_meant(restate_server: RestateServer) -> None:
    unknown = await command(restate_server, "rollback", "dp_nope")
    assert unknown.exit_code == 2
    assert "there is no deployment dp_nope" in unknown.stderr
    names = unique("One"), unique("Two")
    async with (
        served(service(names[0], "Open")) as one,
        served(service(names[1], "Open")) as two,
        served(service(names[0], "Open")) as newer_one,
        served(service(names[1], "Open")) as newer_two,
    ):
        for address in (one, two, newer_one, newer_two):
            await command(restate_server, "deploy", address)
        found = await ids(restate_server)
        unclear = await command(restate_server, "rollback")
        assert unclear.exit_code == 2
        assert "several are older than a current one; name one of them" in unclear.stderr
        assert found[one] in unclear.stderr
        assert found[two] in unclear.stderr
        dry = await command(restate_server, "rollback", found[two], "--dry-run")
        assert "drained" not in dry.stdout, "what new invocations would go to is not left over"
        rolled_back = await command(restate_server, "rollback", found[two])
        assert rolled_back.exit_code == 0
        assert rolled_back.stdout.endswith(f"({newer_two}/) is drained\n"), "it has no --prune"
