"""Journals of a virtual server are replayed and saved like those of a real one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from conformance.v1.conformance_pb2 import Script
from conformance.v1.conformance_restate import AccountClient, ClerkClient
from restate_proto import Endpoint
from restate_proto.testing import Outcome, replay
from restate_proto.testing.journals.collecting import FOLDER
from restate_proto.testing.virtual import VirtualRestate
from tests.testing.journals import trips

if TYPE_CHECKING:
    from pathlib import Path

    from restate_proto.ingress.introspection import RawJournal


class ChangedClerk(trips.Clerk):
    async def describe(self, ctx: trips.Context) -> trips.Parcel:
        return trips.Parcel()


async def _record(version: int) -> list[RawJournal]:
    async with VirtualRestate(trips.endpoint, version=version, replay="always") as env:
        await ClerkClient.from_client(env.client).describe()
        await AccountClient.from_client(env.client, "ada").send().observe(Script())
        await env.advance(trips.SOON)
        return env.recorded()


@pytest.mark.parametrize("version", [5, 6, 7])
def test_they_are_replayed(version: int) -> None:
    journals = asyncio.run(_record(version))
    assert replay(trips.endpoint, journals).counts == {"ends": 1, "waits": 2}


def test_they_are_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path / "journals"))
    asyncio.run(_record(7))
    assert replay(trips.endpoint, tmp_path / "journals").counts == {"ends": 1, "waits": 2}
    changed = Endpoint(ChangedClerk(), trips.Account(), trips.Journey())
    with pytest.raises(
        AssertionError, match=r"'send conformance\.v1\.Clerk/Whisper' in the journal"
    ) as raised:
        replay(changed, tmp_path / "journals")
    assert Outcome.DIFFERS.value in str(raised.value)


def test_those_of_a_test_that_fails_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails() -> None:
        async with VirtualRestate(trips.endpoint) as env:
            await ClerkClient.from_client(env.client).describe()
            raise KeyError("the test")

    monkeypatch.setenv(FOLDER, str(tmp_path / "journals"))
    with pytest.raises(KeyError):
        asyncio.run(fails())
    assert not (tmp_path / "journals").exists()
