"""A buf user's project in a temporary directory, with the real buf."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(sys.executable).parent

BUF = shutil.which("buf", path=str(PROGRAMS))
GIT = shutil.which("git")


@dataclass(frozen=True)
class Project:
    """A folder with files, in which commands run.

    Args:
        directory: where it is.
    """

    directory: Path

    def write(self, files: Mapping[str, str]) -> None:
        """Write files given by path and text."""
        for name, text in files.items():
            path = self.directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text).lstrip("\n"), "utf-8")

    def export_options(self) -> None:
        """Put options.proto into third_party, as `restate-proto export` does."""
        name = "restatepb/v1/options.proto"
        self.write({f"third_party/{name}": (ROOT / "proto" / name).read_text("utf-8")})

    def files(self, folder: str) -> dict[str, str]:
        """The files below a folder, by their path in it."""
        top = self.directory / folder
        return {
            path.relative_to(top).as_posix(): path.read_text("utf-8")
            for path in sorted(top.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        }

    def call(self, *command: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command, which may fail."""
        return subprocess.run(
            command,
            cwd=self.directory,
            env=self._environ() | environ,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    def run(self, *command: str, **environ: str) -> str:
        """Run a command that works; return what it printed."""
        done = self.call(*command, **environ)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def fails(self, *command: str) -> str:
        """Run a command that has to fail; return its error output."""
        done = self.call(*command)
        assert done.returncode != 0, f"{command} works"
        return done.stdout + done.stderr

    def commit(self) -> None:
        """Make the folder a git repository, with all files committed on the branch main."""
        identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
        self.run("git", "init", "--quiet", "--initial-branch=main")
        self.run("git", "add", "--all")
        self.run("git", *identity, "commit", "--quiet", "--message=all")

    def _environ(self) -> dict[str, str]:
        nowhere = "http://127.0.0.1:9"  # what asks the network fails, and is found
        return {
            "PATH": os.pathsep.join([str(PROGRAMS), os.environ.get("PATH", os.defpath)]),
            "HOME": str(self.directory),
            "HTTP_PROXY": nowhere,
            "HTTPS_PROXY": nowhere,
            "PYTHONDONTWRITEBYTECODE": "1",
        }
