"""docs/coming-from/python-sdk.md: an object of the official SDK is taken over on a real server."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from restate_proto.cli.generate import generate
from restate_proto.testing import RestateServer
from tests.asgi_servers import AsgiServer
from tests.examples.markdown_code import commands, files
from tests.folders import write_files

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.server
pytest.importorskip("restate", reason="the oldest dependencies have no official SDK")

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "coming-from" / "python-sdk.md"
PROGRAMS = Path(sys.executable).parent


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of the page, and what is generated from its contract."""
    folder = tmp_path_factory.mktemp("takeover")
    write_files(folder, files(PAGE))
    generate(folder / "proto", folder)
    return folder


@pytest.fixture(scope="module")
def server() -> Iterator[RestateServer]:
    with RestateServer() as found:
        yield found


@pytest.fixture(scope="module")
def old(project: Path) -> Iterator[AsgiServer]:
    """Serve the object on the official SDK."""
    server = AsgiServer("granian", "before:app", environ={"PYTHONPATH": str(project)})
    try:
        yield server
    finally:
        server.end(signal.SIGKILL)


@pytest.fixture(scope="module")
def new(project: Path) -> Iterator[str]:
    """Serve the object on this library as the page says, and yield its address."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
    (said,) = (line for line in commands(PAGE) if line.startswith("restate-proto serve"))
    words = said.replace("9081", port).split()
    with subprocess.Popen(
        [str(PROGRAMS / words[0]), *words[1:]],
        cwd=project,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        try:
            assert process.stdout is not None
            assert "Serving" in process.stdout.readline()
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def call(
    server: RestateServer, path: str, body: object, headers: dict[str, str] | None = None
) -> Any:
    connection = http.client.HTTPConnection(urlsplit(server.ingress_url).netloc)
    try:
        given = {"content-type": "application/json", **(headers or {})}
        connection.request("POST", path, json.dumps(body), given)
        response = connection.getresponse()
        text = response.read().decode()
        assert response.status in {200, 202}, text
        return json.loads(text) if text else None
    finally:
        connection.close()


def asked_approval(old: AsgiServer) -> str:
    """Return the id that the old code has printed, once its handler waits for nothing else."""
    while not (found := re.search(r"sign_1[\w-]+", old.said())):
        assert "Traceback" not in old.said(), old.said()
        time.sleep(0.02)
    return found[0]


def test_an_object_is_taken_over_with_its_state(
    server: RestateServer, old: AsgiServer, new: str
) -> None:
    server.admin.register(old.address)
    tea = {"sku": "tea", "quantity": 2}
    call(server, "/Cart/ada/add_item", tea)
    call(server, "/Cart/bea/add_item", tea)
    begun = call(server, "/Cart/bea/checkout/send", {})["invocationId"]
    approval = asked_approval(old)

    server.admin.register(new)
    cart = call(server, "/Cart/ada/add_item", {"sku": "cup", "quantity": 1})
    items = [tea, {"sku": "cup", "quantity": 1}]
    assert cart == {"items": items, "total_cents": 750}, "the state of the old code, in its names"
    rows = server.admin.query("SELECT value_utf8 FROM state WHERE service_key = 'ada'")
    assert json.loads(rows[0]["value_utf8"]) == cart
    assert call(server, "/Cart/ada/checkout", {}) == {"paid_cents": 750}
    assert not server.admin.query("SELECT value_utf8 FROM state WHERE service_key = 'ada'")

    # What has begun ends on the old code.
    call(server, f"/restate/awakeables/{approval}/resolve", "yes")
    connection = http.client.HTTPConnection(urlsplit(server.ingress_url).netloc)
    connection.request("GET", f"/restate/invocation/{begun}/attach")
    assert json.loads(connection.getresponse().read()) == {"paid_cents": 500}
    connection.close()


def test_the_old_code_reads_what_the_new_one_wrote(
    server: RestateServer, old: AsgiServer, new: str
) -> None:
    server.admin.register(new, force=True)
    tea = {"sku": "tea", "quantity": 2}
    call(server, "/Cart/carl/add_item", tea)
    server.admin.register(old.address, force=True)
    cart = call(server, "/Cart/carl/add_item", tea)
    assert cart == {"items": [tea, tea], "total_cents": 1000}
