"""The golden cases: folders of contracts with the expected output of the plugin."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ALL_CASES",
    "CASES",
    "REPOSITORY",
    "check_expected",
    "check_golden",
    "parameter",
    "protos",
    "tool",
]

REPOSITORY = Path(__file__).parents[2]
_GOLDEN = Path(__file__).parent / "golden"


def parameter(case: Path) -> str:
    """Return the plugin options of a case, from its file `parameter`."""
    file = case / "parameter"
    return file.read_text().strip() if file.is_file() else ""


ALL_CASES = {path.name: path for path in sorted(_GOLDEN.iterdir()) if path.is_dir()}
CASES = {name: case for name, case in ALL_CASES.items() if "messages=" not in parameter(case)}
"""Those for google.protobuf's messages."""


def protos(case: Path) -> list[str]:
    """Return the proto paths of a case."""
    return sorted(path.relative_to(case).as_posix() for path in case.rglob("*.proto"))


def check_expected(expected: Path, made: Mapping[str, str]) -> None:
    """Compare generated code with a folder; UPDATE_GOLDEN=1 takes it over instead.

    Args:
        expected: the folder.
        made: the text of each file by its path.
    """
    if os.environ.get("UPDATE_GOLDEN") == "1":
        shutil.rmtree(expected, ignore_errors=True)
        for path, text in made.items():
            (expected / path).parent.mkdir(parents=True, exist_ok=True)
            (expected / path).write_text(text)
    wanted = {
        path.relative_to(expected).as_posix(): path.read_text()
        for path in expected.rglob("*")
        if path.is_file()
    }
    assert sorted(made) == sorted(wanted)
    for path, text in made.items():
        assert text == wanted[path], f"{expected / path}: UPDATE_GOLDEN=1 rewrites it"


def check_golden(case: Path, out: Path) -> None:
    """Compare the Restate code in `out` with the case's; UPDATE_GOLDEN=1 takes it over instead."""
    made = {p.relative_to(out).as_posix(): p.read_text() for p in out.rglob("*_restate.py")}
    check_expected(case / "expected", made)


def tool(name: str) -> str | None:
    """Return a program of the tests' environment, or None."""
    return shutil.which(name, path=str(Path(sys.executable).parent))
