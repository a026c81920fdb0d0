"""docs/typescript.md, followed word for word from an empty folder to calls on a real server.

`make interop` runs it with a Node.js that the SDK takes, wherever there is an older one.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from interop.toolchains import has_node
from tests.examples.followed_page import call, follow, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restate_proto.testing import RestateServer

pytestmark = pytest.mark.skipif(
    not has_node(os.environ["PATH"]), reason="the SDK takes Node.js 22: see make interop"
)

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/typescript.md"

# The clone's own folder has what these install.
INSTALLS = (
    "npm install @restatedev/restate-sdk@1.17 @restatedev/restate-sdk-clients@1.17 @bufbuild/protobuf@2",
    "npm install --save-dev @bufbuild/protoc-gen-es@2 typescript@5 @types/node@22",
)
SERVES = "node dist/src/cart.js"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder, once all that the page says has been done but for the last command."""
    folder = tmp_path_factory.mktemp("typescript")
    (folder / "package.json").write_text("{}")
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    assert follow(PAGE, folder, but=INSTALLS) == SERVES
    return folder


@pytest.fixture(scope="module")
def server(project: Path) -> Iterator[RestateServer]:
    with serving(SERVES, project, "started listening") as started:
        yield started


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
    program = """
        import { outsideOfRestate } from "./dist/src/calls.js";
        for (const _ of [1, 2]) console.log((await outsideOfRestate(process.argv[1])).ticketIds.join());
    """
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", program, server.ingress_url],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr
    # "abc" is one request, however often it is made.
    assert done.stdout.splitlines() == ["A1,A1", "no more than 2 tickets", "A1,A1"]
