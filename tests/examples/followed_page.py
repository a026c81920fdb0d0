"""Follow a page about a language: write its files, run its commands, serve and call."""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from restate_proto.testing import RestateServer
from tests.examples.markdown_code import commands, files
from tests.folders import write_files

if TYPE_CHECKING:
    from collections.abc import Container, Generator, Iterable

    from tests.examples.markdown_code import Block

__all__ = ["call", "check_spring_boot", "follow", "run", "serving", "show"]

# The generators and restate-proto are beside the Python that runs the tests.
_PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


def follow(page: Path | Iterable[Block], folder: Path, *, but: Container[str] = ()) -> str:
    """Do in a folder all that a page says.

    Args:
        page: the page, or some of its blocks.
        folder: the folder.
        but: commands that are not run, because what they install is there.

    Returns:
        The last command, which serves and is not run.
    """
    write_files(folder, files(page))
    *steps, serves = commands(page)
    for command in steps:
        if command not in but:
            run(command, folder)
    return serves


def run(command: str, folder: Path) -> str:
    """Run a command that has to succeed, and return what it printed."""
    done = subprocess.run(
        shlex.split(command),
        cwd=folder,
        env=os.environ | {"PATH": _PATH},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


@contextmanager
def serving(command: str, folder: Path, listens: str) -> Generator[RestateServer]:
    """Run the command that serves, and a Restate server that knows the endpoint.

    Args:
        command: the command.
        folder: the folder that it runs in.
        listens: a part of the line that it prints once it listens; `{port}` stands for the port.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = subprocess.Popen(
        shlex.split(command),
        cwd=folder,
        env=os.environ | {"PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert program.stdout is not None
    printed: list[str] = []
    try:
        for line in program.stdout:
            printed.append(line)
            if listens.format(port=port) in line:
                break
        else:
            raise AssertionError("".join(printed))
        with RestateServer() as started:
            started.admin.register(f"http://127.0.0.1:{port}")
            yield started
    finally:
        program.kill()
        program.wait()
        program.stdout.close()


def call(server: RestateServer, handler: str, body: object) -> tuple[int, object]:
    """Call a handler of bob's cart, and return the status and the JSON of the answer."""
    request = urllib.request.Request(
        f"{server.ingress_url}/seats.v1.Cart/bob/{handler}",
        json.dumps(body).encode(),
        {"content-type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def show(server: RestateServer) -> bytes:
    """Return what bob's cart shows: a call with no body, answered in the contract's encoding."""
    request = urllib.request.Request(f"{server.ingress_url}/seats.v1.Cart/bob/Show", method="POST")
    with urllib.request.urlopen(request) as response:
        body: bytes = response.read()
    return body


def check_spring_boot(section: Iterable[Block], folder: Path, listens: str) -> None:
    """Do what a page says about Spring Boot, and see that its property is the limit of a cart.

    Args:
        section: the blocks of the page about it.
        folder: the folder, which has the project of the page.
        listens: as for `serving`.
    """
    with serving(follow(section, folder), folder, listens) as started:
        for number in (1, 2, 3):
            status, answer = call(started, "AddTicket", {"ticketId": f"A{number}"})
        assert (status, answer) == (200, {"ticketIds": ["A1", "A2", "A3"]})
        status, _ = call(started, "AddTicket", {"ticketId": "A4"})
        assert status == 409, "the limit is the property's"
