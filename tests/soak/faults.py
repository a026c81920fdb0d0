"""Which process is killed when: a plan made from a seed, with times counted in answers."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from restate_proto.testing import RestateServer
    from tests.soak.load import Load
    from tests.soak.processes import EndpointProcess
    from tests.soak.proxy import Proxy

__all__ = ["Fault", "Planned", "Storm", "plan"]


class Fault(Enum):
    """What happens to a process."""

    KILL_SERVER = "kill of restate-server"
    KILL_ENDPOINT = "kill of an endpoint with its workers"
    KILL_ALL_ENDPOINTS = "kill of all endpoints"
    KILL_WORKER = "kill of a worker"
    KILL_SUPERVISOR = "kill of a supervisor"
    HANG_UP = "SIGHUP to a supervisor"
    HAND_OVER = "SIGTERM to a supervisor whose successor serves"
    CUT_ALL = "cut of all connections"


DECK = (*Fault, Fault.KILL_SERVER, Fault.KILL_ENDPOINT, Fault.KILL_WORKER)
"""Each round of the plan has these, in an order of its own."""

KILLS = frozenset(fault for fault in Fault if fault.name.startswith("KILL"))
_ANSWERS_BETWEEN = (10, 40)
_ANSWERS_MEANWHILE = 40
_LOOK_SECONDS = 0.02


@dataclass(frozen=True)
class Planned:
    """A fault.

    Args:
        fault: what happens.
        after: how many orders are answered before, since the fault before.
        which: which of the processes it happens to.
    """

    fault: Fault
    after: int
    which: int


def plan(seed: int) -> Iterator[Planned]:
    """Return the endless faults of a seed."""
    random = Random(f"faults {seed}")
    while True:
        for fault in random.sample(DECK, len(DECK)):
            yield Planned(fault, random.randint(*_ANSWERS_BETWEEN), random.randrange(2**16))


@dataclass
class Storm:
    """Lets the faults of a plan happen while clients have orders carried out.

    Args:
        server: the server.
        endpoints: those that serve.
        proxy: what is before them.
        tell: writes down what happens.

    Attributes:
        happened: how often what happened.
        wrong: what endpoints did when they were told to stop.
        is_over: whether nothing more is to happen.
    """

    server: RestateServer
    endpoints: list[EndpointProcess]
    proxy: Proxy
    tell: Callable[[str], None]
    happened: Counter[Fault] = field(default_factory=Counter[Fault])
    wrong: list[str] = field(default_factory=list[str])
    is_over: bool = False

    async def rage(self, seed: int, load: Load) -> None:
        """Let the faults happen until the storm is over."""
        for planned in plan(seed):
            goal = load.answered.total() + planned.after
            while load.answered.total() < goal:
                if self.is_over:
                    return
                await asyncio.sleep(_LOOK_SECONDS)
            self.tell(f"{planned.fault.value}, after {load.answered.total()} orders")
            await self._happen_under(load, planned)
            self.tell(f"{planned.fault.value}: over, after {load.answered.total()} orders")
            self.happened[planned.fault] += 1

    async def _happen_under(self, load: Load, planned: Planned) -> None:
        """Let a fault happen. The load goes on, but waits if a busy machine takes long."""
        goal = load.answered.total() + _ANSWERS_MEANWHILE
        happening = asyncio.create_task(self._happen(planned))
        try:
            while not happening.done():
                if load.answered.total() >= goal:
                    load.goes_on.clear()
                await asyncio.wait({happening}, timeout=_LOOK_SECONDS)
        finally:
            load.goes_on.set()
            if not happening.done():
                happening.cancel()
                await asyncio.wait({happening})
        happening.result()

    async def _happen(self, planned: Planned) -> None:
        endpoint = self.endpoints[planned.which % len(self.endpoints)]
        match planned.fault:
            case Fault.KILL_SERVER:
                await self.server.restart()
            case Fault.KILL_ENDPOINT:
                await endpoint.kill()
                await endpoint.start()
            case Fault.KILL_ALL_ENDPOINTS:
                for each in self.endpoints:
                    await each.kill()
                await asyncio.gather(*(each.start() for each in self.endpoints))
            case Fault.KILL_WORKER:
                endpoint.kill_worker(planned.which)
            case Fault.KILL_SUPERVISOR:
                await endpoint.kill_supervisor()
                await endpoint.start()
            case Fault.HANG_UP:
                endpoint.hang_up()
            case Fault.HAND_OVER:
                if status := await endpoint.hand_over(self.aim):
                    self.wrong.append(f"an endpoint has ended with {status} at SIGTERM")
            case Fault.CUT_ALL:
                await self.proxy.cut_all()
        self.aim()

    def aim(self) -> None:
        """Direct new connections to the processes that serve now."""
        self.proxy.ports = [each.port for each in self.endpoints]
