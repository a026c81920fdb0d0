"""Lay out any text as Go doc comments, as gofmt does."""

from __future__ import annotations

import re
from textwrap import dedent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["doc_comment"]

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_ITEM = re.compile(r"(?:(?P<bullet>[-*+\u2022])|(?P<number>\d+)[.)])\s+(?P<text>.*)")

# The go command takes such a line for a condition of the build.
_CONSTRAINT = re.compile(r"^(\s*)(?=\+build(\s|$))")

# gofmt moves link definitions to the end of a comment, and makes some quotes typographic.
_LINK = re.compile(r"(?=\[[^\]]+\]:\s)")
_MARKS = re.compile(r"(?<!`)``(?!`)|''+")

_NO_HEADING = re.compile(r"""[;:!?+*/=\[\]{}_^°&§~%#@<">\\]|'(?!s( |$))|\.( |$)""")
_MARKED_HEADING = re.compile(r"^#[ \t]+(?=\S)")


def doc_comment(*paragraphs: str) -> list[str]:
    """Return the lines of a comment.

    Args:
        paragraphs: the paragraphs, which an empty line separates.
    """
    text = "\n\n".join(dedent(each.expandtabs(4)) for each in paragraphs if each)
    lines: list[str] = []
    for line in _laid_out(_CONTROL.sub("\ufffd", text).split("\n")):
        if line or (lines and lines[-1]):
            lines.append(line)
    while lines and not lines[-1]:
        lines.pop()
    lines = [
        f"# {line}" if _is_heading(lines[index - 1 : index + 3]) else _CONSTRAINT.sub(r"\1\\", line)
        for index, line in enumerate(lines)
    ]
    return [f"//{line}" if line[:1] in {"", "\t"} else f"// {line}" for line in lines]


def _is_heading(lines: list[str]) -> bool:
    """Tell whether gofmt takes the second of four lines for a heading."""
    if len(lines) < 4 or lines[0] or lines[2] or lines[3][:1] in {" ", "\t"}:
        return False
    line = lines[1]
    return line[:1].isupper() and line[-1].isalnum() and not _NO_HEADING.search(line)


def _laid_out(lines: list[str]) -> Iterator[str]:
    """Yield lines as gofmt lays them out; empty ones may follow each other."""
    start = 0
    while start < len(lines):
        end = start
        while end < len(lines) and (lines[end].startswith(" ") or not lines[end].strip()):
            end += 1
        block = lines[start:end]
        if any(line.strip() for line in block):
            yield from _indented(block)
        elif block:
            yield ""
        else:
            line = _MARKED_HEADING.sub("# ", _LINK.sub("\\\\", lines[start].rstrip()))
            yield _without_marks(line)
            end = start + 1
        start = end


def _indented(block: list[str]) -> Iterator[str]:
    """Yield a list as a list, and anything else as preformatted text."""
    while not block[0].strip():
        block = block[1:]
        yield ""
    if _ITEM.match(block[0].strip()):
        yield from _items(block)
    else:
        margin = min(len(line) - len(line.lstrip()) for line in block if line.strip())
        yield ""
        yield from (f"\t{line[margin:].rstrip()}" if line.strip() else "" for line in block)
    yield ""


def _items(block: list[str]) -> Iterator[str]:
    for line in filter(None, (line.strip() for line in block)):
        item = _ITEM.match(line)
        if item is None:
            yield _without_marks(f"    {line}")
        else:
            mark = " -" if item["bullet"] else f"{item['number']}."
            yield _without_marks(f" {mark} {item['text']}")


def _without_marks(line: str) -> str:
    return _MARKS.sub(lambda found: found[0][0], line)
