"""Show that a cluster loses nothing: `make demo-cluster`.

There are three nodes of Restate, and a ledger in two processes with two workers each. While callers
book transfers, a process and a node are killed, and two further versions of the code are deployed.
At the end, the accounts equal, to the unit, what the callers were told.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from time import monotonic

from rich.console import Console

from examples.cluster.balancer import Balancer
from examples.cluster.load import ACCOUNTS, CALLERS, Load
from examples.cluster.nodes import NODES, kill, make_nodes
from examples.cluster.process import WORKERS, LedgerProcess
from restate_proto.testing import RestateServer, find_restate_server

MOST_SECONDS = 300
BETWEEN_SECONDS = 4.0
"""How long the load goes on between two events."""


class Stage:
    """What runs, and says what happens to it.

    Attributes:
        began: when, by the monotonic clock.
    """

    def __init__(self, nodes: list[RestateServer], stack: AsyncExitStack) -> None:
        self.nodes = nodes
        self._stack = stack
        self._console = Console(highlight=False, markup=False, soft_wrap=True)
        self.began = monotonic()

    def tell(self, text: str) -> None:
        """Say what happens, and when."""
        self._console.print(f"{monotonic() - self.began:6.1f} s  {text}")

    async def serve(self, version: str) -> LedgerProcess:
        """Start a process that serves a version."""
        process = LedgerProcess(version)
        self._stack.push_async_callback(process.kill)
        await process.start()
        return process

    async def deploy(self, version: str, admin: RestateServer) -> None:
        """Start a version at an address of its own, and register it."""
        process = await self.serve(version)
        await admin.register(process.url)
        self.tell(f"version {version} is deployed: what has begun ends where it began")


async def play(stage: Stage, load: Load) -> None:
    """Do to the cluster what a bad day would do."""
    first, second = await asyncio.gather(stage.serve("1"), stage.serve("1"))
    balancer = Balancer([first.port, second.port])
    await balancer.start()
    try:
        await stage.nodes[0].register(balancer.url)
        stage.tell(f"version 1 is served by 2 processes with {WORKERS} workers each")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(load.run())
            stage.tell(f"{CALLERS} callers book transfers into {len(ACCOUNTS)} accounts")
            await asyncio.sleep(BETWEEN_SECONDS)
            await first.kill()
            stage.tell(f"one process of version 1 was killed, with {CALLERS} transfers under way")
            await asyncio.sleep(BETWEEN_SECONDS)
            await stage.deploy("2", stage.nodes[0])
            await asyncio.sleep(BETWEEN_SECONDS)
            kill(stage.nodes[0])
            stage.tell("node n1, which founded the cluster, was killed")
            await asyncio.sleep(BETWEEN_SECONDS)
            await stage.deploy("3", stage.nodes[1])
            await asyncio.sleep(BETWEEN_SECONDS)
            await stage.nodes[0].restart()
            stage.tell("node n1 is back, and has caught up")
            await asyncio.sleep(BETWEEN_SECONDS)
            load.end()
        stage.tell("every caller has its answer")
    finally:
        await balancer.stop()


async def account(stage: Stage, load: Load) -> bool:
    """Compare what callers were told with what the accounts have."""
    balances = await load.balances()
    amount = sum(balance.amount for balance in balances)
    transfers: Counter[str] = Counter()
    for balance in balances:
        transfers.update(balance.transfers)
    told = sum(load.booked.values())
    versions = ", ".join(
        f"{number} by version {version}" for version, number in sorted(load.booked.items())
    )
    repeated = ", ".join(f"{number} {name}" for name, number in load.repeated.items()) or "none"
    stage.tell(f"transfers that were answered: {told} ({versions})")
    stage.tell(f"requests that were sent again: {repeated}")
    until = load.silence_ended - stage.began
    stage.tell(
        f"longest time without any answer: {load.longest_silence:.1f} s, until {until:.1f} s"
    )
    stage.tell(f"the accounts have {amount}")
    if amount == told and transfers == load.booked:
        stage.tell("nothing was lost, and nothing was booked twice")
        return True
    stage.tell(f"WRONG: by version, the accounts have {dict(transfers)}")
    return False


async def main() -> bool:
    """Run the demo; returns whether the accounts are right."""
    with tempfile.TemporaryDirectory() as directory:
        async with asyncio.timeout(MOST_SECONDS), AsyncExitStack() as stack:
            nodes = make_nodes(Path(directory))
            stage = Stage(nodes, stack)
            stage.tell(f"{NODES} nodes start")
            async with asyncio.TaskGroup() as starting:
                for node in nodes:
                    starting.create_task(stack.enter_async_context(node))
            stage.tell("the cluster is ready: everything is kept by 2 nodes of the 3")
            load = Load([node.ingress_url for node in nodes])
            await play(stage, load)
            return await account(stage, load)


if __name__ == "__main__":
    find_restate_server()  # says what is missing before anything starts
    sys.exit(0 if asyncio.run(main()) else 1)
