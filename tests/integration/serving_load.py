"""Load on `restate-proto serve --workers 2` while its workers are renewed, and the process handed over.

`python -m tests.integration.serving_load --minutes 5` runs it longer than the test does. Nothing may
be lost, and nothing retried: Restate logs each attempt that failed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.v1.benchmark_pb2 import AddRequest, GreetRequest
from benchmark.v1.benchmark_restate import CounterClient, GreeterClient
from restate_proto import IngressClient
from restate_proto.testing import RestateServer
from tests.serving.processes import starting

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

APP = """
import asyncio
from datetime import timedelta
from benchmark.v1.benchmark_pb2 import Count, GreetResponse
from benchmark.v1.benchmark_restate import CounterBase, GreeterBase
from restate_proto import Endpoint

class Greeter(GreeterBase):
    async def greet(self, ctx, request):
        match request.name.split():
            case ["sleep", milliseconds]:
                await ctx.sleep(timedelta(milliseconds=int(milliseconds)))
            case ["run", milliseconds]:
                await ctx.run("run", self.run, int(milliseconds))
        return GreetResponse(greeting=request.name)

    async def run(self, milliseconds):
        await asyncio.sleep(milliseconds / 1000)

class Counter(CounterBase):
    async def add(self, ctx, request):
        count = await ctx.get(self.COUNT) or Count()
        count.value += request.amount
        ctx.set(self.COUNT, count)
        return count

endpoint = Endpoint(Greeter(), Counter())
"""

CALLERS = 24
_FAILED = re.compile(r"^.*(?:WARN|ERROR).*(?:nvocation|attempt|eployment).*$", re.MULTILINE)


@dataclass
class Outcome:
    """What the load has seen.

    Attributes:
        calls: how many calls were answered, by kind.
        hangups: how often new workers took the place of others.
        handovers: how often another process took the place of the one that serves.
        kills: how often a worker was killed.
        complaints: the lines of Restate's log about attempts that failed.
    """

    calls: Counter[str] = field(default_factory=Counter[str])
    hangups: int = 0
    handovers: int = 0
    kills: int = 0
    complaints: list[str] = field(default_factory=list[str])


async def run_load(
    directory: Path, enough: Callable[[Outcome], bool], *, kill: bool = False
) -> Outcome:
    """Call handlers until it is enough, with a SIGHUP and a handover by SIGTERM in turn.

    Args:
        directory: an empty directory.
        enough: whether it is; asked after each of the two.
        kill: whether a worker is killed instead of the two.
    """
    outcome = Outcome()
    async with AsyncExitStack() as stack:
        bound = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        options = ("--fd", str(bound.fileno()), "--workers", "2")

        async def serve() -> Process:
            started = starting(directory, *options, app=APP, pass_fds=(bound.fileno(),))
            process = Process(stack.enter_context(started))
            line = await process.line("serves http")
            process.workers = [int(pid) for pid in line.partition("workers ")[2].split(", ")]
            return process

        process = await serve()
        server = await stack.enter_async_context(RestateServer())
        await server.register(f"http://127.0.0.1:{bound.getsockname()[1]}")
        client = await stack.enter_async_context(IngressClient(server.ingress_url))
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for number in range(CALLERS):
                group.create_task(_call(client, number, outcome, stop))
            while not enough(outcome):
                await _some_calls(outcome)
                if kill:
                    os.kill(process.workers[0], signal.SIGKILL)
                    outcome.kills += 1
                    await process.line(" serves")
                    await _some_calls(outcome)
                    continue
                process.process.send_signal(signal.SIGHUP)
                await process.line("new connections now go to")
                outcome.hangups += 1
                await _some_calls(outcome)
                successor = await serve()
                process.process.send_signal(signal.SIGTERM)
                await process.line("all workers have stopped")
                process = successor
                outcome.handovers += 1
            stop.set()
        for number in range(CALLERS):
            counter = CounterClient.from_client(client, f"caller {number}")
            total = (await counter.add(AddRequest(amount=0))).value
            assert total == outcome.calls[f"add {number}"], f"caller {number}: {total}"
        outcome.complaints = _FAILED.findall(server.log())
    return outcome


class Process:
    """A process that serves, with its log.

    Attributes:
        process: the supervisor.
        workers: the ids of its first workers.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.workers: list[int] = []

    async def line(self, words: str) -> str:
        """Return the next line of its log that has these words."""

        def read() -> str:
            seen: list[str] = []
            assert self.process.stderr is not None
            for line in self.process.stderr:
                seen.append(line)
                if words in line:
                    return line
            raise AssertionError(f"{words!r} is not in the log: {''.join(seen)}")

        return await asyncio.to_thread(read)


async def _some_calls(outcome: Outcome) -> None:
    """Wait until each caller could have made some calls."""
    goal = outcome.calls.total() + 10 * CALLERS
    while outcome.calls.total() < goal:  # noqa: ASYNC110 - the callers only count
        await asyncio.sleep(0.02)


async def _call(client: IngressClient, number: int, outcome: Outcome, stop: asyncio.Event) -> None:
    """Make one caller's calls, of all kinds in turn."""
    greeter = GreeterClient.from_client(client)
    counter = CounterClient.from_client(client, f"caller {number}")
    while not stop.is_set():
        for words in ("at once", "sleep 30", "run 10"):
            answer = await greeter.greet(GreetRequest(name=words))
            assert answer.greeting == words
            outcome.calls[words] += 1
        outcome.calls[f"add {number}"] += 1
        count = await counter.add(AddRequest(amount=1))
        assert count.value == outcome.calls[f"add {number}"]


def main() -> None:
    """Run the load for some time, and print the outcome."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=5)
    minutes = parser.parse_args().minutes
    end = time.monotonic() + timedelta(minutes=minutes).total_seconds()
    with tempfile.TemporaryDirectory() as directory:
        outcome = asyncio.run(run_load(Path(directory), lambda _: time.monotonic() > end))
    sys.stdout.write(
        f"{outcome.calls.total()} calls, {outcome.hangups} SIGHUP, {outcome.handovers} SIGTERM, "
        f"{len(outcome.complaints)} complaints\n" + "\n".join(outcome.complaints[:20]) + "\n"
    )
    sys.exit(bool(outcome.complaints))


if __name__ == "__main__":
    main()
