"""Read the code in a Markdown page, for tests that execute it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"^(?:#|//|<!--) (\S+\.\w+)(?: -->)?$")
_ROW = re.compile(r"^\| (?!what |---)(.+?) \| `(.+)` \|$", re.MULTILINE)
_TABLE = re.compile(r"^\| what \| code \|\n", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Args:
        language: what stands after the fence.
        text: its lines.
        line: where it begins in the page.
    """

    language: str
    text: str
    line: int

    @property
    def file(self) -> str | None:
        """The path of the file, if the block's first line is a comment that names one."""
        found = _FILE.match(self.text.partition("\n")[0])
        return found[1] if found else None


def blocks(page: Path) -> list[Block]:
    """Return all fenced blocks of a page."""
    text = page.read_text("utf-8")
    return [
        Block(found[1], found[2], text.count("\n", 0, found.start()) + 1)
        for found in _FENCE.finditer(text)
    ]


def section(page: Path, heading: str) -> list[Block]:
    """Return the fenced blocks of a page's section `## heading`."""
    text = page.read_text("utf-8")
    begin = text.index(f"\n## {heading}\n") + 1
    end = text.find("\n## ", begin)
    first, last = (text.count("\n", 0, at) + 1 for at in (begin, end if end > 0 else len(text)))
    return [block for block in blocks(page) if first < block.line <= last]


def files(of: Path | Iterable[Block]) -> dict[str, str]:
    """Return the blocks that are files, by name."""
    return {block.file: block.text for block in _blocks_of(of) if block.file}


def commands(of: Path | Iterable[Block]) -> list[str]:
    """Return the shell commands of a page, or of some blocks."""
    return [
        line
        for block in _blocks_of(of)
        if block.language == "bash"
        for line in block.text.splitlines()
        if line and not line.startswith("#")
    ]


def _blocks_of(of: Path | Iterable[Block]) -> Iterable[Block]:
    return blocks(of) if isinstance(of, Path) else of


def tables(page: Path) -> Iterator[dict[str, str]]:
    """Return the tables of a page with the head `what | code`, as meanings by code."""
    _, *rest = _TABLE.split(page.read_text("utf-8"))
    for table in rest:
        rows = table.partition("\n\n")[0]
        yield {found[2]: found[1] for found in _ROW.finditer(rows)}
