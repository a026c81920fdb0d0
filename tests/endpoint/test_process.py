"""A serving process: exceptions of handlers do not end it; signals do."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmark.v1.benchmark_pb2 import GreetRequest
from restate_proto.http2.client import Http2Client
from restate_proto.http2.exchange import Response
from restate_proto.protocol.frames import FrameDecoder, pack_header
from restate_proto.protocol.messages import MessageType
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Generator

    from google.protobuf.message import Message

ROOT = Path(__file__).parents[2]
V6 = (b"content-type", b"application/vnd.restate.invocation.v6")
PROGRAM = """
import asyncio, contextlib, sys
from datetime import timedelta
from benchmark.v1.benchmark_pb2 import GreetResponse
from benchmark.v1.benchmark_restate import GreeterBase
from restate_proto import Endpoint

async def leave(error):
    raise error

async def clean():
    try:
        await asyncio.sleep(3600)
    finally:
        print("cleaning", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        print("clean", flush=True)

def leave_a_thread(error):
    raise error

class Greeter(GreeterBase):
    async def greet(self, ctx, request):
        error = {"SystemExit": SystemExit, "KeyboardInterrupt": KeyboardInterrupt}.get(request.name.split()[-1])
        match request.name.split()[0]:
            case "handler":
                raise error(3)
            case "task":
                await asyncio.create_task(leave(error(3)))
            case "group":
                async with asyncio.TaskGroup() as group:
                    group.create_task(leave(error(3)))
            case "run":
                await ctx.run("leave", leave, error(3))
            case "thread":
                await ctx.run("leave", leave_a_thread, error(3))
            case "clean":
                ctx.run("clean", clean)
                await ctx.run("leave", leave, OSError("the disk is full"))
        return GreetResponse(greeting="Hello " + request.name)

grace, loop = sys.argv[1:]
if loop == "asyncio":
    sys.modules["uvloop"] = None  # as if it were not installed
Endpoint(Greeter(), engine="h2").serve("127.0.0.1:0", grace=timedelta(seconds=int(grace)))
"""


class Process:
    """A process that serves `PROGRAM`; its standard output is read line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.address = self.read_line().split()[-1]

    def read_line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def write_line(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self) -> int:
        return self._process.wait()

    async def greet(self, client: Http2Client, name: str) -> Response:
        return await client.request("POST", "/invoke/Greeter/greet", [V6], _invocation(name))


@contextmanager
def serving(grace: int = 30, loop: str = "uvloop") -> Generator[Process]:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(grace), loop],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'generated'}", "PATH": ""},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            yield Process(process)
        finally:
            process.kill()


def _invocation(name: str) -> bytes:
    command = pb.InputCommandMessage()
    command.value.content = GreetRequest(name=name).SerializeToString()
    start = pb.StartMessage(id=b"1", known_entries=1)
    return _frame(MessageType.START, start) + _frame(MessageType.INPUT, command)


def _frame(type_: int, message: Message) -> bytes:
    payload = message.SerializeToString()
    return pack_header(type_, 0, len(payload)) + payload


def _error(response: Response) -> pb.ErrorMessage:
    *_, (type_, payload) = FrameDecoder().feed(response.body)
    assert type_ == MessageType.ERROR
    return pb.ErrorMessage.FromString(payload)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("error", ["SystemExit", "KeyboardInterrupt"])
@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_a_process_that_serves_ends_by_signals_only(
    loop: str, error: str, number: signal.Signals
) -> None:
    async def scenario(process: Process) -> None:
        async with Http2Client(process.address) as client:
            for where in ("handler", "task", "group", "run", "thread"):
                response = await process.greet(client, f"{where} {error}")
                assert error in _error(response).message, where
                assert (await client.request("GET", "/health")).status == 200

    with serving(loop=loop) as process:
        asyncio.run(scenario(process))
        process.signal(number)
        assert process.wait() == 0


def test_the_process_does_not_end_before_the_cleanup_of_its_runs() -> None:
    """It waits even if the grace period is over and the attempt has ended."""

    async def scenario(process: Process) -> None:
        async with Http2Client(process.address) as client:
            response = await process.greet(client, "clean")
            *_, (type_, _) = FrameDecoder().feed(response.body)
            assert type_ == MessageType.ERROR

    with serving(grace=0) as process:
        asyncio.run(scenario(process))
        assert process.read_line() == "cleaning"
        process.signal(signal.SIGTERM)
        process.write_line()
        assert process.read_line() == "clean"
        assert process.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_lifespan_that_hangs_at_the_start(number: signal.Signals) -> None:
    program = PROGRAM.partition("async def leave(")[0] + (
        "class Greeter(GreeterBase):\n"
        "    async def greet(self, ctx, request):\n"
        "        return GreetResponse()\n"
        "@contextlib.asynccontextmanager\n"
        "async def lifespan():\n"
        "    try:\n"
        "        print('hangs', flush=True)\n"
        "        await asyncio.sleep(3600)\n"
        "        yield\n"
        "    finally:\n"
        "        print('gives up', flush=True)\n"
        "Endpoint(Greeter(), lifespan=lifespan).serve('127.0.0.1:0')\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'generated'}", "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "hangs\n"
        process.send_signal(number)
        try:
            output, errors = process.communicate(timeout=60)
        finally:
            process.kill()
        assert (output, errors, process.returncode) == ("gives up\n", "", 0)
