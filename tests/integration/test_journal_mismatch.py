"""An invocation whose code does not fit its journal: retried, paused or ended."""

from __future__ import annotations

import asyncio
import urllib.request
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from restate_proto import Context, Endpoint, IngressClient, OnJournalMismatch, TerminalError
from restate_proto.testing import RestateServer
from tests.integration.conformance_messages import ClerkClient, Parcel, Script
from tests.integration.scripted_services import Clerk, Scripts

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from restate_proto import IngressInvocationHandle
    from tests.integration.world import Loop


@pytest.fixture(scope="module")
def server() -> Iterator[RestateServer]:
    """Run a server of its own, since its deployments are replaced."""
    with RestateServer(protocol_v7=True, retry_interval=timedelta(milliseconds=1)) as own:
        yield own


async def good(ctx: Context, parcel: Parcel) -> Parcel:
    return Parcel(text=await ctx.run("first", lambda: "first"))


async def changed(ctx: Context, parcel: Parcel) -> Parcel:
    """Return code that differs in the second attempt."""
    if parcel.text not in SEEN:
        SEEN.add(parcel.text)
        await good(ctx, parcel)
        raise OSError("the next attempt is of other code")
    await ctx.sleep(timedelta(0), "nap")
    return parcel


SEEN: set[str] = set()


@asynccontextmanager
async def begun(
    server: RestateServer, scripts: Scripts, behavior: OnJournalMismatch, version: int = 7
) -> AsyncGenerator[IngressInvocationHandle[Parcel]]:
    """Serve a handler whose code changes in flight, and yield its invocation."""
    name = f"{behavior} v{version}"
    scripts.put("changes", changed)
    endpoint = Endpoint(Clerk(scripts), on_journal_mismatch=behavior, max_protocol_version=version)
    client = IngressClient(server.ingress_url, admin_url=server.admin_url)
    async with endpoint.run() as running, client:
        await server.register(running.address)
        script = Script(name="changes", input=Parcel(text=name))
        yield await ClerkClient.from_client(client).send().perform(script)


async def row_of(server: RestateServer, handle: IngressInvocationHandle[Parcel]) -> dict[str, Any]:
    sql = f"SELECT * FROM sys_invocation WHERE id = '{await handle.invocation_id()}'"
    (row,) = await asyncio.to_thread(server.admin.query, sql)
    return row


def test_paused_until_code_that_fits_is_there(server: RestateServer, loop: Loop) -> None:
    async def scenario() -> str:
        scripts = Scripts()
        async with begun(server, scripts, OnJournalMismatch.PAUSE) as handle:
            while (await row_of(server, handle))["status"] != "paused":
                pass
            scripts.put("changes", good)
            id_ = await handle.invocation_id()
            request = urllib.request.Request(
                f"{server.admin_url}/invocations/{id_}/resume", method="PATCH"
            )
            await asyncio.to_thread(lambda: urllib.request.urlopen(request).close())
            return (await handle.attach()).text

    assert loop.run(scenario()) == "first"


def test_ended_with_the_error(server: RestateServer, loop: Loop) -> None:
    async def scenario() -> TerminalError:
        async with begun(server, Scripts(), OnJournalMismatch.FAIL) as handle:
            with pytest.raises(TerminalError) as raised:
                await handle.attach()
            return raised.value

    error = loop.run(scenario())
    assert error.code == 570
    assert "'run first' in the journal" in error.message


@pytest.mark.parametrize(
    ("behavior", "version"),
    [
        (OnJournalMismatch.RETRY, 7),
        (OnJournalMismatch.PAUSE, 6),
        (OnJournalMismatch.FAIL, 6),
    ],
)
def test_retried_until_code_that_fits_is_there(
    server: RestateServer, loop: Loop, behavior: OnJournalMismatch, version: int
) -> None:
    async def scenario() -> str:
        scripts = Scripts()
        async with begun(server, scripts, behavior, version) as handle:
            while "570" not in str((await row_of(server, handle)).get("last_failure")):
                pass
            scripts.put("changes", good)
            return (await handle.attach()).text

    assert loop.run(scenario()) == "first"
