"""CONTRIBUTING.md, CHANGELOG.md, SECURITY.md and docs/versioning.md agree with the project."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from restate_proto.endpoint.manifest import MAX_MANIFEST_VERSION, MIN_MANIFEST_VERSION
from restate_proto.protocol import MAX_VERSION, MIN_VERSION

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", ROOT / "SECURITY.md"]


def supported(name: str) -> tuple[str, str]:
    """Return the oldest and the newest version in a row of docs/versioning.md."""
    text = (ROOT / "docs/versioning.md").read_text("utf-8")
    found = re.search(rf"^\| {re.escape(name)} \| (\S+) \| (\S+) \|", text, re.MULTILINE)
    assert found, name
    return found[1], found[2]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_names_is_there(page: Path) -> None:
    text = page.read_text("utf-8")
    targets = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"`?make ([a-z0-9-]+)", text):
        if f"`make {target}" in text or f"\nmake {target}" in text:
            assert re.search(rf"^{target}:", targets, re.MULTILINE), target
    for path in re.findall(
        r"`((?:restate_proto|restatepb|proto|tests|examples|interop)/[\w./]+)`", text
    ):
        if "NAME" not in path:
            assert (ROOT / path).exists() or (ROOT / "proto" / path).exists(), path
    for link in re.findall(r"\]\(([^)#]+?)(?:#[\w-]+)?\)", text):
        assert link.startswith("https://") or (ROOT / link).exists(), link


def test_the_supported_versions_are_those_of_the_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    python, protobuf = supported("Python")[0], supported("protobuf")
    assert project["requires-python"] == f">={python}"
    below = int(protobuf[1].removesuffix(".x")) + 1
    assert f"protobuf>={protobuf[0]},<{below}" in project["dependencies"]
    extras = project["optional-dependencies"]
    assert extras["betterproto"] == [f"betterproto=={supported('betterproto')[0]}"]
    assert extras["betterproto2"][0].startswith(f"betterproto2>={supported('betterproto2')[0]},")


def test_the_supported_versions_are_those_of_the_protocols() -> None:
    assert supported("service protocol of Restate") == (f"v{MIN_VERSION}", f"v{MAX_VERSION}")
    manifests = (f"v{MIN_MANIFEST_VERSION}", f"v{MAX_MANIFEST_VERSION}")
    assert supported("discovery manifest of Restate") == manifests
    assert f'"{supported("restate-server")[1]}"' in (ROOT / "package.json").read_text("utf-8")


def test_the_changelog_is_in_the_format_that_it_names() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    releases = re.findall(r"^## \[(.+?)\]", text, re.MULTILINE)
    assert releases[0] == "Unreleased"
    kinds = set(re.findall(r"^### (.+)$", text, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
