"""The buf project that these tests start from."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.buf.project import BUF, Project
from tests.buf.shop import FILES, restate, template


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip these tests where buf is not installed: with the oldest dependencies."""
    for item in items:
        if BUF is None and Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="buf is not installed here"))


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("buf"))
    project.write(FILES)
    project.run("restate-proto", "export", "third_party")
    return project


@pytest.fixture
def project(prepared: Project, tmp_path: Path) -> Project:
    """Return a copy of the prepared project, for one test."""
    shutil.copytree(prepared.directory, tmp_path / "project")
    return Project(tmp_path / "project")


@pytest.fixture(scope="session")
def code(prepared: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the plugin's output for the prepared project, made in one call."""
    out = tmp_path_factory.mktemp("code")
    prepared.run("buf", "generate", "--template", template(restate(str(out))))
    return Project(out).files(".")
