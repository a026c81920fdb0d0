"""`restate-proto serve` as a process, whose lines of output tests wait for."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.v1.benchmark_pb2 import GreetRequest, GreetResponse
from restate_proto.http2.client import Http2Client
from restate_proto.protocol.frames import FrameDecoder, pack_header
from restate_proto.protocol.messages import MessageType
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    import ssl
    from collections.abc import Generator

    from google.protobuf.message import Message

ROOT = Path(__file__).parents[2]

APP = """
import asyncio, os, sys
from benchmark.v1.benchmark_pb2 import GreetResponse
from benchmark.v1.benchmark_restate import GreeterBase
from restate_proto import Endpoint

class Greeter(GreeterBase):
    async def greet(self, ctx, request):
        if request.name == "wait":
            print("waits", file=sys.stderr, flush=True)
            await ctx.run("wait", self.wait)
        elif request.name:
            return GreetResponse(greeting="Hello " + request.name)
        return GreetResponse(greeting=str(os.getpid()))

    async def wait(self):
        # Until the test has made the file.
        while not os.path.exists("go on"):
            await asyncio.sleep(0.01)

endpoint = Endpoint(Greeter())
"""


class Serving:
    """A process that serves `app:endpoint` of a directory.

    Attributes:
        address: where it listens, as its first line says.
        log: the lines of its log so far.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.log: list[str] = []
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Serving 1 handler with "), line + self.rest()
        self.address = line.split()[-1]

    def expect(self, pattern: str) -> re.Match[str]:
        """Read the log up to a line in which the pattern is found."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line)
            if match := re.search(pattern, line):
                return match
        raise AssertionError(f"{pattern!r} is not in the log:\n{''.join(self.log)}")

    def workers(self) -> list[int]:
        """Return the process ids of the next line of the log that names workers."""
        found = self.expect(r"with workers? ([\d, ]+)|now go to workers? ([\d, ]+)")
        return [int(pid) for pid in (found[1] or found[2]).split(", ")]

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def rest(self) -> str:
        """Return the rest of the log, once all processes that can write to it have ended."""
        assert self.process.stderr is not None
        return self.process.stderr.read()

    def end(self) -> int:
        """Wait until it has ended, after SIGTERM; return the exit code."""
        self.signal(signal.SIGTERM)
        self.log.append(self.rest())
        return self.process.wait()


@contextmanager
def serving(
    directory: Path,
    *options: str,
    app: str | None = APP,
    environ: dict[str, str] | None = None,
    pass_fds: tuple[int, ...] = (),
) -> Generator[Serving]:
    """Serve until the block is left, unless the process ends before."""
    with starting(directory, *options, app=app, environ=environ, pass_fds=pass_fds) as process:
        yield Serving(process)


@contextmanager
def starting(
    directory: Path,
    *options: str,
    app: str | None = APP,
    environ: dict[str, str] | None = None,
    pass_fds: tuple[int, ...] = (),
) -> Generator[subprocess.Popen[str]]:
    """Start the process; end it and its workers when the block is left."""
    if app is not None:
        (directory / "app.py").write_text(app)
    where = () if "--uds" in options or "--fd" in options else ("--bind", "127.0.0.1:0")
    with subprocess.Popen(
        [sys.executable, "-m", "restate_proto", "serve", "app:endpoint", *where, *options],
        cwd=directory,
        env={
            "PYTHONPATH": f"{ROOT}:{ROOT / 'generated'}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PATH": os.environ["PATH"],
            **(environ or {}),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=pass_fds,
    ) as process:
        try:
            yield process
        finally:
            process.kill()
            if process.stderr is not None:
                process.stderr.read()  # workers end by themselves when the supervisor is gone


async def greet(client: Http2Client, name: str = "") -> str:
    """Return the handler's answer: by default the id of its process.

    One that waits ends suspended: nobody is here to confirm its run.
    """
    command = pb.InputCommandMessage()
    command.value.content = GreetRequest(name=name).SerializeToString()
    start = pb.StartMessage(id=b"1", known_entries=1)
    body = _frame(MessageType.START, start) + _frame(MessageType.INPUT, command)
    content_type = (b"content-type", b"application/vnd.restate.invocation.v6")
    response = await client.request("POST", "/invoke/Greeter/greet", [content_type], body)
    assert response.status == 200, response.body
    found = dict(FrameDecoder().feed(response.body))
    if MessageType.SUSPENSION in found:
        return "suspended"
    output = pb.OutputCommandMessage.FromString(found[MessageType.OUTPUT])
    return GreetResponse.FromString(output.value.content).greeting


async def pid_of_new_connection(address: str, context: ssl.SSLContext | None = None) -> int:
    """Return the process that serves one more connection."""
    async with Http2Client(address, ssl=context) as client:
        return int(await greet(client))


def _frame(type_: int, message: Message) -> bytes:
    payload = message.SerializeToString()
    return pack_header(type_, 0, len(payload)) + payload
