"""The documentation site: which pages there are, and what the navigation and the reference hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import restate_proto
from restate_proto import testing

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md"))
_TREE = re.compile(r"^```\{toctree\}\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def navigated(page: str) -> list[str]:
    """Return the pages below a page in the navigation, at any depth."""
    found: list[str] = []
    for tree in _TREE.findall((DOCS / f"{page}.md").read_text("utf-8")):
        for line in tree.splitlines():
            if line and not line.startswith(":"):
                name = (Path(page).parent / line).as_posix()
                found += [name, *navigated(name)]
    return found


def test_every_page_is_in_the_navigation_once() -> None:
    assert sorted(["index", *navigated("index")]) == PAGES


@pytest.mark.parametrize(
    ("module", "names"),
    [("restate_proto", restate_proto.__all__), ("restate_proto.testing", testing.__all__)],
)
def test_every_public_name_is_described_once(module: str, names: list[str]) -> None:
    described: list[str] = []
    for page in (DOCS / "reference").glob("*.md"):
        current = ""
        for line in page.read_text("utf-8").splitlines():
            if line.startswith(".. currentmodule:: "):
                current = line.split()[-1]
            elif line.startswith(".. auto") and current == module:
                described.append(line.split()[-1])
    assert sorted(described) == sorted(set(names) - {"__version__"})
