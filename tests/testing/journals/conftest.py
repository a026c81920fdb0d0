"""Journals that a real server has recorded of `trips.py`, once for all tests."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from conformance.v1.conformance_pb2 import Parcel, Script
from conformance.v1.conformance_restate import AccountClient, ClerkClient
from restate_proto.ingress.introspection import read_raw_journals
from restate_proto.testing import RestateServer, restate_environment
from tests.testing.journals import trips

if TYPE_CHECKING:
    from restate_proto.ingress.introspection import RawJournal
    from restate_proto.testing import TestEnvironment

NAMES = [service.name for service in trips.endpoint.services]


@pytest.fixture(scope="session", params=[6, 7], ids=["v6", "v7"])
def recorded(request: pytest.FixtureRequest) -> list[RawJournal]:
    """Return the journals of everything that `trips.py` does on the server."""
    return asyncio.run(_record(is_v7=request.param == 7))


async def _record(*, is_v7: bool) -> list[RawJournal]:
    async with (
        RestateServer(protocol_v7=is_v7, inactivity_timeout=timedelta(0)) as server,
        restate_environment(trips.endpoint, server=server, replay_check=False) as env,
    ):
        clerk = ClerkClient.from_client(env.client)
        account = AccountClient.from_client(env.client, "ada")
        waiting = await account.send().observe(Script())
        told = await account.send().observe(Script())
        await clerk.describe()  # its whisper waits for ever
        await clerk.describe()
        awakeables = await _when(env, "Whisper", 2)
        request = Parcel(text="ada", number=7, note=awakeables[0])
        await clerk.perform(Script(input=request))
        await account.perform(Script(name="a", input=Parcel(note=await told.invocation_id())))
        await told.attach()
        del waiting
        while True:
            journals = await asyncio.to_thread(_read, server)
            if not {"running", "ready", "pending"} & {each.status for each in journals}:
                return journals
            await asyncio.sleep(0.02)


def _read(server: RestateServer) -> list[RawJournal]:
    return list(read_raw_journals(server.admin, NAMES))


async def _when(env: TestEnvironment, handler: str, number: int) -> list[str]:
    """Return the awakeables of a handler's suspended invocations, once there are so many."""
    while True:
        journals = await asyncio.to_thread(_read, env.server)
        suspended = [
            each
            for each in journals
            if each.handler.endswith(handler) and each.status == "suspended"
        ]
        if len(suspended) == number:
            return [name for name in trips.executed if name.startswith("sign_1")][-number:]
        await asyncio.sleep(0.02)
