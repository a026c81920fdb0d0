"""The CI workflows run what `.ci/run` runs, with existing targets, on supported versions."""

from __future__ import annotations

import re
import tomllib
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(
    re.findall(r"^([a-z0-9-]+):.*##", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
)


def load(path: Path) -> dict[Any, Any]:
    return yaml.safe_load(path.read_text("utf-8"))


def combinations(job: dict[str, Any]) -> list[dict[str, str]]:
    """Return the jobs that a matrix makes, as far as our workflows use matrices."""
    matrix = dict(job.get("strategy", {}).get("matrix", {}))
    more = matrix.pop("include", [])
    return [dict(zip(matrix, values, strict=True)) for values in product(*matrix.values())] + more


def filled_in(command: str, values: dict[str, str]) -> str:
    return re.sub(r"\$\{\{ matrix\.(\w+) \}\}", lambda name: values[name[1]], command)


def commands(path: Path) -> list[str]:
    """Return every command of a workflow, with the values of its matrix."""
    return [
        filled_in(step["run"], values)
        for job in load(path)["jobs"].values()
        for step in job["steps"]
        if "run" in step
        for values in combinations(job)
    ]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_runs_targets_that_exist(path: Path) -> None:
    for command in commands(path):
        assert command.split()[0] == "make", command
        assert command.split()[1] in TARGETS, command


def test_every_step_of_ci_is_in_the_workflow() -> None:
    steps = re.findall(
        r"^ *step (make .+?)(?: +#.*)?$", (ROOT / ".ci/run").read_text(), re.MULTILINE
    )
    assert len(steps) > 10
    assert set(steps) <= set(commands(ROOT / ".github/workflows/ci.yml"))


def test_pages_are_the_site_that_make_builds() -> None:
    build, deploy = load(ROOT / ".github/workflows/pages.yml")["jobs"].values()
    assert commands(ROOT / ".github/workflows/pages.yml") == ["make site"]
    folder = re.search(
        r"sphinx-build .* docs (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    assert folder is not None
    assert build["steps"][-1]["with"] == {"path": f"{folder[1]}/"}
    assert deploy["permissions"] == {"pages": "write", "id-token": "write"}


def test_the_matrix_has_every_python_and_both_engines() -> None:
    matrix = load(ROOT / ".github/workflows/ci.yml")["jobs"]["test"]["strategy"]["matrix"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["requires-python"] == f">={matrix['python'][0]}"
    minors = [int(version.removeprefix("3.")) for version in matrix["python"]]
    assert minors == list(range(minors[0], minors[-1] + 1))
    (newest,) = re.findall(
        r"^\| Python \| \S+ \| (\S+) \|", (ROOT / "docs/versioning.md").read_text(), re.MULTILINE
    )
    assert matrix["python"][-1] == newest
    assert sorted(matrix["engine"]) == ["h2", "ngh2"]


@pytest.mark.parametrize(
    "path", sorted((ROOT / ".github").rglob("*.yml")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_local_actions_are_there(path: Path) -> None:
    text = path.read_text("utf-8")
    assert load(path)
    for name in re.findall(r"uses: \./(\S+)", text):
        assert (ROOT / name / "action.yml").is_file()


def test_hooks_run_tools_that_make_check_runs() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    check = makefile.partition("\ncheck:")[2].partition("\n\n")[0]
    for repository in load(ROOT / ".pre-commit-config.yaml")["repos"]:
        for hook in repository["hooks"]:
            entry = hook["entry"].removesuffix(" --force-exclude")
            assert f"\t{entry}" in check, hook["id"]
            if files := hook.get("files"):
                re.compile(files)
