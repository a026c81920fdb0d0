"""The plugins as zipapps do the same as the console scripts, with only Python and protoc."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scripts import zipapps
from tests.generate.golden_cases import CASES, REPOSITORY, protos

if TYPE_CHECKING:
    from collections.abc import Mapping

SCRIPTS = Path(sys.executable).parent
GENERATORS = [name for name in zipapps.PLUGINS if name.startswith("protoc-gen-")]

# Typed keys, errors, awakeables and raw handlers, with all files beside those of the contracts.
CONTRACTS = [
    REPOSITORY / "proto",
    *(CASES[name] for name in ("awakeables", "errors", "keys", "raw")),
]


@pytest.fixture
def plain(tmp_path: Path) -> dict[str, str]:
    """Return the environment of a machine that has Python, and no packages."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python3").symlink_to(Path(sys.executable).resolve())
    return {"PATH": os.pathsep.join([str(folder), "/usr/bin", "/bin"])}


def generate(plugin: Path, out: Path, env: Mapping[str, str]) -> dict[str, str]:
    """Return the files that protoc writes with a plugin, by path."""
    out.mkdir()
    files = [path for case in CONTRACTS for path in protos(case) if "/protocol/" not in path]
    protoc = [sys.executable, "-m", "grpc_tools.protoc", *(f"-I{case}" for case in CONTRACTS)]
    # Go wants to know the package of each contract, which these do not say.
    packages = [f"M{path}=example.com/{path.rpartition('/')[0]}" for path in files]
    options = [f"--x_opt={each}" for each in packages if "-go-" in plugin.name]
    subprocess.run(
        [*protoc, f"--plugin=protoc-gen-x={plugin}", f"--x_out={out}", *options, *files],
        check=True,
        capture_output=True,
        env=env,
        timeout=120,
    )
    return {
        path.relative_to(out).as_posix(): path.read_text()
        for path in out.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("name", GENERATORS)
def test_a_zipapp_generates_what_the_console_script_does(
    name: str, tmp_path: Path, plain: dict[str, str]
) -> None:
    zipapp = zipapps.build(name, tmp_path)
    made = generate(zipapp, tmp_path / "made", plain)
    assert made
    assert made == generate(SCRIPTS / name, tmp_path / "wanted", dict(os.environ))


def test_the_check_plugin_answers(tmp_path: Path, plain: dict[str, str]) -> None:
    zipapp = zipapps.build("restate-proto-buf", tmp_path)
    for flag in ("--protocol", "--spec"):
        script = subprocess.run(
            [SCRIPTS / "restate-proto-buf", flag], check=True, capture_output=True, timeout=60
        )
        done = subprocess.run(
            [zipapp, flag], check=True, capture_output=True, env=plain, timeout=60
        )
        assert done.stdout == script.stdout


def test_the_same_modules_give_the_same_bytes(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    one, two = (zipapps.build("protoc-gen-java-restate", folder) for folder in folders)
    assert one.read_bytes() == two.read_bytes()


def test_every_plugin_is_a_console_script() -> None:
    assert all((SCRIPTS / name).is_file() for name in zipapps.PLUGINS)


def test_variables_of_the_environment_choose_no_other_protobuf(
    tmp_path: Path, plain: dict[str, str]
) -> None:
    zipapp = zipapps.build("protoc-gen-kotlin-restate", tmp_path)
    env = {**plain, "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "upb"}
    done = subprocess.run(
        [zipapp, "--version"], check=True, capture_output=True, env=env, timeout=60
    )
    assert done.stdout.startswith(b"protoc-gen-kotlin-restate ")
    assert not done.stderr
