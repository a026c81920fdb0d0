"""The pages of a contract with a bit of everything, in Markdown."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from restate_proto.cli.contracts import load_contract
from restate_proto.reference.markdown import render_markdown
from tests.reference.calls import pages_of

GOLDEN = Path(__file__).parent / "golden"
GO_OPTIONS = Path(__file__).parents[1] / "generate" / "golden" / "go"


def test_the_pages_are_as_expected() -> None:
    made = render_markdown(pages_of(load_contract(GOLDEN / "contract", [GO_OPTIONS])))
    expected = GOLDEN / "expected"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        shutil.rmtree(expected, ignore_errors=True)
        for name, text in made.items():
            (expected / name).parent.mkdir(parents=True, exist_ok=True)
            (expected / name).write_text(text, "utf-8")
    wanted = {
        path.relative_to(expected).as_posix(): path.read_text("utf-8")
        for path in expected.rglob("*.md")
    }
    assert sorted(made) == sorted(wanted)
    for name, text in made.items():
        assert text == wanted[name], f"expected/{name}: UPDATE_GOLDEN=1 rewrites it"
