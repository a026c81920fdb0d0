"""What a plain install contains on each platform: ngh2 and uvloop where they have wheels."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"

CPYTHON = "CPython"


def installed(**environment: str) -> set[str]:
    """Return the names of the dependencies on a platform."""
    project = tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]
    requirements = [Requirement(text) for text in project["dependencies"]]
    return {
        each.name for each in requirements if not each.marker or each.marker.evaluate(environment)
    }


@pytest.mark.parametrize(
    ("system", "machine", "python", "implementation", "brings"),
    [
        ("linux", "x86_64", "3.11", CPYTHON, {"ngh2", "uvloop"}),
        ("linux", "aarch64", "3.14", CPYTHON, {"ngh2", "uvloop"}),
        ("darwin", "x86_64", "3.12", CPYTHON, {"ngh2", "uvloop"}),
        ("darwin", "arm64", "3.15", CPYTHON, {"ngh2", "uvloop"}),
        ("win32", "AMD64", "3.11", CPYTHON, {"ngh2"}),
        ("win32", "ARM64", "3.13", CPYTHON, {"ngh2"}),
        ("win32", "x86", "3.11", CPYTHON, set[str]()),
        ("linux", "armv7l", "3.11", CPYTHON, set[str]()),
        ("linux", "riscv64", "3.13", CPYTHON, set[str]()),
        ("freebsd14", "amd64", "3.11", CPYTHON, set[str]()),
        ("linux", "x86_64", "3.16", CPYTHON, set[str]()),
        ("linux", "x86_64", "3.11", "PyPy", set[str]()),
    ],
)
def test_the_fast_libraries_are_asked_for_where_they_have_wheels(
    system: str, machine: str, python: str, implementation: str, brings: set[str]
) -> None:
    names = installed(
        sys_platform=system,
        platform_machine=machine,
        python_version=python,
        python_full_version=f"{python}.0",
        platform_python_implementation=implementation,
    )
    assert names & {"ngh2", "uvloop"} == brings
    assert names >= {"h2", "protobuf"}
