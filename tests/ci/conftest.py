"""A clone of this project in its present state, and a team's repository that refers to it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(sys.executable).parent

CONTRACT = """\
syntax = "proto3";
package tally.v1;
import "restatepb/v1/options.proto";
service Counter {
  option (restatepb.v1.object) = {};
  rpc Add(AddRequest) returns (Total);
}
message AddRequest { int64 amount = 1; }
message Total { int64 value = 1; }
"""
BROKEN = CONTRACT.replace("rpc Add(", "rpc Increase(")


@dataclass(frozen=True)
class Repository:
    """A git repository.

    Args:
        directory: its work tree.
    """

    directory: Path

    def call(self, *command: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the work tree, which may fail."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT")}
        kept["PATH"] = os.pathsep.join([str(PROGRAMS), kept.get("PATH", os.defpath)])
        return subprocess.run(
            command,
            cwd=self.directory,
            env=kept | environ,
            capture_output=True,
            text=True,
            check=False,
        )

    def run(self, *command: str, **environ: str) -> str:
        """Run a command that works; return what it printed."""
        done = self.call(*command, **environ)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout.strip()

    def write(self, name: str, text: str) -> None:
        """Write a file."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def start(self) -> None:
        """Make the directory a repository of its own."""
        self.run("git", "init", "--quiet", "--initial-branch=main")
        self.run("git", "config", "user.name", "Ada")
        self.run("git", "config", "user.email", "ada@example.com")

    def commit(self) -> str:
        """Commit all files without hooks; return the commit."""
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--no-verify", "--message=all")
        return self.run("git", "rev-parse", "HEAD")

    def change_the_contract(self, text: str) -> None:
        """Write the contract and the code generated from it."""
        self.write("proto/tally/v1/tally.proto", text)
        self.run("restate-proto", "generate", "proto", "--out", "gen")


@pytest.fixture
def team(tmp_path: Path) -> Repository:
    """Return a repository with a contract and its generated code, on the branch main."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed here")
    repository = Repository(tmp_path / "team")
    repository.directory.mkdir()
    repository.start()
    repository.change_the_contract(CONTRACT)
    repository.commit()
    return repository


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Return this project as a repository with one commit of the work tree's present state."""
    clone = Repository(tmp_path_factory.mktemp("project"))
    listed = Repository(ROOT).call("git", "ls-files", "-z", "-co", "--exclude-standard")
    if listed.returncode:
        pytest.skip("this is no clone of git")
    for name in listed.stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (clone.directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, clone.directory / name)
    clone.start()
    clone.commit()
    return clone
