"""The golden cases: folders of contracts with what the plugin makes of them."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

__all__ = ["ALL_CASES", "CASES", "REPOSITORY", "check_golden", "parameter", "protos", "tool"]

REPOSITORY = Path(__file__).parents[2]
_GOLDEN = Path(__file__).parent / "golden"


def parameter(case: Path) -> str:
    """Returns the plugin options of a case, from its file `parameter`."""
    file = case / "parameter"
    return file.read_text().strip() if file.is_file() else ""


ALL_CASES = {path.name: path for path in sorted(_GOLDEN.iterdir()) if path.is_dir()}
CASES = {name: case for name, case in ALL_CASES.items() if "messages=" not in parameter(case)}
"""Those for google.protobuf's messages."""


def protos(case: Path) -> list[str]:
    """Returns the proto paths of a case."""
    return sorted(path.relative_to(case).as_posix() for path in case.rglob("*.proto"))


def check_golden(case: Path, out: Path) -> None:
    """Compares the Restate code in `out` with the case's; UPDATE_GOLDEN=1 takes it over instead."""
    made = _texts(out)
    expected = case / "expected"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        shutil.rmtree(expected, ignore_errors=True)
        for name, text in made.items():
            (expected / name).parent.mkdir(parents=True, exist_ok=True)
            (expected / name).write_text(text)
    wanted = _texts(expected)
    assert list(made) == list(wanted)
    for name, text in made.items():
        assert text == wanted[name], f"{case.name}/expected/{name}: UPDATE_GOLDEN=1 rewrites it"


def tool(name: str) -> str | None:
    """Returns a program of the environment that runs the tests, or None."""
    return shutil.which(name, path=str(Path(sys.executable).parent))


def _texts(folder: Path) -> dict[str, str]:
    found = sorted(folder.rglob("*_restate.py"))
    return {path.relative_to(folder).as_posix(): path.read_text() for path in found}
