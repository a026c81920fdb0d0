"""Serde preview through a real server: what its UI asks about payloads."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from conformance.v1.conformance_pb2 import Entry, EntryList, Parcel, Script
from conformance.v1.conformance_restate import (
    AccountBase,
    AccountClient,
    JourneyBase,
    JourneyClient,
)
from restate_proto import Endpoint
from tests.integration.scripted_services import unique
from tests.integration.values_services import Outside, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restate_proto import (
        ObjectContext,
        ObjectSharedContext,
        WorkflowContext,
        WorkflowSharedContext,
    )
    from restate_proto.ingress.rows import Row
    from restate_proto.testing import RestateServer
    from tests.integration.world import Loop

ACCOUNT, JOURNEY = "conformance.v1.Account", "conformance.v1.Journey"


class Account(AccountBase):
    async def append(self, ctx: ObjectContext, request: Entry) -> EntryList:
        entries = EntryList(texts=["first", request.text])
        ctx.set(self.ENTRIES, entries)
        ctx.set(self.PARCEL, Parcel(number=7, data=b"\xff"))
        return entries

    async def entries(self, ctx: ObjectSharedContext) -> EntryList:
        return await ctx.get(self.ENTRIES) or EntryList()

    async def perform(self, ctx: ObjectContext, request: Script) -> Parcel:
        return request.input

    async def observe(self, ctx: ObjectSharedContext, request: Script) -> Parcel:
        return request.input


class Journey(JourneyBase):
    async def run(self, ctx: WorkflowContext, request: Script) -> Parcel:
        await ctx.promise(self.DECISION).resolve(Parcel(number=5))
        return await ctx.promise(self.DECISION)

    async def observe(self, ctx: WorkflowSharedContext, request: Script) -> Parcel:
        return request.input

    async def decide(self, ctx: WorkflowSharedContext, request: Parcel) -> None: ...

    async def refuse(self, ctx: WorkflowSharedContext, request: Parcel) -> None: ...


@pytest.fixture(scope="module")
def outside(patient_server: RestateServer, loop: Loop) -> Iterator[Outside]:
    with serving(loop, patient_server, Endpoint(Account(), Journey())) as found:
        yield found


async def ask(url: str, body: bytes | None, content_type: str) -> tuple[int, bytes]:
    """Return the status of an answer and its body, while the endpoint runs."""
    request = urllib.request.Request(url, body, {"content-type": content_type})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def send() -> tuple[int, bytes]:
        try:
            with opener.open(request, timeout=60) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    return await asyncio.to_thread(send)


async def preview(outside: Outside, service: str, operation: str, name: str, data: bytes) -> bytes:
    """Return what the UI gets."""
    path = f"/internal/services/{service}/serdes/{operation}/{name}"
    status, body = await ask(outside.server.admin_url + path, data, "application/octet-stream")
    assert status == 200, body
    return body


async def query(outside: Outside, sql: str) -> list[Row]:
    return await asyncio.to_thread(outside.server.admin.query, sql)


def test_the_server_hands_out_which_payloads_have_a_preview(loop: Loop, outside: Outside) -> None:
    url = f"{outside.server.admin_url}/services/{ACCOUNT}"
    metadata = json.loads(loop.run(ask(url, None, "*/*"))[1])["metadata"]
    for name in ("Append/input", "Append/output", "getstate", "setstate"):
        assert metadata[f"dev.restate.serde.preview.{name}"] == "true"


def test_what_is_in_the_servers_store_is_shown(loop: Loop, outside: Outside) -> None:
    async def go() -> dict[str, Any]:
        await AccountClient.from_client(outside.client, "ada").append(Entry(text="second"))
        where = f"service_name = '{ACCOUNT}' AND service_key = 'ada'"
        rows = await query(outside, f"SELECT key, value FROM state WHERE {where}")
        return {
            row["key"]: json.loads(
                await preview(outside, ACCOUNT, "decode", "getstate", bytes.fromhex(row["value"]))
            )
            for row in rows
        }

    assert loop.run(go()) == {
        "entries": {"texts": ["first", "second"]},
        "parcel": {"number": "7", "data": "/w=="},
    }


def test_what_the_ui_writes_is_state_that_handlers_read(loop: Loop, outside: Outside) -> None:
    async def go() -> EntryList:
        text = json.dumps({"texts": ["by hand", "of an operator"]}).encode()
        written = await preview(outside, ACCOUNT, "encode", "setstate", text)
        change = {"object_key": "eve", "new_state": {"entries": list(written)}}
        url = f"{outside.server.admin_url}/services/{ACCOUNT}/state"
        assert (await ask(url, json.dumps(change).encode(), "application/json"))[0] == 202
        client = AccountClient.from_client(outside.client, "eve")
        while not (found := await client.entries()).texts:  # the server takes it when it can
            pass
        return found

    assert list(loop.run(go()).texts) == ["by hand", "of an operator"]


def test_promises_are_shown(loop: Loop, outside: Outside) -> None:
    async def go() -> bytes:
        client = JourneyClient.from_client(outside.client, key := unique())
        assert await client.run(Script(name="go")) == Parcel(number=5)
        sql = (
            f"SELECT * FROM sys_promise WHERE service_name = '{JOURNEY}' AND service_key = '{key}'"
        )
        (row,) = await query(outside, sql)
        value = bytes.fromhex(row["completion_success_value"])
        return await preview(outside, JOURNEY, "decode", "getpromise", value)

    assert json.loads(loop.run(go())) == {"number": "5"}


def test_the_playground_sends_what_it_gets_and_shows_what_comes(
    loop: Loop, outside: Outside
) -> None:
    """It sends the payload with the content type of the OpenAPI document."""

    async def go() -> bytes:
        typed = json.dumps({"name": "go", "input": {"text": "ink", "number": "3"}}).encode()
        payload = await preview(outside, ACCOUNT, "encode", "Perform/input", typed)
        url = f"{outside.server.ingress_url}/{ACCOUNT}/ada/Perform"
        status, answer = await ask(url, payload, "*/*")
        assert status == 200, answer
        return await preview(outside, ACCOUNT, "decode", "Perform/output", answer)

    assert json.loads(loop.run(go())) == {"text": "ink", "number": "3"}


def test_the_server_passes_on_why_there_is_nothing_to_show(loop: Loop, outside: Outside) -> None:
    path = f"/internal/services/{ACCOUNT}/serdes/decode/Append/input"
    url = outside.server.admin_url + path
    status, body = loop.run(ask(url, b"\xff", "application/octet-stream"))
    assert status == 500  # whatever the endpoint says
    assert "conformance.v1.Entry: not valid protobuf binary" in body.decode()
