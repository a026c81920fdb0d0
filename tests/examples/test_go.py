"""docs/go.md, followed word for word from an empty folder to calls on a real server.

It takes what Go's module proxy has, so `make interop` runs it.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.examples.followed_page import call, follow, serving
from tests.go_toolchain import check_module

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restate_proto.testing import RestateServer

pytestmark = pytest.mark.skipif(
    os.environ.get("FOLLOW_GO") != "1", reason="FOLLOW_GO=1 follows docs/go.md"
)

PAGE = Path(__file__).parents[2] / "docs/go.md"
SERVES = "bin/cart"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder, once all that the page says has been done but for the last command."""
    folder = tmp_path_factory.mktemp("go")
    assert follow(PAGE, folder) == SERVES
    check_module(folder)
    return folder


@pytest.fixture(scope="module")
def server(project: Path) -> Iterator[RestateServer]:
    with serving(SERVES, project, "started listening") as started:
        yield started


@pytest.mark.timeout(600)
def test_the_handlers_do_as_the_page_says(server: RestateServer) -> None:
    assert call(server, "AddTicket", {"ticketId": "A1"}) == (200, {"ticketIds": ["A1"]})
    assert call(server, "AddTicket", {"ticket_id": "A2"}) == (200, {"ticketIds": ["A1", "A2"]})
    assert call(server, "Show", {}) == (200, {"ticketIds": ["A1", "A2"]})
    status, answer = call(server, "AddTicket", {"ticketId": "A3"})
    assert status == 409
    assert isinstance(answer, dict)
    assert answer["message"] == "the cart of bob is full"
    assert answer["metadata"] == {"restatepb.detail/seats.v1.CartFull": "CAI="}


def test_the_clients_do_as_the_page_says(server: RestateServer, project: Path) -> None:
    for _ in (1, 2):  # "abc" is one request, however often it is made
        done = subprocess.run(
            [project / "bin/calls", server.ingress_url],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.stdout, done.stderr) == ("[A1]\n", "")
