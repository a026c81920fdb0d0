"""`restate-proto replay` and `deploy --check replay` on a real server."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from conformance.v1.conformance_pb2 import Parcel, Script
from conformance.v1.conformance_restate import AccountClient, ClerkClient
from restate_proto import Endpoint
from restate_proto.cli.main import app
from restate_proto.testing import restate_environment
from tests.cli.endpoints import asynchronous
from tests.testing.journals import trips

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

    from restate_proto.ingress.rows import Row
    from restate_proto.testing import RestateServer

pytestmark = pytest.mark.server

CODE = "tests.testing.journals.trips:endpoint"
OBSERVE = "conformance.v1.Account/Observe"


class ChangedAccount(trips.Account):
    async def observe(self, ctx: trips.ObjectSharedContext, request: Script) -> Parcel:
        await ctx.sleep(trips.LATER)
        return await super().observe(ctx, request)


class BeggingClerk(trips.Clerk):
    async def whisper(self, ctx: trips.Context, request: Parcel) -> Parcel:
        await ctx.run("beg", str)
        return await ctx.awakeable(Parcel)


going_on = Endpoint(trips.Clerk(), ChangedAccount(), trips.Journey())
begging = Endpoint(BeggingClerk(), trips.Account(), trips.Journey())


async def command(server: RestateServer, *arguments: str) -> Result:
    words = [*arguments, "--admin-url", server.admin_url]
    return await asyncio.to_thread(CliRunner().invoke, app, words)


async def begun(server: RestateServer, id_: str) -> str:
    """The condition for an invocation, once it has begun."""
    condition = f"id = '{id_}'"
    sql = f"SELECT status FROM sys_invocation WHERE {condition} AND journal_size > 0"
    await found(server, sql)
    return condition


async def found(server: RestateServer, sql: str) -> list[Row]:
    """The rows of a query, asked for until there are any."""
    while True:
        rows = await asyncio.to_thread(server.admin.query, sql)
        if rows:
            return rows


@asynchronous
async def test_journals_of_a_server(restate_server: RestateServer) -> None:
    async with restate_environment(trips.endpoint, server=restate_server) as env:
        account = AccountClient.from_client(env.client, uuid4().hex)
        handle = await account.send().observe(Script(name="Ada"))
        where = await begun(restate_server, await handle.invocation_id())
        result = await command(restate_server, "replay", CODE, "--where", where, "--all")
        assert result.exit_code == 0, result.output
        assert f"{await handle.invocation_id()}  {OBSERVE}  " in result.stdout
        assert result.stdout.count("\n") == 2

        wrong = await command(restate_server, "replay", CODE, "--where", "nonsense =")
        assert (wrong.exit_code, wrong.stdout) == (2, "")
        assert "refused" in wrong.stderr


def test_what_is_saved_is_replayed(restate_server: RestateServer, tmp_path: Path) -> None:
    async def saved() -> None:
        async with restate_environment(trips.endpoint, server=restate_server) as env:
            account = AccountClient.from_client(env.client, "Countess")
            handle = await account.send().observe(Script(name="Ada"))
            where = await begun(restate_server, await handle.invocation_id())
            for folder, *more in (("whole",), ("redacted", "--redact")):
                words = ("--where", where, "--save", str(tmp_path / folder), *more)
                result = await command(restate_server, "replay", CODE, *words)
                assert result.exit_code == 0, result.output
                assert "saved 1 journal in " in result.stderr

    asyncio.run(saved())
    for folder, has_names in (("whole", True), ("redacted", False)):
        (path,) = (tmp_path / folder).iterdir()
        text = path.read_text("utf-8")
        assert ("Countess" in text, b"Ada".hex() in text) == (has_names, has_names)
        result = CliRunner().invoke(app, ["replay", CODE, str(path.parent)])
        assert result.exit_code == 0, result.output
        changed = f"{__name__}:going_on"
        result = CliRunner().invoke(app, ["replay", changed, str(path.parent), "--json"])
        assert json.loads(result.stdout)["counts"] == {"goes-on": 1}


@asynchronous
async def test_what_has_completed_is_replayed_on_request(restate_server: RestateServer) -> None:
    async with restate_environment(trips.endpoint, server=restate_server) as env:
        clerk = ClerkClient.from_client(env.client)
        handle = await clerk.send().describe(idempotency_key=uuid4().hex)
        await handle.attach()
        id_ = await handle.invocation_id()
        completed = f"SELECT id FROM sys_invocation WHERE id = '{id_}' AND status = 'completed'"
        await found(restate_server, completed)
        result = await command(restate_server, "replay", CODE, "--all")
        assert id_ not in result.stdout
        result = await command(restate_server, "replay", CODE, "--all", "--completed")
        assert id_ in result.stdout


@asynchronous
async def test_a_deployment_is_checked(restate_server: RestateServer) -> None:
    async with restate_environment(trips.endpoint, server=restate_server) as env:
        await ClerkClient.from_client(env.client).describe()  # whose whisper waits for ever
        sql = (
            "SELECT id FROM sys_invocation WHERE target_handler_name = 'Whisper' "
            f"AND pinned_deployment_id = '{env.deployment.id}' AND journal_size >= 4"
        )
        rows = await found(restate_server, sql)

        async with begging.run("127.0.0.1:0") as running:
            check = ("--check", "replay", "--endpoint", f"{__name__}:begging")
            result = await command(restate_server, "deploy", running.address, *check)
            assert result.exit_code == 1, result.output
            (line,) = (each for each in result.stdout.splitlines() if rows[0]["id"] in each[:40])
            assert (
                "differs at entry 1, 'run ask': 'run beg' differs: name: 'beg' in the code, 'ask' in the journal"
                in line
            )
            assert "nothing is registered, because the code does something" in result.stderr
            result = await command(restate_server, "deploy", running.address, *check, "--json")
            assert json.loads(result.stdout)["replay"]["counts"]["differs"] == 1
            known = {each["uri"] for each in restate_server.admin.deployments()}
            assert f"{running.address}/" not in known

        async with trips.endpoint.run("127.0.0.1:0") as running:
            check = ("--check", "replay", "--endpoint", CODE)
            result = await command(restate_server, "deploy", running.address, *check)
            assert result.exit_code == 0, result.output
            assert "Registered " in result.stdout
            assert "ok, waits where it waited" in result.stdout


@pytest.mark.parametrize("words", [["--check", "replay"], ["--endpoint", CODE]])
def test_the_code_goes_with_the_check(words: list[str]) -> None:
    result = CliRunner().invoke(app, ["deploy", "http://127.0.0.1:1", *words])
    assert result.exit_code == 2
    assert "--check replay needs --endpoint MODULE:ENDPOINT" in result.stderr
