"""The load generator: it plays restate-server on each workload, and never counts a wrong answer."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import pytest

from bench.load import Play, Task, connect
from bench.peers import PEERS
from bench.processes import Load, cpu_seconds, memory_kib, served
from bench.workloads import WORKLOADS, workload

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the benchmark reads /proc")


@pytest.fixture(scope="module")
def load() -> Iterator[Load]:
    process = Load()
    yield process
    process.close()


@pytest.mark.parametrize("name", ["ours", "h2", "floor"])
def test_every_workload_is_served(name: str, load: Load) -> None:
    peer = next(peer for peer in PEERS if peer.name == name)
    with served(peer.command) as (pid, port):
        before = cpu_seconds(pid)
        for work in WORKLOADS:
            if work in peer.workloads:
                result = load.run(Task(port, work, peer.encoding, in_flight=3, seconds=0))
                assert result["invocations"] == 3
        assert cpu_seconds(pid) > before
        assert memory_kib(pid) > 1_000
        if "many" in peer.workloads:
            task = Task(port, "many", peer.encoding, in_flight=1, seconds=0, parked=1_500)
            load.park(task)
            assert load.unpark(task)["invocations"] == 1_500


def test_a_refused_request_is_no_figure(load: Load) -> None:
    peer = next(peer for peer in PEERS if peer.name == "ours")
    with served(peer.command) as (_, port), pytest.raises(RuntimeError, match="the response has"):
        load.run(Task(port, "greet", "protobuf", in_flight=1, seconds=0, version=4))


@pytest.mark.parametrize("encoding", ["protobuf", "json"])
def test_a_wrong_answer_is_no_figure(encoding: str) -> None:
    work = workload("greet", encoding)
    with pytest.raises(ValueError, match=r"is not .*Hello world"):
        work.check(b"\x72\x04\x0a\x02{}")


def test_nobody_else_is_waited_for_where_nobody_listens(load: Load) -> None:
    with pytest.raises(RuntimeError, match="ConnectionRefusedError"):
        load.run(Task(1, "greet", "protobuf", in_flight=1, seconds=0))


def test_an_endpoint_that_never_answers_is_told_with_what_is_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bench.load.LIMIT_SECONDS", 0.1)

    async def against_silence() -> None:
        loop = asyncio.get_running_loop()
        async with await loop.create_server(asyncio.Protocol, "127.0.0.1", 0) as silent:
            port = silent.sockets[0].getsockname()[1]
            task = Task(port, "greet", "protobuf", in_flight=3, seconds=0)
            connection = await connect(Play(task), task.in_flight)
            await connection.finished()

    with pytest.raises(TimeoutError) as caught:
        asyncio.run(against_silence())
    assert str(caught.value) == (
        # It begins them when the endpoint's settings arrive.
        "0 invocations are open after 0.1 s, on the streams 0 to 0; 0 have answered, and 0 others "
        "have ended"
    )
