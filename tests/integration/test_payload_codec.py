"""Payload codecs on a real server: the stored bytes, and the rotation of keys."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import urllib.error
import urllib.request
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from conformance.v1.conformance_pb2 import Entry, EntryList, Parcel, Refused, Script
from conformance.v1.conformance_restate import (
    AccountBase,
    AccountClient,
    JourneyBase,
    JourneyClient,
    RefusedError,
)
from conformance.v1.files_pb2 import FileDescription
from conformance.v1.files_restate import FilesBase, FilesClient
from restate_proto import AesGcmSiv, Endpoint, IngressClient, TerminalError, Zstd
from restate_proto.model.payload_codec import MARK
from restate_proto.testing import RestateServer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator
    from pathlib import Path

    from restate_proto import (
        Context,
        ObjectContext,
        ObjectSharedContext,
        PayloadCodec,
        WorkflowContext,
        WorkflowSharedContext,
    )
    from tests.integration.world import Loop

OLD, NEW = secrets.token_bytes(32), secrets.token_bytes(32)
BEFORE: list[PayloadCodec] = [Zstd(1, min_size=0), AesGcmSiv({"old": OLD})]
AFTER: list[PayloadCodec] = [Zstd(19, min_size=0), AesGcmSiv({"new": NEW, "old": OLD})]
WITHOUT_KEY: list[PayloadCodec] = [Zstd(), AesGcmSiv({"new": NEW})]


class Account(AccountBase):
    async def append(self, ctx: ObjectContext, request: Entry) -> EntryList:
        entries = await ctx.get(self.ENTRIES) or EntryList()
        entries.texts.append(request.text)
        ctx.set(self.ENTRIES, entries)
        assert await ctx.get(self.ENTRIES) == entries
        return entries

    async def entries(self, ctx: ObjectSharedContext) -> EntryList:
        return await ctx.get(self.ENTRIES) or EntryList()

    async def perform(self, ctx: ObjectContext, request: Script) -> Parcel:
        """Wait for an awakeable that the test resolves."""
        ctx.set(self.PARCEL, request.input)
        other = AccountClient.from_context(ctx, f"{ctx.key}-other")
        await other.append(Entry(text=request.input.text))
        awakeable = ctx.awakeable(Parcel)

        def tell() -> Parcel:
            told.put_nowait(awakeable.id)
            return request.input

        run = await ctx.run("tell", tell, type=Parcel)
        approved = await awakeable
        return Parcel(text=f"{approved.text} {run.text}", parts=[await ctx.get(self.PARCEL) or run])

    async def observe(self, ctx: ObjectSharedContext, request: Script) -> Parcel:
        raise RefusedError(Refused(by=request.input.text), "no")


class Journey(JourneyBase):
    async def run(self, ctx: WorkflowContext, request: Script) -> Parcel:
        return await ctx.promise(self.DECISION)

    async def observe(self, ctx: WorkflowSharedContext, request: Script) -> Parcel:
        return await AccountClient.from_context(ctx, ctx.key).observe(request)

    async def decide(self, ctx: WorkflowSharedContext, request: Parcel) -> None:
        await ctx.promise(self.DECISION).resolve(request)

    async def refuse(self, ctx: WorkflowSharedContext, request: Parcel) -> None: ...


class Files(FilesBase):
    async def copy(self, ctx: Context, request: bytes) -> bytes:
        return request

    async def scan(self, ctx: Context, request: bytes) -> FileDescription:
        return FileDescription(content_type=ctx.headers["content-type"], size=len(request))

    async def convert(self, ctx: Context, request: bytes) -> bytes:
        return request

    async def make(self, ctx: Context, request: FileDescription) -> bytes:
        return bytes(request.size)

    async def process(self, ctx: Context, request: bytes) -> FileDescription:
        copy = await FilesClient.from_context(ctx).copy(request)
        return FileDescription(size=len(copy))


told: asyncio.Queue[str]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RestateServer]:
    """Run a server whose files can be read, and that suspends at every wait."""
    global told  # noqa: PLW0603 - of the loop that the test runs
    told = asyncio.Queue()
    with RestateServer(directory=tmp_path / "server", inactivity_timeout=timedelta(0)) as found:
        yield found


class Served:
    """An endpoint on a server, and a client with the same codec."""

    def __init__(self, server: RestateServer, client: IngressClient, port: int) -> None:
        self.server = server
        self.client = client
        self.port = port


@asynccontextmanager
async def serving(
    server: RestateServer, codec: list[PayloadCodec] | None, port: int = 0
) -> AsyncGenerator[Served]:
    """Serve at a port; at the port of an earlier endpoint, its invocations go on."""
    endpoint = Endpoint(Account(), Journey(), Files(), payload_codec=codec, debug=True)
    async with (
        endpoint.run(f"127.0.0.1:{port}") as running,
        IngressClient(
            server.ingress_url, admin_url=server.admin_url, payload_codec=codec
        ) as client,
    ):
        await server.register(running.address)
        yield Served(server, client, running.port)


async def use(served: Served, marker: str) -> None:
    """Put a marker into every kind of payload."""
    client, key = served.client, secrets.token_hex(4)
    account = AccountClient.from_client(client, key)
    assert list((await account.append(Entry(text=marker))).texts) == [marker]
    parcel = Parcel(text=marker)
    performing = await account.send().perform(Script(name="go", input=parcel))
    await client.resolve_awakeable(await told.get(), parcel)
    assert await performing.attach() == Parcel(text=f"{marker} {marker}", parts=[parcel])
    journey = JourneyClient.from_client(client, key)
    for call in (account.observe, journey.observe):
        with pytest.raises(RefusedError) as raised:
            await call(Script(input=parcel))
        assert raised.value.detail == Refused(by=marker)
    travelling = await journey.submit(Script(name=marker))
    await journey.decide(parcel)
    assert await travelling.attach() == parcel
    assert await travelling.output() == parcel
    files = FilesClient.from_client(client)
    assert await files.copy(marker.encode()) == marker.encode()
    assert (await files.process(marker.encode())).size == len(marker)


def files_with(text: str, directory: Path) -> list[str]:
    """Return the names of the server's files that contain a text."""
    return [
        path.name
        for path in directory.rglob("*")
        if path.is_file() and text.encode() in path.read_bytes()
    ]


async def post(url: str, body: bytes, content_type: str) -> tuple[int, bytes]:
    """Send a request as curl does; return the status and the body."""
    request = urllib.request.Request(url, body, {"content-type": content_type}, method="POST")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def send() -> tuple[int, bytes]:
        try:
            with opener.open(request, timeout=60) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    return await asyncio.to_thread(send)


async def failure_with(text: str, server: RestateServer, invocation_id: str) -> None:
    """Wait until the last failed attempt of an invocation has this text."""
    sql = f"SELECT last_failure FROM sys_invocation WHERE id = '{invocation_id}'"
    while True:
        (row,) = await asyncio.to_thread(server.admin.query, sql)
        if text in (row.get("last_failure") or ""):
            return


def test_nothing_of_a_payload_is_in_the_servers_files(
    loop: Loop, server: RestateServer, tmp_path: Path
) -> None:
    plain, secret = f"seen-{secrets.token_hex(16)}", f"hidden-{secrets.token_hex(16)}"

    async def go(codec: list[PayloadCodec] | None, marker: str) -> None:
        async with serving(server, codec) as served:
            await use(served, marker)

    loop.run(go(None, plain))
    loop.run(go(BEFORE, secret))
    loop.run(server.restart())  # which has RocksDB write what it has in memory
    assert files_with(plain, tmp_path / "server")  # so what is there is found
    assert not files_with(secret, tmp_path / "server")


def test_plain_payloads_are_read_and_replaced(
    loop: Loop, server: RestateServer, tmp_path: Path
) -> None:
    async def go() -> None:
        async with serving(server, None) as served:
            account = AccountClient.from_client(served.client, "ada")
            await account.append(Entry(text="plain"))
            port = served.port
        for codec in (BEFORE, AFTER):
            async with serving(server, codec, port) as served:
                account = AccountClient.from_client(served.client, "ada")
                found = await account.append(Entry(text="encoded"))
                assert found.texts[:2] == ["plain", "encoded"]
        sql = "SELECT value FROM state WHERE service_key = 'ada'"
        (row,) = await asyncio.to_thread(server.admin.query, sql)
        assert bytes.fromhex(row["value"]).startswith(MARK)

    loop.run(go())


def test_a_key_and_a_level_that_change_under_an_invocation_are_no_mismatch(
    loop: Loop, server: RestateServer, caplog: pytest.LogCaptureFixture
) -> None:
    parcel = Parcel(text="ink")

    async def go() -> None:
        async with serving(server, BEFORE) as served:
            account = AccountClient.from_client(served.client, "ada")
            performing = await account.send().perform(Script(name="go", input=parcel))
            id_, invocation = await told.get(), performing.invocation_id()
            invocation_id, port = await invocation, served.port
        async with serving(server, AFTER, port) as served:
            await served.client.resolve_awakeable(id_, parcel)
            handle = served.client.invocation(invocation_id, Parcel)
            assert await handle.attach() == Parcel(text="ink ink", parts=[parcel])

    with caplog.at_level(logging.WARNING, "restate_proto"):
        loop.run(go())
    assert not [each for each in caplog.messages if "attempt failed" in each]


def test_an_invocation_whose_key_is_gone_waits_for_it(loop: Loop, server: RestateServer) -> None:
    parcel = Parcel(text="ink")

    async def go() -> None:
        async with serving(server, BEFORE) as served:
            account = AccountClient.from_client(served.client, "ada")
            performing = await account.send().perform(Script(name="go", input=parcel))
            id_, invocation_id = await told.get(), await performing.invocation_id()
            port = served.port
        async with serving(server, WITHOUT_KEY, port) as served:
            await served.client.resolve_awakeable(id_, parcel)
            says = "encrypted with the key 'old', but there are only 'new': add that key"
            await failure_with(says, server, invocation_id)
        async with serving(server, AFTER, port) as served:
            handle = served.client.invocation(invocation_id, Parcel)
            assert await handle.attach() == Parcel(text="ink ink", parts=[parcel])

    loop.run(go())


def test_callers_without_a_codec(loop: Loop, server: RestateServer) -> None:
    """They may send plain payloads, and cannot read the answers."""

    async def go() -> None:
        async with serving(server, BEFORE) as served:
            url = f"{server.ingress_url}/conformance.v1.Account/ada/Append"
            status, answer = await post(url, b'{"text": "by curl"}', "application/json")
            assert status == 200
            assert answer.startswith(MARK)
            account = AccountClient.from_client(served.client, "ada")
            assert list((await account.entries()).texts) == ["by curl"]
            empty = f"{server.ingress_url}/conformance.v1.Account/ada/Entries"
            assert (await post(empty, b"", "application/json"))[0] == 200

    loop.run(go())


def test_people_see_through_the_codec(loop: Loop, server: RestateServer) -> None:
    async def go() -> None:
        async with serving(server, BEFORE) as served:
            account = AccountClient.from_client(served.client, "ada")
            await account.append(Entry(text="secret"))
            admin = server.admin_url
            sql = "SELECT value FROM state WHERE service_key = 'ada'"
            (row,) = await asyncio.to_thread(server.admin.query, sql)
            stored = bytes.fromhex(row["value"])
            assert b"secret" not in stored
            path = "/internal/services/conformance.v1.Account/serdes"
            binary = "application/octet-stream"
            _, shown = await post(f"{admin}{path}/decode/getstate", stored, binary)
            assert json.loads(shown) == {
                "one of": {
                    "conformance.v1.EntryList": {"texts": ["secret"]},
                    "conformance.v1.Parcel": {"text": "secret"},
                }
            }
            _, written = await post(f"{admin}{path}/encode/Append/input", b'{"text": "x"}', binary)
            assert written.startswith(MARK)
            url = f"{server.ingress_url}/conformance.v1.Account/ada/Append"
            status, answer = await post(url, written, "*/*")
            assert status == 200
            _, shown = await post(f"{admin}{path}/decode/Append/output", answer, binary)
            assert json.loads(shown) == {"texts": ["secret", "x"]}
            raw = "/internal/services/conformance.v1.Files/serdes/decode/rawEcho/output"
            answer = BEFORE[1].encode(BEFORE[0].encode(b"some text"))
            _, shown = await post(f"{admin}{raw}", MARK + answer, binary)
            assert json.loads(shown) == "some text"

    loop.run(go())


def test_a_bomb_ends_the_invocation(loop: Loop, server: RestateServer) -> None:
    async def go() -> None:
        async with (
            serving(server, [Zstd(max_size=1_000)]),
            IngressClient(server.ingress_url, payload_codec=Zstd()) as client,
        ):
            files = FilesClient.from_client(client)
            with pytest.raises(TerminalError, match="more than Zstd") as raised:
                await files.copy(bytes(10_000_000))
            assert raised.value.code == 413

    loop.run(go())


def test_an_endpoint_without_a_codec_says_what_is_missing(
    loop: Loop, server: RestateServer
) -> None:
    async def go() -> None:
        async with (
            serving(server, None),
            IngressClient(server.ingress_url, payload_codec=BEFORE) as client,
        ):
            account = AccountClient.from_client(client, "ada")
            sent = await account.send().append(Entry(text="secret"))
            invocation_id = await sent.invocation_id()
            says = "give the endpoint the one of its caller, Endpoint(payload_codec=...)"
            await failure_with(says, server, invocation_id)
            await asyncio.to_thread(server.admin.kill, invocation_id)

    loop.run(go())
