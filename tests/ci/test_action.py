"""action.yml: its steps, run as a runner of GitHub runs them, in the repository of a team."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ci.conftest import BROKEN, CONTRACT, PROGRAMS, ROOT, Repository

ACTION: Any = yaml.safe_load((ROOT / "action.yml").read_text())
PAGE = ROOT / "docs" / "ci.md"

_EXPRESSION = re.compile(r"\$\{\{ *(.*?) *\}\}")

needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed here")


@dataclass
class Runner:
    """Runs the steps of the action, with as much of GitHub's expressions as they use.

    Args:
        repository: the work tree of the job.
        temporary: an empty folder.
        inputs: those that the job gives.
        base_ref: the branch that a pull request goes to; empty elsewhere.
        path: where programs are looked for.
    """

    repository: Repository
    temporary: Path
    inputs: dict[str, str]
    base_ref: str = ""
    path: str = f"{PROGRAMS}{os.pathsep}{os.defpath}"
    action: Path = ROOT
    said: str = ""
    ran: list[str] = field(default_factory=list[str])

    def run(self) -> int:
        """Run the steps up to the first that fails; return the exit code of the last."""
        added = self.temporary / "added"
        added.write_text("")
        values = {f"inputs.{name}": each["default"] for name, each in ACTION["inputs"].items()}
        values |= {f"inputs.{name}": value for name, value in self.inputs.items()}
        values["github.base_ref"] = self.base_ref
        for step in ACTION["runs"]["steps"]:
            assert not _EXPRESSION.search(step["run"]), "an input in a script is run as a script"
            if not self._is_wanted(step.get("if", ""), values):
                continue
            path = os.pathsep.join([*reversed(added.read_text().split()), self.path])
            environ = {
                name: _EXPRESSION.sub(lambda found: values[found[1]], value)
                for name, value in step["env"].items()
            }
            done = self.repository.call(
                *("env", f"PATH={path}", "bash", "--noprofile", "--norc", "-eo", "pipefail"),
                *("-c", step["run"]),
                RUNNER_TEMP=str(self.temporary),
                GITHUB_PATH=str(added),
                GITHUB_ACTION_PATH=str(self.action),
                GITHUB_BASE_REF=self.base_ref,
                **environ,
            )
            self.ran.append(step["name"].split()[0])
            self.said += done.stdout + done.stderr
            if done.returncode:
                return done.returncode
        return 0

    @staticmethod
    def _is_wanted(condition: str, values: dict[str, str]) -> bool:
        alternatives = condition.split(" || ") if condition else []
        matches = [re.fullmatch(r"([\w.-]+) != ''", each) for each in alternatives]
        assert all(matches), condition
        return not matches or any(values[match[1]] for match in matches if match)


@pytest.fixture
def clone(team: Repository, tmp_path: Path) -> Repository:
    """Return a shallow clone of the team's repository, as a job has it."""
    team.run("git", "clone", "--quiet", "--depth=1", team.directory.as_uri(), str(tmp_path / "job"))
    return Repository(tmp_path / "job")


def runner(clone: Repository, tmp_path: Path, base_ref: str = "", **inputs: str) -> Runner:
    temporary = tmp_path / "runner"
    temporary.mkdir(exist_ok=True)
    given = {name.replace("_", "-"): value for name, value in inputs.items()}
    return Runner(clone, temporary, given, base_ref)


@needs_bash
def test_a_push_is_compared_with_what_is_generated(clone: Repository, tmp_path: Path) -> None:
    job = runner(clone, tmp_path, out="gen")
    assert job.run() == 0, job.said
    assert job.ran == ["Install", "Compare"]

    clone.write("proto/tally/v1/tally.proto", BROKEN)
    job = runner(clone, tmp_path, out="gen")
    assert job.run() == 1
    assert "gen/tally/v1/tally_restate.py is stale" in job.said


@needs_bash
def test_a_pull_request_is_compared_with_its_branch(
    team: Repository, clone: Repository, tmp_path: Path
) -> None:
    clone.change_the_contract(CONTRACT.replace("value = 1;", "value = 1; int64 count = 2;"))
    job = runner(clone, tmp_path, "main", out="gen")
    assert job.run() == 0, job.said
    assert job.ran == ["Install", "Compare", "Find"]

    clone.change_the_contract(BROKEN)
    job = runner(clone, tmp_path, "main", out="gen")
    assert job.run() == 1
    assert "::error title=HANDLER_RENAMED,file=proto/tally/v1/tally.proto,line=6" in job.said
    job = runner(clone, tmp_path, "main", breaking_options="--ignore HANDLER_RENAMED")
    assert job.run() == 0, job.said
    assert job.ran == ["Install", "Find"]


@needs_bash
def test_a_whole_clone_stays_whole(team: Repository, tmp_path: Path) -> None:
    first = team.run("git", "rev-parse", "HEAD")
    team.write("README.md", "")
    team.commit()
    team.run("git", "clone", "--quiet", str(team.directory), str(tmp_path / "whole"))
    whole = Repository(tmp_path / "whole")
    assert runner(whole, tmp_path, "main").run() == 0
    assert whole.run("git", "rev-parse", "--is-shallow-repository") == "false"
    assert runner(whole, tmp_path, against=first).run() == 0


@needs_bash
def test_several_folders_are_compared_each_with_the_others(
    team: Repository, tmp_path: Path
) -> None:
    other = CONTRACT.replace("tally.v1", "audit.v1").replace("Counter", "Audit")
    other = other.replace("message Total { int64 value = 1; }\n", "")
    other = other.replace("(Total)", "(tally.v1.Total)")
    other = other.replace("service", 'import "tally/v1/tally.proto";\nservice', 1)
    team.write("more/audit/v1/audit.proto", other)
    team.run("restate-proto", "generate", "proto", "more", "--out", "gen")
    before = team.commit()
    job = runner(team, tmp_path, proto="proto more", out="gen", against=before)
    assert job.run() == 0, job.said
    team.write("more/audit/v1/audit.proto", other.replace("rpc Add(", "rpc Increase("))
    job = runner(team, tmp_path, proto="more proto", against=before)
    assert job.run() == 1
    assert "file=more/audit/v1/audit.proto" in job.said


def test_the_page_gives_inputs_that_there_are() -> None:
    blocks = re.findall(r"```yaml\n(# \.github/.*?)```", PAGE.read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        steps = yaml.safe_load(block)["jobs"]["contract"]["steps"]
        (step,) = (each for each in steps if "restate-proto" in each.get("uses", ""))
        assert set(step.get("with", {})) <= set(ACTION["inputs"])
    for name in ACTION["inputs"]:
        assert f"| `{name}` |" in PAGE.read_text()


@needs_bash
@pytest.mark.wheel
@pytest.mark.timeout(600)
def test_a_runner_without_restate_proto_gets_it(
    project: Repository, clone: Repository, tmp_path: Path
) -> None:
    job = runner(clone, tmp_path, "main")
    job.action = project.directory
    job.path = os.defpath
    if not re.search(r" 3\.1[1-9]", clone.call("env", f"PATH={job.path}", "python3", "-V").stdout):
        pytest.skip("python3 is no Python 3.11 or newer here")
    assert job.run() == 0, job.said
    assert (tmp_path / "runner" / "added").read_text().endswith("/restate-proto/path\n")
