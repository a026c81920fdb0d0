"""One run: the storm, the calm of each engine, and the comparison of the books."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from time import monotonic
from typing import TYPE_CHECKING, Any

from restate_proto.testing import RestateServer
from soak.v1.soak_restate import BookClient
from tests.soak.audit import audit
from tests.soak.complaints import endpoint_complaints, server_complaints
from tests.soak.effects import read_effects
from tests.soak.faults import Storm
from tests.soak.leaks import Growth, look_at
from tests.soak.load import Load, books_of, client_of
from tests.soak.operations import Client
from tests.soak.processes import EndpointProcess
from tests.soak.proxy import Proxy
from tests.soak.report import Report

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Sequence
    from pathlib import Path

    from restate_proto import IngressClient
    from soak.v1.soak_pb2 import Entry

__all__ = ["Options", "Soak"]

STORM = 0.6
"""The storm's share of the run; the calms have the rest."""
QUIETS = 6
"""How often it is quiet with one engine: what is held then is counted."""
_MEAN_BYTES = 300_000
_SERVER_CONFIG: Any = {
    # Nobody gives up here: endpoints are away for as long as a busy machine takes to start one.
    "default-retry-policy": {"max-attempts": 1_000_000},
}
_INACTIVITY = timedelta(milliseconds=200)
"""After so long a wait an attempt is suspended: many are, and many are not."""


@dataclass(frozen=True)
class Options:
    """The options of a run.

    Args:
        minutes: how long; None where `orders` says it.
        orders: how many orders.
        seed: of the orders, the faults and the cuts.
        engines: the HTTP/2 engines of endpoints and clients.
        callers: how many orders are under way at a time.
        v7: whether the server talks service protocol v7.
        stall: how many seconds a connection stalls at the most.
        patience: after how many seconds without any answer it hangs.
    """

    minutes: float | None
    orders: int | None
    seed: int
    engines: tuple[str, ...]
    callers: int
    v7: bool
    stall: float
    patience: float


class Soak:
    """A run.

    Args:
        options: what is asked for.
        directory: an empty directory, for all that its processes write.
    """

    def __init__(self, options: Options, directory: Path) -> None:
        self._options = options
        self._directory = directory
        self._effects = directory / "effects.log"
        self._began = monotonic()
        self._numbers = count()
        self._load = Load(options.seed, options.callers)
        self._endpoints: list[EndpointProcess] = []
        self._wrong: list[str] = []
        self._hangs = False
        self._server = RestateServer(
            config=_SERVER_CONFIG,
            inactivity_timeout=_INACTIVITY,
            protocol_v7=options.v7,
            directory=directory / "server",
            ready_timeout=timedelta(minutes=5),
        )
        self._to_endpoints, self._to_ingress = (
            Proxy(f"to {where} {options.seed}", _MEAN_BYTES, stall=options.stall)
            for where in ("endpoints", "ingress")
        )

    async def run(self) -> bool:
        """Run it, and return whether no fault was found."""
        self._effects.touch()
        try:
            report = await self._play()
        except asyncio.CancelledError:
            if self._hangs:
                return False
            raise
        report.write()
        return report.is_right

    async def _play(self) -> Report:
        """Play the phases, and compare the books."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._server)
            await stack.enter_async_context(self._to_endpoints)
            await stack.enter_async_context(self._to_ingress)
            stack.push_async_callback(self._end_endpoints)
            await stack.enter_async_context(self._watched())
            self._to_ingress.ports = [int(self._server.ingress_url.rpartition(":")[2])]
            storm = await self._storm()
            growths = [await self._calm(engine) for engine in self._options.engines]
            return await self._compare(storm, growths)

    # The phases.

    async def _storm(self) -> Storm:
        """Kill processes and cut connections."""
        self._tell("the storm: processes are killed and replaced, connections are cut")
        engines = self._options.engines
        self._endpoints = [EndpointProcess(engine, self._directory) for engine in engines]
        storm = Storm(self._server, self._endpoints, self._to_endpoints, self._write_down)
        await asyncio.gather(*(endpoint.start() for endpoint in self._endpoints))
        storm.aim()
        await self._server.register(self._to_endpoints.url)
        async with asyncio.TaskGroup() as group:
            group.create_task(storm.rage(self._options.seed, self._load))
            await self._carry_out(STORM, engines[0])
            storm.is_over = True
        await self._until_nothing_runs()
        self._wrong += storm.wrong
        return storm

    async def _calm(self, engine: str) -> Growth:
        """Cut connections, and count what the endpoint holds when nothing runs."""
        self._tell(f"the calm, with {engine}: connections are cut")
        await self._end_endpoints()
        endpoint = EndpointProcess(engine, self._directory)
        self._endpoints = [endpoint]
        await endpoint.start()
        self._to_endpoints.ports = [endpoint.port]
        growth = Growth(engine)
        for _ in range(QUIETS):
            await self._carry_out((1 - STORM) / len(self._options.engines) / QUIETS, engine)
            await self._until_nothing_runs()
            await self._to_endpoints.cut_all()
            await self._to_ingress.cut_all()
            growth.quiets.append(await look_at(endpoint, await self._count("true")))
        return growth

    async def _carry_out(self, share: float, engine: str) -> None:
        """Have orders carried out for a share of the time, or a share of their number."""
        async with client_of(self._to_ingress.url, self._server.admin_url, engine) as client:
            await self._load.carry_out(self._orders(share), client)

    def _orders(self, share: float) -> Iterator[int]:
        if self._options.minutes is not None:
            end = monotonic() + share * 60 * self._options.minutes
            while monotonic() < end:
                yield next(self._numbers)
        else:
            assert self._options.orders is not None
            for _ in range(round(share * self._options.orders)):
                yield next(self._numbers)

    async def _until_nothing_runs(self) -> None:
        """Wait for what no client awaits: one-way messages, and calls that are cancelled."""
        while await self._count("status <> 'completed'"):  # noqa: ASYNC110 - a server
            await asyncio.sleep(0.1)
        self._load.answered_at = monotonic()

    async def _count(self, condition: str) -> int:
        sql = f"SELECT count(1) AS n FROM sys_invocation WHERE {condition}"
        (row,) = await asyncio.to_thread(self._server.admin.query, sql)
        return int(row["n"])

    # What hangs, and what ends.

    @asynccontextmanager
    async def _watched(self) -> AsyncGenerator[None]:
        """End the run if nothing is answered for too long."""
        running = asyncio.current_task()
        assert running is not None
        watch = asyncio.create_task(self._watch(running))
        try:
            yield
        finally:
            watch.cancel()

    async def _watch(self, running: asyncio.Task[Any]) -> None:
        while monotonic() < self._load.answered_at + self._options.patience:  # noqa: ASYNC110 - a clock
            await asyncio.sleep(1)
        self._tell(f"WRONG: nothing was answered for {self._options.patience:g} s; what runs:")
        sql = (
            "SELECT id, target, status, retry_count, last_failure FROM sys_invocation"
            " WHERE status <> 'completed' LIMIT 20"
        )
        try:
            for row in await asyncio.to_thread(self._server.admin.query, sql):
                self._tell(str(row))
        finally:
            self._hangs = True
            running.cancel()

    async def _end_endpoints(self) -> None:
        for endpoint in self._endpoints:
            if left := await endpoint.end():
                self._wrong.append(f"workers {left} have outlived their supervisor")

    # The books.

    async def _compare(self, storm: Storm, growths: Sequence[Growth]) -> Report:
        """Compare what clients, objects and the log of effects have."""
        server, engines = self._server, self._options.engines
        self._to_endpoints.is_fair = True
        async with client_of(server.ingress_url, server.admin_url, engines[0]) as client:
            books = await _read_books(client, len(self._load.ordered))
        ordered, executed = self._load.ordered.values(), read_effects(self._effects)
        minutes = (monotonic() - self._began) / 60
        protocol = "v7" if self._options.v7 else "v6"
        complaints = server_complaints(server.log())
        for log in self._directory.glob("endpoint-*.log"):
            complaints += endpoint_complaints(log.read_text())
        return Report(
            f"seed {self._options.seed}, {' and '.join(engines)}, {protocol}: {minutes:.1f} minutes",
            self._load,
            await self._count("true"),
            storm,
            {"endpoints": self._to_endpoints, "the ingress": self._to_ingress},
            growths,
            audit(ordered, self._load.told, books, executed),
            [*self._load.wrong, *self._wrong, *complaints],
        )

    def _tell(self, text: str) -> None:
        """Print what happens."""
        sys.stdout.write(f"{monotonic() - self._began:7.1f} s  {text}\n")
        sys.stdout.flush()

    def _write_down(self, text: str) -> None:
        """Write what happens to a file, for finding out what went wrong."""
        with (self._directory / "storm.log").open("a") as log:
            log.write(f"{datetime.now(UTC):%H:%M:%S.%f}  {text}\n")


async def _read_books(client: IngressClient, orders: int) -> dict[str, Sequence[Entry]]:
    asking = Client(client)
    books: dict[str, Sequence[Entry]] = {}
    for key in books_of(orders):
        book = BookClient.from_client(client, key)
        books[f"{key.volume}/{key.shelf}"] = (await asking.answered(book.show)).entries
    return books
