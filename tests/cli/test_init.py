"""`restate-proto init`: the new project runs and passes its tests, and nothing is overwritten."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from restate_proto.cli.init import SERVER_VERSION
from restate_proto.testing import find_restate_server

PROGRAMS = Path(sys.executable).parent
ROOT = Path(__file__).parents[2]
KINDS = ("service", "object", "workflow")


def run(*command: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a program of the environment."""
    return subprocess.run(
        [str(PROGRAMS / command[0]), *command[1:]],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "200", **environ},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def tree(folder: Path) -> dict[str, str]:
    """The text of all files below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.server
@pytest.mark.parametrize("kind", KINDS)
def test_a_new_project_passes_its_tests(kind: str, tmp_path: Path) -> None:
    made = run("restate-proto", "init", "my-shop", "--kind", kind, cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    project = tmp_path / "my-shop"
    before = tree(project)
    assert set(before) == {
        *(".gitignore", "README.md", "main.py", "package.json", "pyproject.toml"),
        *("proto/my_shop/v1/my_shop.proto", "tests/test_my_shop.py"),
        *("my_shop/v1/my_shop_pb2.py", "my_shop/v1/my_shop_pb2.pyi"),
        "my_shop/v1/my_shop_restate.py",
    }
    # What the README says to do after a change of the contract changes nothing yet.
    assert run("restate-proto", "generate", "proto", "--out", ".", cwd=project).returncode == 0
    assert tree(project) == before

    server = str(find_restate_server(directory=ROOT))
    tests = run("pytest", "-p", "no:cacheprovider", cwd=project, RESTATE_SERVER=server)
    assert tests.returncode == 0, tests.stdout + tests.stderr
    assert "passed" in tests.stdout


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.skipif(
    not all((PROGRAMS / tool).exists() for tool in ("buf", "mypy", "ruff")),
    reason="the oldest dependencies have no tools beside them",
)
def test_a_new_project_is_well_written(kind: str, tmp_path: Path) -> None:
    made = run("restate-proto", "init", ".", "--name", "cafe", "--kind", kind, cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    own = ["main.py", "tests/test_cafe.py"]
    checked = run("ruff", "check", "--isolated", *own, cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout
    written = run("ruff", "format", "--isolated", "--line-length=100", "--diff", *own, cwd=tmp_path)
    assert written.returncode == 0, written.stdout
    assert run("buf", "format", "--diff", "--exit-code", "proto", cwd=tmp_path).stdout == ""
    types = run("mypy", "--strict", "main.py", cwd=tmp_path, MYPYPATH=str(ROOT / "generated"))
    assert types.returncode == 0, types.stdout
    settings = tomllib.loads((tmp_path / "pyproject.toml").read_text("utf-8"))
    assert settings["project"]["name"] == "cafe"


def test_it_replaces_nothing(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_cafe.py").write_text("mine")
    (tmp_path / "other.txt").write_text("mine, too")
    result = run("restate-proto", "init", ".", "--name", "cafe", cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr == (
        "error: nothing is written, because these files exist already:\n    tests/test_cafe.py\n"
    )
    assert set(tree(tmp_path)) == {"tests/test_cafe.py", "other.txt"}


def test_a_folder_may_be_there(tmp_path: Path) -> None:
    (tmp_path / "cafe" / ".git").mkdir(parents=True)
    command = ("-m", "restate_proto", "init", "cafe")  # which sees the folder as a module
    assert run("python", *command, cwd=tmp_path).returncode == 0
    assert (tmp_path / "cafe" / "main.py").is_file()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("json", "'json' is a module already"),
        ("google", "'google' is a module already"),
        ("restate-proto", "'restate_proto' is a module already"),
        ("tests", "'tests' is a module already"),
        ("2fast", "'2fast' cannot be the name of a Python package"),
        ("class", "'class' cannot be the name of a Python package"),
        ("_shop", "'_shop' cannot be the name of a proto package"),
    ],
)
def test_names_that_would_not_work(name: str, reason: str, tmp_path: Path) -> None:
    result = run("restate-proto", "init", name, cwd=tmp_path)
    assert result.returncode == 2
    assert reason in result.stderr
    assert "--name" in result.stderr
    assert tree(tmp_path) == {}


def test_the_server_is_the_one_that_is_tested() -> None:
    assert (
        f'"@restatedev/restate-server": "{SERVER_VERSION}"' in (ROOT / "package.json").read_text()
    )
