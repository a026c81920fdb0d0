"""Which worker gets the next connection."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, cast

from restate_proto.serving.acceptor import Acceptor
from restate_proto.serving.worker_process import SILENT_SECONDS, WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Sequence


class Worker:
    """Takes connections without a process."""

    def __init__(self, connections: int = 0, streams: int = 0, silent: float = 0) -> None:
        self.load = (connections, streams)
        self.silent_seconds = silent
        self.takes = True
        self.taken: list[socket.socket] = []

    def give(self, connection: socket.socket) -> bool:
        if self.takes:
            self.load = (self.load[0] + 1, self.load[1])
            self.taken.append(connection)
        return self.takes


class World:
    """An acceptor, and clients of it."""

    def __init__(self) -> None:
        self.bound = socket.create_server(("127.0.0.1", 0))
        self.acceptor = Acceptor(self.bound)
        self.sockets: list[socket.socket] = []

    def use(self, *workers: Worker) -> None:
        self.acceptor.use(cast("Sequence[WorkerProcess]", workers))

    async def connect(self, workers: Sequence[Worker]) -> None:
        """Connect, and wait until one of the workers has the connection."""
        before = sum(len(worker.taken) for worker in workers)
        self.sockets.append(await asyncio.to_thread(socket.create_connection, self.address))
        while sum(len(worker.taken) for worker in workers) == before:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0)

    @property
    def address(self) -> tuple[str, int]:
        return self.bound.getsockname()

    def close(self, *workers: Worker) -> None:
        self.acceptor.close()
        for each in (*self.sockets, *(taken for worker in workers for taken in worker.taken)):
            each.close()


def place(workers: Sequence[Worker], connections: int) -> list[int]:
    """Return how many of some connections each worker gets."""

    async def go() -> list[int]:
        world = World()
        world.acceptor.open()
        world.use(*workers)
        for _ in range(connections):
            await world.connect(workers)
        world.close(*workers)
        return [len(worker.taken) for worker in workers]

    return asyncio.run(go())


def test_the_worker_with_the_fewest_connections_gets_the_next() -> None:
    assert place([Worker(3), Worker(1), Worker(2)], 6) == [1, 3, 2]


def test_among_equals_it_is_the_one_with_the_fewest_requests() -> None:
    assert place([Worker(1, 9), Worker(1, 3)], 1) == [0, 1]


def test_a_worker_that_is_silent_gets_none_while_others_answer() -> None:
    stuck = Worker(0, silent=SILENT_SECONDS + 1)
    assert place([stuck, Worker(5)], 2) == [0, 2]
    assert place([stuck], 1) == [1]


def test_a_worker_that_cannot_take_it_leaves_it_to_the_next() -> None:
    full = Worker()
    full.takes = False
    assert place([full, Worker(5)], 2) == [0, 2]


def test_connections_wait_while_there_is_no_worker() -> None:
    async def test() -> None:
        world, worker = World(), Worker()
        world.acceptor.open()
        waiting = socket.create_connection(world.address)
        world.sockets.append(waiting)
        await asyncio.sleep(0)
        world.use(worker)
        while not worker.taken:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0)
        assert worker.taken[0].getpeername() == waiting.getsockname()
        world.close(worker)

    asyncio.run(test())
