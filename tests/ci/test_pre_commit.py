"""The hooks of .pre-commit-hooks.yaml, run by pre-commit in the repository of a team."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.ci.conftest import BROKEN, CONTRACT, ROOT, Repository

if TYPE_CHECKING:
    import subprocess

HOOKS = ROOT / ".pre-commit-hooks.yaml"
PAGE = ROOT / "docs" / "ci.md"

pytestmark = pytest.mark.skipif(
    shutil.which("pre-commit", path=str(Path(sys.executable).parent)) is None,
    reason="pre-commit is not installed with the oldest dependencies",
)


def test_the_hooks_are_as_pre_commit_wants_them() -> None:
    Repository(ROOT).run("pre-commit", "validate-manifest", str(HOOKS))


def shown_configuration(url: str, revision: str) -> str:
    """Return the configuration that the page shows, for a clone."""
    blocks = re.findall(
        r"```yaml\n(# \.pre-commit-config\.yaml\n.*?)```", PAGE.read_text(), re.DOTALL
    )
    assert len(blocks) == 1
    config = yaml.safe_load(blocks[0])
    repo = config["repos"][0]
    assert {hook["id"] for hook in repo["hooks"]} == {
        hook["id"] for hook in yaml.safe_load(HOOKS.read_text())
    }
    repo["repo"], repo["rev"] = url, revision
    return yaml.safe_dump(config)


@pytest.mark.wheel
@pytest.mark.timeout(600)
def test_a_commit_is_refused_that_breaks_or_is_stale(
    project: Repository, team: Repository, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("pre-commit")

    def commit() -> subprocess.CompletedProcess[str]:
        team.run("git", "add", "--all")
        return team.call("git", "commit", "--message=a change", PRE_COMMIT_HOME=str(home))

    revision = project.run("git", "rev-parse", "HEAD")
    team.write(".pre-commit-config.yaml", shown_configuration(str(project.directory), revision))
    team.commit()
    team.run("pre-commit", "install")

    team.change_the_contract(CONTRACT.replace("value = 1;", "value = 1; int64 count = 2;"))
    done = commit()
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(re.findall(r"restate-proto .*Passed", done.stderr + done.stdout)) == 2

    team.change_the_contract(BROKEN)
    done = commit()
    assert done.returncode == 1
    assert "[HANDLER_RENAMED]" in done.stdout + done.stderr

    team.run("git", "reset", "--hard", "--quiet")
    team.write("proto/tally/v1/tally.proto", CONTRACT.replace("value", "count"))
    done = commit()
    assert done.returncode == 1
    assert f"{Path('gen/tally/v1/tally_pb2.py')} is stale" in done.stdout + done.stderr
