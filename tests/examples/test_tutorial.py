"""docs/tutorial.md, followed step by step as written on a real server."""

from __future__ import annotations

import http.client
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import threading
from pathlib import Path
from queue import Queue
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from restate_proto.testing import RestateServer, find_restate_server

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tutorial.md"
PROGRAMS = Path(sys.executable).parent

# A fenced block, or what a call is said to answer.
_STEP = re.compile(r"^```(\w+)\n(.*?)^```$|answer is `([^`]+)`", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"(?:#|//) (\S+\.\w+)\n")

# What the test's own environment and server stand for.
GIVEN = (
    "python3 -m venv .venv",
    "source .venv/bin/activate",
    'pip install "${RESTATE_PROTO}[dev,generate]" pytest',
    "npm install",
    "npx restate-server",
)


class Newcomer:
    """A reader who follows the page, with the test's own addresses."""

    def __init__(self, folder: Path, server: RestateServer) -> None:
        self.folder = folder
        self.printed = ""
        self.failed = False
        self._server = server
        self._reloads = False
        self._ports: dict[str, str] = {}
        self._serving: dict[str, subprocess.Popen[str]] = {}
        self._said: Queue[str] = Queue()
        self._environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("RESTATE")},
            "PATH": os.pathsep.join([str(PROGRAMS), os.environ["PATH"]]),
            "COLUMNS": "200",
            "RESTATE_ADMIN_URL": server.admin_url,
            "RESTATE_SERVER": str(find_restate_server(directory=ROOT)),
            "PYTHONUNBUFFERED": "1",
        }

    def run(self, line: str) -> None:
        """Run a command of the page."""
        words = shlex.split(line)
        match words:
            case _ if line in GIVEN:
                pass
            case ["cd", directory]:
                self.folder /= directory
            case ["curl", address, *options]:
                self._call(address, options)
            case ["restate-proto", "serve", *arguments]:
                self._serve(arguments)
            case ["restate-proto", "deploy", *arguments]:
                self._run_program(["restate-proto", "deploy", *self._addressed(arguments)])
            case _:
                self._run_program(words)

    def write(self, name: str, text: str) -> None:
        """Write a file of the page; an endpoint that reloads has done so afterwards."""
        before = self._served() if self._reloads else None
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        while name == "main.py" and self._reloads and self._served() == before:
            pass

    def _served(self) -> object:
        """Return the services that the server finds at the address, without registering them."""
        address = f"http://127.0.0.1:{self._ports['9080']}"
        found = self._server.admin.register(address, force=True, dry_run=True)
        return [[each["name"] for each in it["handlers"]] for it in found.descriptions]

    def leave(self) -> None:
        """Stop all processes."""
        for process in self._serving.values():
            process.terminate()
            process.communicate()

    def _run_program(self, words: list[str]) -> None:
        done = subprocess.run(
            [str(PROGRAMS / words[0]), *words[1:]],
            cwd=self.folder,
            env=self._environ,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        self.printed += done.stdout + done.stderr
        self.failed = done.returncode != 0

    def _serve(self, arguments: list[str]) -> None:
        port = arguments[arguments.index("--port") + 1] if "--port" in arguments else "9080"
        if port in self._serving:  # stopped by Ctrl-C
            stopped = self._serving.pop(port)
            stopped.terminate()
            stopped.communicate()
        if port not in self._ports:
            with socket.create_server(("127.0.0.1", 0)) as taken:
                self._ports[port] = str(taken.getsockname()[1])
        if "--port" not in arguments:
            arguments = [*arguments, "--port", port]
        arguments[arguments.index("--port") + 1] = self._ports[port]
        process = subprocess.Popen(
            [str(PROGRAMS / "restate-proto"), "serve", *arguments],
            cwd=self.folder,
            env=self._environ,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._serving[port] = process
        self._reloads = "--reload" in arguments
        said = self._said = Queue[str]()

        def read() -> None:
            assert process.stdout is not None
            for line in process.stdout:
                said.put(line)
            said.put("")

        threading.Thread(target=read, daemon=True).start()
        self._wait_until_served()

    def _wait_until_served(self) -> None:
        while "Serving " not in (line := self._said.get()):
            assert line, "the endpoint has ended; what it said stands above"

    def _addressed(self, arguments: list[str]) -> list[str]:
        """Replace the page's ports by the test's own; 9080 is the default."""
        if not any(argument.startswith("http://") for argument in arguments):
            arguments = ["http://127.0.0.1:9080", *arguments]
        for said, own in self._ports.items():
            arguments = [argument.replace(f":{said}", f":{own}") for argument in arguments]
        return arguments

    def _call(self, address: str, options: list[str]) -> None:
        url = urlsplit(f"http://{address}")
        assert url.netloc == "127.0.0.1:8080"
        match options:
            case ["--json", body]:
                headers = {"content-type": "application/json"}
            case ["-X", "POST"]:
                body, headers = None, {}
            case _:
                raise AssertionError(options)
        connection = http.client.HTTPConnection(urlsplit(self._server.ingress_url).netloc)
        try:
            connection.request("POST", url.path, body, headers)
            response = connection.getresponse()
            self.printed = response.read().decode()
            assert response.status == http.client.OK, self.printed
        finally:
            connection.close()


@pytest.fixture
def server() -> Iterator[RestateServer]:
    """Run a server on which nobody has been greeted."""
    with RestateServer() as found:
        yield found


@pytest.fixture
def newcomer(tmp_path: Path, server: RestateServer) -> Iterator[Newcomer]:
    found = Newcomer(tmp_path, server)
    try:
        yield found
    finally:
        found.leave()


def test_every_step_does_what_the_page_says(newcomer: Newcomer, server: RestateServer) -> None:
    steps = list(_STEP.finditer(PAGE.read_text("utf-8")))
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        language, text, answer = step.groups()
        if answer is not None:
            assert json.loads(newcomer.printed) == json.loads(answer)
        elif language == "bash":
            newcomer.printed = ""
            for line in text.splitlines():
                newcomer.run(line)
                shown = after[2] if after is not None and after[1] == "text" else ""
                assert newcomer.failed == shown.startswith("error: "), (line, newcomer.printed)
        elif language == "text":
            for line in text.splitlines():
                assert line in newcomer.printed
        else:
            file = _FILE.match(text)
            assert file, text
            newcomer.write(file[1], text)
    rows = server.admin.query("SELECT endpoint FROM sys_deployment")
    assert len(rows) == 1  # the first version is removed


def test_the_readme_leads_to_the_page() -> None:
    assert "(docs/tutorial.md)" in (ROOT / "README.md").read_text("utf-8")
