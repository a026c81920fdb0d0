"""docs/java.md, followed word for word from an empty folder to calls on a real server.

It takes what Maven Central has, so `make interop` runs it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scripts import zipapps
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
        os.environ.get("FOLLOW_JAVA") != "1", reason="FOLLOW_JAVA=1 follows docs/java.md"
    ),
    pytest.mark.timeout(900),
]

PAGE = Path(__file__).parents[2] / "docs/java.md"
PLUGINS = PAGE.parent / "plugins.md"
SCRIPTS = Path(sys.executable).parent
LISTENS = "on port {port}"
SPRING = section(PAGE, "Spring Boot")
PLAIN = [block for block in blocks(PAGE) if block not in SPRING]

# What says which plugins are on PATH.
ON_PATH = re.compile(r" {10}<binaryPathPlugins>.*?</binaryPathPlugins>\n", re.DOTALL)

# The dependencies that Spring's takes the place of.
SDK = re.compile(
    r"(?: {4}<dependency>\n {6}<groupId>(?:dev\.restate|org\.apache\.logging\.log4j)<.*?"
    r"</dependency>\n){4}",
    re.DOTALL,
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder, once all that the page says has been done, and the command that serves."""
    folder = tmp_path_factory.mktemp("java")
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
    (command,) = re.findall(r"^`(mvn .*Calls .*)`\.$", PAGE.read_text(), re.MULTILINE)
    command = command.replace("http://127.0.0.1:8080", server.ingress_url)
    for _ in (1, 2):  # "abc" is one request, however often it is made
        assert run(command, project[0]).splitlines()[0] == "[A1]"


@pytest.mark.parametrize("is_on_path", [False, True])
def test_the_generator_may_be_one_file(
    project: tuple[Path, str], tmp_path: Path, *, is_on_path: bool
) -> None:
    """docs/plugins.md names two ways: a URL in the project, or PATH, by the name without `.pyz`."""
    folder, tools = tmp_path / "file", tmp_path / "file/tools"
    shutil.copytree(project[0], folder, ignore=shutil.ignore_patterns("target"))
    tools.mkdir()
    (tools / "python3").symlink_to(Path(sys.executable).resolve())
    file = zipapps.build("protoc-gen-java-restate", tools)
    if is_on_path:
        file.rename(file.with_suffix(""))
    else:
        (by_url,) = (each.text for each in section(PLUGINS, "Maven") if each.language == "xml")
        pom, places = ON_PATH.subn(lambda _: by_url, files(PLAIN)["pom.xml"])
        assert places == 1
        (folder / "pom.xml").write_text(pom)
    path = [str(tools), *os.environ["PATH"].split(os.pathsep)]
    env = os.environ | {"PATH": os.pathsep.join(each for each in path if Path(each) != SCRIPTS)}
    subprocess.run(["mvn", "-q", "generate-sources"], cwd=folder, env=env, check=True)
    assert len(list(folder.rglob("CartBase.java"))) == 1


def test_spring_boot(project: tuple[Path, str], tmp_path: Path) -> None:
    folder = tmp_path / "spring"
    shutil.copytree(project[0], folder, ignore=shutil.ignore_patterns("target"))
    starter = SPRING[0]
    assert starter.language == "xml"
    pom, places = SDK.subn(starter.text, files(PLAIN)["pom.xml"])
    assert places == 1
    (folder / "pom.xml").write_text(pom)
    check_spring_boot(SPRING, folder, LISTENS)
