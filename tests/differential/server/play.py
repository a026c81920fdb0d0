"""Play programs on both servers, and compare what the servers know of them."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import AsyncExitStack
from datetime import timedelta
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final, Self

from conformance.v1.conformance_restate import AccountBase, ClerkBase, JourneyBase, LazyAccountBase
from conformance.v1.files_restate import FilesBase, ReportBase
from restate_proto import IngressClient
from restate_proto.ingress.introspection import read_raw_journals
from restate_proto.ingress.introspection.sql import literal
from restate_proto.model.payload_codec import payload_codecs
from restate_proto.testing import RestateServer, restate_environment
from restate_proto.testing.virtual import VirtualRestate
from tests.differential.server.people import People, Played
from tests.differential.server.process import SCOPES, Process
from tests.differential.server.program import KEYS
from tests.differential.server.record import Stored, difference
from tests.differential.server.sides import RealSide, VirtualSide, endpoint_of
from tests.differential.server.stall import Patience, StalledError, until_all_are_done

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.differential.server.sides import Side

__all__ = ["Difference", "Servers"]

_BATCH: Final = 100
_LOOK: Final = 0.1
_SCOPING: Final = {
    f"RESTATE_EXPERIMENTAL_ENABLE_{switch}": "true"
    for switch in ("VQUEUES", "SCOPED_VIRTUAL_OBJECTS")
}
_WITH_STATE: Final[dict[str, type[Any]]] = {
    base.__restate_service__.name: base
    for base in (AccountBase, JourneyBase, LazyAccountBase, ReportBase)
}
_SERVICES: Final = [
    *(base.__restate_service__.name for base in (ClerkBase, FilesBase)),
    *_WITH_STATE,
]


class Sealed:
    """A payload codec that leaves readable what it encodes, so that ids in it can be mapped."""

    def encode(self, data: bytes, /) -> bytes:
        return b"sealed " + data

    def decode(self, data: bytes, /) -> bytes:
        return data.removeprefix(b"sealed ")


class Difference(Exception):  # noqa: N818 - it is what is looked for
    """The two servers do different things."""


class Servers:
    """A real server and a virtual one with the same services.

    Args:
        version: the newest service protocol version of the endpoint.
        suspends: whether each wait is a suspension.
        encodes: whether endpoints and clients have a payload codec.
        scopes: whether calls have scopes and limit keys, which takes protocol v7.
    """

    def __init__(
        self, version: int, *, suspends: bool = False, encodes: bool = False, scopes: bool = False
    ) -> None:
        self._scopes = scopes
        self._version = version
        self._suspends = suspends
        self._codec = Sealed() if encodes else None
        self._codecs = payload_codecs("Servers", self._codec)
        self._stack = AsyncExitStack()
        self._since = ""
        self.counts: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        self._server = await self._stack.enter_async_context(
            RestateServer(
                protocol_v7=True,
                env=_SCOPING if self._scopes else None,
                inactivity_timeout=timedelta(0) if self._suspends else None,
                retry_interval=timedelta(milliseconds=1),
            )
        )
        process = Process()
        environment = restate_environment(
            endpoint_of(process, self._version, self._codec),
            server=self._server,
            retries=True,
            debug=False,
        )
        self._deployment = (await self._stack.enter_async_context(environment)).deployment
        client = await self._stack.enter_async_context(
            IngressClient(
                self._server.ingress_url,
                admin_url=self._server.admin_url,
                payload_codec=self._codec,
            )
        )
        self._real = RealSide(self._server, client, process, suspends=self._suspends)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

    async def play(self, seeds: Iterable[int]) -> None:
        """Play programs and compare them.

        Raises:
            Difference: the servers differ in one.
        """
        todo = list(seeds)
        while todo:
            batch, todo = todo[:_BATCH], todo[_BATCH:]
            people = [self._people(self._real, seed) for seed in batch]
            try:
                real = await until_all_are_done(people, self._activity)
            except StalledError as stalled:
                raise Difference(str(stalled)) from None
            virtual, stored = await self._on_virtual_server(batch)
            pairs = zip(real, virtual, strict=True)
            await self._until_alike(dict(zip(batch, pairs, strict=True)), stored)

    def _people(self, side: Side, seed: int) -> People:
        return People(side, seed, self._version, scopes=self._scopes)

    async def _on_virtual_server(self, batch: list[int]) -> tuple[list[Played], Stored]:
        """Play one after the other: time skips where one waits, and no other is to see that."""
        process = Process()
        replay = "always" if self._suspends else "never"
        endpoint = endpoint_of(process, self._version, self._codec)
        async with VirtualRestate(endpoint, replay=replay) as env:
            side = VirtualSide(env, process)
            played = [await self._people(side, seed).play() for seed in batch]
            await env.advance(timedelta(minutes=1))
            stored = Stored(env.recorded())
            own = {
                (service, f"p{seed}", scope)
                for service in _WITH_STATE
                for seed in batch
                for scope in (SCOPES if self._scopes else (None,))
            }
            for service, key, scope in stored.targets() | own:
                for state in KEYS:
                    value = await env.state(_WITH_STATE[service], key, state, scope=scope)
                    stored.put_state((service, key, scope), state.name, value)
        return played, stored

    async def _until_alike(self, played: dict[int, tuple[Played, Played]], virtual: Stored) -> None:
        """Compare what is stored; a real server may still be about to store some of it."""
        patience = Patience()
        while True:
            real = await asyncio.to_thread(self._read)
            differences: list[str] = []
            for seed, (mine, its) in list(played.items()):
                found = _difference(f"p{seed}", mine, its, real, virtual)
                if found is None:
                    self._count(mine, real, virtual, its)
                    del played[seed]
                else:
                    differences.append(f"program {seed}, {found}")
            if not differences:
                break
            if patience.is_over((differences, await self._activity())):
                raise Difference("\n".join(differences))
            await asyncio.sleep(_LOOK)
        self._since = real.newest

    async def _activity(self) -> object:
        """What changes on the real server as long as one of this batch's invocations goes on."""
        columns = "id, status, journal_size, retry_count, modified_at"
        where = f" WHERE created_at >= {literal(self._since)}" if self._since else ""
        query = f"SELECT {columns} FROM sys_invocation{where} ORDER BY id"
        return await asyncio.to_thread(self._server.admin.query, query)

    def _read(self) -> Stored:
        """What the real server has of this batch."""
        admin = self._server.admin
        where = f"pinned_deployment_id = {literal(self._deployment.id)}"
        if self._since:
            where += f" AND created_at >= {literal(self._since)}"  # not all batches before
        stored = Stored(read_raw_journals(admin, _SERVICES, where=where))
        names = ", ".join(literal(each.name) for each in KEYS)  # the others are of other handlers
        query = "SELECT service_name, service_key, scope, key, value_utf8 FROM state"
        for row in admin.query(f"{query} WHERE key IN ({names})"):
            raw = row["value_utf8"].encode()
            value = raw if self._codecs is None else self._codecs.decode(raw)
            target = (row["service_name"], row["service_key"], row.get("scope"))
            stored.put_state(target, row["key"], json.loads(value))
        return stored

    def _count(self, mine: Played, real: Stored, virtual: Stored, its: Played) -> None:
        one, other = real.records(mine.roots), virtual.records(its.roots)
        self.counts["programs"] += 1
        self.counts["things that people did"] += len(mine.log)
        self.counts["invocations"] += len(one)
        self.counts["entries"] += sum(len(each.order) for each in one)
        alike = sum(a.order == b.order for a, b in zip(one, other, strict=True))
        self.counts["journals alike in the order of all entries"] += alike


def _difference(name: str, mine: Played, its: Played, real: Stored, virtual: Stored) -> str | None:
    for one, other in zip_longest(mine.log, its.log):
        if one != other:
            return f"what people were told:\n  real:    {one}\n  virtual: {other}\n  {mine.log}"
    found = difference(real.records(mine.roots), virtual.records(its.roots))
    if found is None and real.states_of(name) != virtual.states_of(name):
        return f"state:\n  real:    {real.states_of(name)}\n  virtual: {virtual.states_of(name)}"
    return found
