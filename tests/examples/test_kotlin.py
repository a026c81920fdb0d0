"""docs/kotlin.md, followed word for word from an empty folder to calls on a real server.

It takes what Maven Central has, so `make interop` runs it.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.examples.followed_page import (
    call,
    check_spring_boot,
    follow,
    run,
    serving,
    show,
)
from tests.examples.markdown_code import blocks, files, section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restate_proto.testing import RestateServer

pytestmark = [
    pytest.mark.skipif(
        os.environ.get("FOLLOW_KOTLIN") != "1", reason="FOLLOW_KOTLIN=1 follows docs/kotlin.md"
    ),
    pytest.mark.timeout(900),
]

PAGE = Path(__file__).parents[2] / "docs/kotlin.md"
LISTENS = "on port {port}"
SPRING = section(PAGE, "Spring Boot")
PLAIN = [block for block in blocks(PAGE) if block not in SPRING]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder, once all that the page says has been done, and the command that serves."""
    folder = tmp_path_factory.mktemp("kotlin")
    return folder, follow(PLAIN, folder)


@pytest.fixture(scope="module")
def server(project: tuple[Path, str]) -> Iterator[RestateServer]:
    folder, serves = project
    with serving(serves, folder, LISTENS) as started:
        yield started


def test_the_handlers_do_as_the_page_says(server: RestateServer) -> None:
    assert call(server, "AddTicket", {"ticketId": "A1"}) == (200, {"ticketIds": ["A1"]})
    assert call(server, "AddTicket", {"ticket_id": "A2"}) == (200, {"ticketIds": ["A1", "A2"]})
    assert show(server) == b"\n\2A1\n\2A2"
    status, answer = call(server, "AddTicket", {"ticketId": "A3"})
    assert status == 409
    assert isinstance(answer, dict)
    assert answer["message"] == "the cart of bob is full"


def test_the_clients_do_as_the_page_says(server: RestateServer, project: tuple[Path, str]) -> None:
    (command,) = re.findall(r"^`(mvn .*CallsKt .*)`\.$", PAGE.read_text(), re.MULTILINE)
    command = command.replace("http://127.0.0.1:8080", server.ingress_url)
    for _ in (1, 2):  # "abc" is one request, however often it is made
        assert run(command, project[0]).splitlines()[0] == "[A1]"


def test_spring_boot(project: tuple[Path, str], tmp_path: Path) -> None:
    folder = tmp_path / "spring"
    shutil.copytree(project[0], folder, ignore=shutil.ignore_patterns("target"))
    starter = SPRING[0]
    assert starter.language == "xml"
    before, end, after = files(PLAIN)["pom.xml"].partition("  </dependencies>\n")
    (folder / "pom.xml").write_text(before + starter.text + end + after)
    check_spring_boot(SPRING, folder, LISTENS)
