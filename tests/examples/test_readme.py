"""The README's first service, followed as written on a real server."""

from __future__ import annotations

import http.client
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from restate_proto.testing import find_restate_server
from tests.examples.markdown_code import blocks, commands, files
from tests.folders import write_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restate_proto.testing import RestateServer

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PROGRAMS = Path(sys.executable).parent


def command(beginning: str) -> str:
    """Return the only command of the README that begins with this text."""
    (found,) = (line for line in commands(README) if line.startswith(beginning))
    return found


def run(line: str, *more: str, cwd: Path, **environ: str) -> str:
    """Run a command of the README; return what it printed."""
    words = shlex.split(line)
    program = shutil.which(words[0], path=os.pathsep.join([str(PROGRAMS), os.defpath]))
    assert program, f"{words[0]} is not installed"
    done = subprocess.run(
        [program, *words[1:], *more],
        cwd=cwd,
        env={**os.environ, "PATH": os.pathsep.join([str(PROGRAMS), os.defpath]), **environ},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def printed(sentence: str) -> str:
    """Return the output that the README shows: the code after this beginning of a sentence."""
    found = re.search(re.escape(sentence) + r" `([^`]+)`", README.read_text("utf-8"))
    assert found, sentence
    return found[1]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the files of the README, and what `generate` makes of them."""
    directory = tmp_path_factory.mktemp("project")
    write_files(directory, files(README))
    run(command("restate-proto generate"), cwd=directory)
    return directory


@pytest.fixture(scope="module")
def endpoint(project: Path) -> Iterator[str]:
    """The address of the README's endpoint."""
    serve = shlex.split(command("restate-proto serve"))
    program = [str(PROGRAMS / serve[0]), *serve[1:], "--port", "0"]
    with subprocess.Popen(program, cwd=project, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()


def curl(line: str, ingress_url: str) -> str:
    """Send a request as the curl command would."""
    _, address, option, data = shlex.split(line)
    assert option == "--json"
    url = urlsplit(f"http://{address}")
    assert url.netloc == "127.0.0.1:8080"
    connection = http.client.HTTPConnection(urlsplit(ingress_url).netloc)
    try:
        connection.request("POST", url.path, data, {"content-type": "application/json"})
        response = connection.getresponse()
        body = response.read().decode()
        assert response.status in {http.client.OK, http.client.ACCEPTED}, body
        return body
    finally:
        connection.close()


def test_the_first_service_answers_as_the_readme_says(
    project: Path, endpoint: str, restate_server: RestateServer
) -> None:
    deploy = command("restate-proto deploy")
    said = run(deploy, endpoint, "--admin-url", restate_server.admin_url, cwd=project)
    assert "greeter.v1.Greeter" in said

    answer = curl(command("curl 127.0.0.1:8080/greeter"), restate_server.ingress_url)
    assert answer == printed("The answer is")

    program = (project / "call.py").read_text("utf-8")
    (project / "call.py").write_text(
        program.replace("http://127.0.0.1:8080", restate_server.ingress_url), "utf-8"
    )
    assert run(command("python call.py"), cwd=project).strip() == printed("It prints")


@pytest.mark.server
def test_the_test_of_the_readme_passes(project: Path) -> None:
    server = str(find_restate_server(directory=ROOT))
    said = run("pytest -p no:cacheprovider", cwd=project, RESTATE_SERVER=server)
    assert "1 passed" in said


def test_protoc_makes_what_generate_makes(project: Path, tmp_path: Path) -> None:
    shutil.copytree(project / "proto", tmp_path / "proto")
    run(command("restate-proto export"), cwd=tmp_path)
    run(command("mkdir"), cwd=tmp_path)
    protoc = tmp_path / "bin" / "protoc"
    protoc.parent.mkdir()
    protoc.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m grpc_tools.protoc "$@"\n')
    protoc.chmod(0o755)
    path = os.pathsep.join([str(protoc.parent), str(PROGRAMS), os.defpath])
    subprocess.run(
        ["/bin/sh", "-c", command("protoc ")],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        check=True,
    )
    made = {
        path.relative_to(tmp_path / "gen").as_posix(): path.read_text("utf-8")
        for path in (tmp_path / "gen").rglob("*.py*")
    }
    assert sorted(made) == [
        "greeter/v1/greeter_pb2.py",
        "greeter/v1/greeter_pb2.pyi",
        "greeter/v1/greeter_restate.py",
    ]
    own = project / "greeter" / "v1" / "greeter_restate.py"
    assert made["greeter/v1/greeter_restate.py"] == own.read_text("utf-8")


def test_the_make_targets_of_the_readme_are_there() -> None:
    targets = set(
        re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    )
    named = {line.split()[1] for line in commands(README) if line.startswith("make ")}
    assert named >= {"demo", "test"}
    assert named <= targets


def test_the_readme_is_short_enough_to_be_read() -> None:
    assert len(README.read_text("utf-8").splitlines()) <= 350
    assert {block.language for block in blocks(README)} <= {"bash", "proto", "python"}
