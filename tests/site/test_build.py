"""`make site` fails for links that lead nowhere, and renders what pages of the clone contain."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PICTURE = """<picture>
  <source media="(prefers-color-scheme: dark)" srcset="around-dark.svg">
  <img alt="Around" src="around-light.svg">
</picture>
"""


def build(folder: Path, text: str) -> tuple[str, str]:
    """Build a site of one page; return the page, and the complaints of the build."""
    pytest.importorskip("sphinx", reason="the oldest dependencies have no site")
    source = folder / "docs"
    source.mkdir()
    (source / "first-service.md").write_text("---\norphan: true\n---\n# First\n", "utf-8")
    (source / "index.md").write_text(text, "utf-8")
    for name in ("around-dark.svg", "around-light.svg"):
        shutil.copy(ROOT / "docs" / "performance" / name, source)
    out = folder / "out"
    command = [sys.executable, "-m", "sphinx", "-q", "-c", ROOT / "docs" / "site", source, out]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    return (out / "index.html").read_text("utf-8"), done.stderr


def test_what_leads_nowhere_is_told(tmp_path: Path) -> None:
    text = (
        "# Page\n\n[no page](nope.md)\n\n[no heading](first-service.md#nope)\n\n"
        "[no file](../restate_proto/nope.py)\n\n{py:obj}`restate_proto.nope`\n"
    )
    _, complaints = build(tmp_path, text)
    for what in ("nope.md", "#nope", "restate_proto/nope.py", "restate_proto.nope"):
        assert what.removeprefix("#") in complaints
    assert complaints.count("WARNING") == 4, complaints


def test_what_is_in_the_clone_is_named_and_pictures_follow_the_theme(tmp_path: Path) -> None:
    text = (
        f"# Page\n\nThe [README](../README.md), and [code](../examples/shop/main.py).\n\n{PICTURE}"
    )
    page, complaints = build(tmp_path, text)
    assert not complaints
    assert '<a class="reference internal" href="first-service.html">README</a>' in page
    assert '<span title="in the clone: examples/shop/main.py">code</span>' in page
    assert 'class="only-light" src="_images/around-light.svg"' in page
    assert 'class="only-dark" src="_images/around-dark.svg"' in page
    assert "<picture>" not in page
