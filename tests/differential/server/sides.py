"""Both servers behind one interface: a client, and the means to wait."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

from restate_proto import Endpoint
from restate_proto.ingress.introspection.sql import literal
from tests.differential.server.process import NAME, Process
from tests.differential.server.program import Program
from tests.differential.server.stall import StalledError
from tests.integration.raw_services import Files, Report
from tests.integration.scripted_services import Account, Clerk, Journey, LazyAccount, Scripts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from conformance.v1.conformance_pb2 import Parcel
    from restate_proto import IngressClient, PayloadCodec
    from restate_proto.testing import RestateServer
    from restate_proto.testing.virtual import VirtualRestate

__all__ = ["RealSide", "Side", "VirtualSide", "endpoint_of"]

_LOOK: Final = 0.01


class Side(Protocol):
    """One of the two servers.

    Attributes:
        client: a client of its ingress and of its admin API.
        process: what the programs of its endpoint have in common.
    """

    client: IngressClient
    process: Process

    async def parked(self, name: str) -> str:
        """Wait until a program waits for somebody outside; the id of its awakeable."""
        ...

    async def settled(self, id_: str) -> None:
        """Wait until a pause reaches an invocation that waits for somebody outside.

        A real server accepts a pause as soon as an invocation is to go on, and passes it to its
        invoker. If that has not begun the attempt yet, as right after a resume, the pause is lost.
        """
        ...

    async def paused(self, id_: str) -> None:
        """Wait until an invocation is paused."""
        ...

    async def commands(self, id_: str) -> list[tuple[int, str]]:
        """Where the commands of an invocation are in its journal, and what they are."""
        ...


class RealSide:
    """A restate-server; the arguments are its parts."""

    def __init__(
        self, server: RestateServer, client: IngressClient, process: Process, *, suspends: bool
    ) -> None:
        self.client = client
        self._suspends = suspends
        self._server = server
        self.process = process

    async def parked(self, name: str) -> str:
        """As `Side.parked`."""
        return await self.process.parked(name)

    async def settled(self, id_: str) -> None:
        """As `Side.settled`."""
        # "ready" is an invocation that the invoker does not have yet.
        await self._until(id_, *(("suspended",) if self._suspends else ("running", "backing-off")))

    async def paused(self, id_: str) -> None:
        """As `Side.paused`."""
        await self._until(id_, "paused")

    async def _until(self, id_: str, *statuses: str) -> None:
        """Wait for one of some statuses; who plays is stopped once the server does nothing more."""
        query = f"SELECT status FROM sys_invocation WHERE id = {literal(id_)}"
        while True:
            found = await asyncio.to_thread(self._server.admin.query, query)
            if found and found[0]["status"] in statuses:
                return
            await asyncio.sleep(_LOOK)

    async def commands(self, id_: str) -> list[tuple[int, str]]:
        """As `Side.commands`."""
        query = (
            f"SELECT index, entry_type FROM sys_journal WHERE id = {literal(id_)} ORDER BY index"
        )
        return _commands(await asyncio.to_thread(self._server.admin.query, query))


class VirtualSide:
    """A virtual server; the arguments are its parts."""

    def __init__(self, env: VirtualRestate, process: Process) -> None:
        self.client = env.client
        self._env = env
        self.process = process

    async def parked(self, name: str) -> str:
        """As `Side.parked`."""
        return await self._env.until(self.process.parked(name))

    async def settled(self, id_: str) -> None:
        """As `Side.settled`."""
        await self._env.advance(timedelta(0))

    async def paused(self, id_: str) -> None:
        """As `Side.paused`.

        Raises:
            StalledError: nothing is left to do, and it is not paused.
        """
        await self._env.advance(timedelta(0))
        status = self._env.describe(id_)["status"]
        if status != "paused":
            raise StalledError(f"{id_} is not paused but {status}")

    async def commands(self, id_: str) -> list[tuple[int, str]]:
        """As `Side.commands`."""
        found = self._env.recorded({id_} & set(self._env.invocations()))
        return _commands(found[0].entries) if found else []


def _commands(rows: Iterable[Mapping[str, Any]]) -> list[tuple[int, str]]:
    return [(row["index"], row["entry_type"]) for row in rows if "Command" in row["entry_type"]]


def endpoint_of(
    process: Process, version: int, payload_codec: PayloadCodec | None = None
) -> Endpoint:
    """An endpoint whose handlers play programs.

    Args:
        process: what its programs have in common.
        version: the newest service protocol version that it speaks.
        payload_codec: encodes payloads.
    """
    scripts = Scripts()

    async def body(ctx: Any, parcel: Parcel) -> Parcel:
        return await Program(ctx, parcel, process).run()

    scripts.put(NAME, body)
    scripted = (Clerk(scripts), Account(scripts), LazyAccount(scripts), Journey(scripts))
    return Endpoint(
        *scripted, Files(), Report(), max_protocol_version=version, payload_codec=payload_codec
    )
