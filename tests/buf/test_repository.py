"""The repository's own contracts, and those of its example of many languages, with buf."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.buf.project import GIT, ROOT, Project
from tests.buf.shop import restate, template

if TYPE_CHECKING:
    from pathlib import Path

POLYGLOT = ROOT / "examples" / "polyglot"
GO_OPTIONS = "dev/restate/sdk/go.proto"


@pytest.fixture
def repository(tmp_path: Path) -> Project:
    repository = Project(tmp_path / "repository")
    shutil.copytree(ROOT / "proto", repository.directory / "proto")
    shutil.copy(ROOT / "buf.yaml", repository.directory)
    return repository


@pytest.fixture
def polyglot(tmp_path: Path) -> Project:
    """The example, with the options that its own set-up fetches."""
    polyglot = Project(tmp_path / "polyglot")
    shutil.copytree(POLYGLOT / "proto", polyglot.directory / "proto")
    shutil.copy(POLYGLOT / "buf.yaml", polyglot.directory)
    polyglot.export_options()
    go = ROOT / "tests" / "generate" / "golden" / "go" / GO_OPTIONS
    polyglot.write({f"third_party/{GO_OPTIONS}": go.read_text("utf-8")})
    return polyglot


@pytest.mark.parametrize("name", ["repository", "polyglot"])
def test_contracts_are_linted_and_formatted(name: str, request: pytest.FixtureRequest) -> None:
    project: Project = request.getfixturevalue(name)
    project.run("buf", "lint")
    project.run("buf", "format", "--diff", "--exit-code", "proto")


@pytest.mark.skipif(GIT is None, reason="git is not installed here")
@pytest.mark.parametrize(
    ("name", "file", "rpc"),
    [
        ("repository", "shop/v1/cart.proto", "Checkout"),
        ("polyglot", "polyglot/java/v1/services.proto", "Look"),
    ],
)
def test_breaking_finds_a_removed_handler(
    name: str, file: str, rpc: str, request: pytest.FixtureRequest
) -> None:
    project: Project = request.getfixturevalue(name)
    project.commit()
    project.run("buf", "breaking", "--against", ".git#branch=main")
    path = project.directory / "proto" / file
    path.write_text(path.read_text().replace(f"rpc {rpc}(", f"rpc {rpc}Twice("))
    said = project.fails("buf", "breaking", "--against", ".git#branch=main")
    assert f'Previously present RPC "{rpc}"' in said


def test_code_is_generated_for_all_contracts_of_the_example(polyglot: Project) -> None:
    polyglot.run("buf", "generate", "--template", template(restate("gen")))
    expected = {
        path.relative_to(POLYGLOT / "proto").as_posix().replace(".proto", "_restate.py")
        for path in (POLYGLOT / "proto").rglob("*.proto")
        if "\nservice " in path.read_text("utf-8")
    }
    assert set(polyglot.files("gen")) == expected
