"""How the site's reference renders commands, options and docstrings."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytest.importorskip("sphinx", reason="the oldest dependencies have no site")
sys.path.append(str(ROOT / "docs" / "site"))

from command_reference import command_reference  # noqa: E402
from docstrings import to_rest  # noqa: E402
from options_reference import options_reference  # noqa: E402
from restatepb.v1 import options_pb2  # noqa: E402


def test_every_command_is_there_with_its_options() -> None:
    said = command_reference()
    assert "## restate-proto serve\n" in said
    assert "### restate-proto invocations list\n" in said
    assert "`--workers N`\n: The number of worker processes" in said
    assert "*environment: RESTATE_ADMIN_URL.* *default: http://127.0.0.1:9070.*" in said


def test_every_option_is_there_with_its_comment() -> None:
    said = options_reference()
    for extension in options_pb2.DESCRIPTOR.extensions_by_name:
        assert f"| `(restatepb.v1.{extension})` |" in said
    for type_ in (
        *options_pb2.DESCRIPTOR.message_types_by_name.values(),
        *options_pb2.DESCRIPTOR.enum_types_by_name.values(),
    ):
        assert f"\n## {type_.name}\n" in said
    assert "| `encoding` | [Encoding](#encoding) | How payloads are encoded." in said
    assert "map of `string` to `string`" in said
    assert not re.search(r"\|\s+\|$", said, re.MULTILINE), "one has no comment"


def test_markdown_of_docstrings_becomes_restructured_text() -> None:
    lines = [
        "`TerminalError`s of `ctx.run`, and `patch: `.",
        "```python",
        "await x",
        "```",
        "Returns:",
        "    The future: it is awaited.",
    ]
    assert list(to_rest(lines)) == [
        "`TerminalError`\\ s of `ctx.run`, and `patch:`.",
        "",
        ".. code-block:: python",
        "",
        "   await x",
        "",
        ":returns:",
        "    The future: it is awaited.",
    ]
