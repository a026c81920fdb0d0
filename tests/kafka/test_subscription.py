"""A real server takes events from Kafka and invokes handlers of a contract for them.

The Kafka runs in memory (`main.go`); `make kafka` builds it.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conformance.v1.conformance_pb2 import Entry, EntryList, Parcel, Script
from conformance.v1.conformance_restate import AccountBase
from restate_proto import Endpoint
from restate_proto.testing import RestateServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from restate_proto import ObjectContext, ObjectSharedContext

KAFKA = Path(__file__).parents[2] / ".tools/kafka"
TOPIC = "carts"

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(not KAFKA.exists(), reason="`make kafka` builds the Kafka that this needs"),
]


class Account(AccountBase):
    """Keeps the texts of its events."""

    def __init__(self) -> None:
        self.seen: asyncio.Queue[tuple[str, list[str], str]] = asyncio.Queue()

    async def append(self, ctx: ObjectContext, request: Entry) -> EntryList:
        entries = await ctx.get(self.ENTRIES) or EntryList()
        entries.texts.append(request.text)
        ctx.set(self.ENTRIES, entries)
        self.seen.put_nowait((ctx.key, list(entries.texts), ctx.headers["kafka.topic"]))
        return entries

    async def entries(self, ctx: ObjectSharedContext) -> EntryList:
        return await ctx.get(self.ENTRIES) or EntryList()

    async def perform(self, ctx: ObjectContext, request: Script) -> Parcel:
        return request.input

    async def observe(self, ctx: ObjectSharedContext, request: Script) -> Parcel:
        return request.input


class Kafka:
    """A running Kafka.

    Attributes:
        address: its address.
    """

    def __init__(self, address: str, records: IO[str]) -> None:
        self.address = address
        self._records = records

    def produce(self, key: bytes, value: bytes) -> None:
        """Add a record to the topic."""
        self._records.write(f"{key.hex()} {value.hex()}\n")
        self._records.flush()


@pytest.fixture
def kafka() -> Iterator[Kafka]:
    with subprocess.Popen(
        [KAFKA, TOPIC], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Kafka(process.stdout.readline().strip(), process.stdin)
        process.stdin.close()  # which ends it


def subscribe(server: RestateServer, source: str, sink: str) -> None:
    body = {"source": source, "sink": sink, "options": {"auto.offset.reset": "earliest"}}
    request = urllib.request.Request(
        f"{server.admin_url}/subscriptions",
        json.dumps(body).encode(),
        {"content-type": "application/json"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=60) as response:
        assert response.status == 201


def test_records_become_invocations_in_the_order_of_their_keys(kafka: Kafka) -> None:
    cluster = {"name": "shop", "brokers": [f"PLAINTEXT://{kafka.address}"]}
    account = Account()

    async def go() -> None:
        async with (
            RestateServer(config={"ingress": {"kafka-clusters": [cluster]}}) as server,
            Endpoint(account).run() as running,
        ):
            await server.register(running.address)
            sink = "service://conformance.v1.Account/Append"
            await asyncio.to_thread(subscribe, server, f"kafka://shop/{TOPIC}", sink)
            kafka.produce(b"ada", Entry(text="binary").SerializeToString())
            kafka.produce(
                b"ada", b"\x00\x00\x00\x00\x01"
            )  # nobody can read it, and it is passed over
            kafka.produce(b"ada", b'{"text": "JSON"}')
            assert await account.seen.get() == ("ada", ["binary"], TOPIC)
            assert await account.seen.get() == ("ada", ["binary", "JSON"], TOPIC)

    asyncio.run(go())
