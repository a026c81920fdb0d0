"""Render pages as Markdown, in the dialect of GitHub and others."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from restate_proto.reference.comments import (
    escape_text,
    markdown_cell,
    markdown_code,
    markdown_comment,
    markdown_summary,
)
from restate_proto.reference.document import (
    MARK,
    Badge,
    Calls,
    Code,
    Comment,
    Heading,
    Layout,
    Link,
    Paragraph,
    Snippet,
    Summary,
    Table,
    Text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from restate_proto.reference.document import Block, Cell, Inline, Page

__all__ = ["render_markdown"]

_LAYOUT = Layout("README.md", ".md")


def render_markdown(pages: Sequence[Page]) -> dict[str, str]:
    """Render pages.

    Returns:
        The text of each file by its path.
    """
    return {_LAYOUT.path(page.path): _Renderer(page).text() for page in pages}


class _Renderer:
    def __init__(self, page: Page) -> None:
        self._page = page

    def text(self) -> str:
        return "\n\n".join((MARK, *self._blocks(self._page.blocks))) + "\n"

    def _blocks(self, blocks: Iterable[Block]) -> Iterator[str]:
        for block in blocks:
            match block:
                case Heading(level, content, anchor):
                    # On a line of its own: inside the heading, the anchor would be in its name.
                    if anchor:
                        yield _anchor(anchor)
                    yield f"{'#' * level} {self._inline(content)}"
                case Paragraph(content):
                    yield self._inline(content)
                case Comment(markdown):
                    yield markdown_comment(markdown)
                case Table():
                    yield "\n".join(self._table(block))
                case Snippet(language, code):
                    yield _fenced(language, code)
                case Calls(choices):
                    for call in choices:
                        yield f"<details>\n<summary>{escape(call.language)}</summary>"
                        yield from self._blocks(call.content)
                        yield "</details>"

    def _table(self, table: Table) -> Iterator[str]:
        yield f"| {' | '.join(map(escape_text, table.columns))} |"
        yield f"|{' --- |' * len(table.columns)}"
        for number, row in enumerate(table.rows):
            anchor = _anchor(table.anchors[number]) if table.anchors else ""
            cells = [self._cell(cell) for cell in row]
            yield f"| {anchor}{' | '.join(cells)} |"

    def _cell(self, cell: Cell) -> str:
        text = "".join(
            markdown_cell(part.markdown) if isinstance(part, Comment) else self._part(part)
            for part in cell
        )
        return text.replace("|", r"\|")

    def _inline(self, content: Iterable[Inline]) -> str:
        return "".join(map(self._part, content))

    def _part(self, part: Inline) -> str:
        match part:
            case Text(value):
                return escape_text(value)
            case Code(value):
                return markdown_code(value)
            case Link(label, target):
                return f"[{self._part(label)}]({_LAYOUT.link(self._page.path, target)})"
            case Badge(value):
                return f"*{escape_text(value)}*"
            case Summary(markdown):
                return markdown_summary(markdown)


def _anchor(name: str) -> str:
    return f'<a id="{escape(name)}"></a>'


def _fenced(language: str, code: str) -> str:
    mark = "`" * max(3, max(map(len, re.findall("`+", code)), default=0) + 1)
    return f"{mark}{language}\n{code}\n{mark}"
