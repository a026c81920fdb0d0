"""Contracts with the Java code that is made of them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from restate_proto.generate.java.generate import generate
from tests.generate.golden_cases import CASES, protos
from tests.protoc import compile_files

__all__ = ["EXPECTED", "JAVA_CASES", "check_expected", "generate_case"]

_HERE = Path(__file__).parent
EXPECTED = _HERE / "expected"

JAVA_CASES = {
    **{name: CASES[name] for name in ("deprecated", "object", "service", "workflow")},
    "names": _HERE / "contracts/names",
}
"""The folders of contracts, by the name of the case."""


def generate_case(name: str, workspace: Path) -> dict[str, str]:
    """Generates the Java code of a case.

    Args:
        name: the case.
        workspace: an empty folder.
    """
    case = JAVA_CASES[name]
    files = {path: (case / path).read_text() for path in protos(case)}
    return generate(compile_files(workspace, files, "", None))


def _kept(name: str, path: str) -> bool:
    """Whether the expected text of a file is kept: of odd names the bases tell nearly enough."""
    return name != "names" or path.endswith(("Base.java", "/IngressClient.java"))


def check_expected(name: str, made: dict[str, str]) -> None:
    """Compares code with what is expected; UPDATE_GOLDEN=1 takes it over instead."""
    expected = EXPECTED / name
    made = {path: text for path, text in made.items() if _kept(name, path)}
    if os.environ.get("UPDATE_GOLDEN") == "1":
        shutil.rmtree(expected, ignore_errors=True)
        for path, text in made.items():
            (expected / path).parent.mkdir(parents=True, exist_ok=True)
            (expected / path).write_text(text)
    wanted = {
        path.relative_to(expected).as_posix(): path.read_text()
        for path in sorted(expected.rglob("*.java"))
    }
    assert sorted(made) == sorted(wanted)
    for path, text in made.items():
        assert text == wanted[path], f"{name}/{path}: UPDATE_GOLDEN=1 rewrites it"
