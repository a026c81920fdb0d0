"""Contracts with the Kotlin code that is made of them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from restate_proto.generate.kotlin.generate import generate
from tests.generate.golden_cases import CASES, protos
from tests.protoc import compile_files

__all__ = ["KOTLIN_CASES", "check_expected", "generate_case"]

_HERE = Path(__file__).parent

KOTLIN_CASES = {
    **{name: CASES[name] for name in ("deprecated", "object", "service", "workflow")},
    "names": _HERE / "contracts/names",
}
"""The folders of contracts, by the name of the case."""


def generate_case(name: str, workspace: Path) -> dict[str, str]:
    """Generates the Kotlin code of a case.

    Args:
        name: the case.
        workspace: an empty folder.
    """
    case = KOTLIN_CASES[name]
    files = {path: (case / path).read_text() for path in protos(case)}
    return generate(compile_files(workspace, files, "", None))


def check_expected(name: str, made: dict[str, str]) -> None:
    """Compares code with what is expected; UPDATE_GOLDEN=1 takes it over instead."""
    expected = _HERE / "expected" / name
    if os.environ.get("UPDATE_GOLDEN") == "1":
        shutil.rmtree(expected, ignore_errors=True)
        for path, text in made.items():
            (expected / path).parent.mkdir(parents=True, exist_ok=True)
            (expected / path).write_text(text)
    wanted = {
        path.relative_to(expected).as_posix(): path.read_text()
        for path in sorted(expected.rglob("*.kt"))
    }
    assert sorted(made) == sorted(wanted)
    for path, text in made.items():
        assert text == wanted[path], f"{name}/{path}: UPDATE_GOLDEN=1 rewrites it"
