"""Run the tools and the programs of the languages."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

_STOP_SECONDS = 10
_LINES_OF_LOG = 20
_LENGTH_OF_LINE = 400


class CommandError(Exception):
    """A command failed or took too long; the message contains its output."""


@dataclass(frozen=True)
class Command:
    """A program to run.

    Attributes:
        argv: the program and its arguments.
        cwd: where it runs.
        environ: environment variables to add to those of this process.
    """

    argv: tuple[str, ...]
    cwd: Path
    environ: Mapping[str, str] = field(default_factory=dict[str, str])

    def __str__(self) -> str:
        return " ".join(self.argv)


async def run(command: Command, *, seconds: float) -> str:
    """Run a command to its end.

    Args:
        command: the command.
        seconds: how long it may take.

    Returns:
        Its output.

    Raises:
        CommandError: it failed or took too long.
    """
    process = await _spawn(command, STDOUT)
    try:
        async with asyncio.timeout(seconds):
            output, _ = await process.communicate()
    except TimeoutError:
        raise CommandError(f"{command}: took more than {seconds:.0f} seconds") from None
    finally:
        await _end(process, signal.SIGKILL)
    text = output.decode(errors="replace").strip()
    if process.returncode:
        raise CommandError(f"{command}: status {process.returncode}\n{text}")
    return text


@asynccontextmanager
async def serving(
    command: Command, ready: str, log: Path, *, seconds: float
) -> AsyncGenerator[str]:
    """Run a server while the context is entered.

    Args:
        command: the server; it gets the port to listen on as variable `PORT`.
        ready: the beginning of the line that it prints when it listens.
        log: the file for what it writes.
        seconds: how long it may take to start.

    Yields:
        Where it listens: `http://127.0.0.1:41234`.

    Raises:
        CommandError: it did not start.
    """
    port = _free_port()
    command = replace(command, environ={**command.environ, "PORT": str(port)})
    with log.open("wb", buffering=0) as file:
        process = await _spawn(command, file)
        listens = asyncio.Event()
        reading = asyncio.create_task(_read_output(process, ready.encode(), listens, file))
        listening = asyncio.create_task(listens.wait())
        try:
            await asyncio.wait(
                {reading, listening}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if not listens.is_set():
                raise CommandError(f"{command}: does not listen\n{end_of(log)}")
            yield f"http://127.0.0.1:{port}"
        finally:
            listening.cancel()
            await _end(process, signal.SIGTERM)
            await reading


async def _read_output(
    process: Process, ready: bytes, listens: asyncio.Event, log: IO[bytes]
) -> None:
    assert process.stdout
    async for line in process.stdout:
        if line.startswith(ready):
            listens.set()
        log.write(line)


async def _spawn(command: Command, errors: int | IO[bytes]) -> Process:
    try:
        return await asyncio.create_subprocess_exec(
            *command.argv,
            cwd=command.cwd,
            env={**os.environ, **command.environ},
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=errors,
            start_new_session=True,  # so that it can be ended with what it has started
        )
    except OSError as error:
        raise CommandError(f"{command}: {error}") from None


async def _end(process: Process, number: signal.Signals) -> None:
    """End a process together with the processes it has started."""
    if process.returncode is None:
        process.send_signal(number)
        with suppress(TimeoutError):
            async with asyncio.timeout(_STOP_SECONDS):
                await process.wait()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def end_of(log: Path) -> str:
    """Return the last lines of a log, long ones cut."""
    lines = log.read_text(errors="replace").splitlines()[-_LINES_OF_LOG:]
    return "\n".join(line[:_LENGTH_OF_LINE] for line in lines)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
