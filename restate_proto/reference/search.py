"""Make the index for the search box of the HTML pages: services, handlers, messages and enums."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from restate_proto.reference.comments import first_sentence
from restate_proto.reference.document import (
    INDEX,
    Anchor,
    Badge,
    Code,
    Comment,
    Heading,
    Link,
    Paragraph,
    Table,
    Tone,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from restate_proto.reference.document import Cell, Layout, Page

__all__ = ["search_index"]

_SERVICES = {Tone.SERVICE, Tone.OBJECT, Tone.WORKFLOW}
_TYPES = {"messages": "message", "enums": "enum"}


def search_index(pages: Iterable[Page], layout: Layout) -> str:
    """Return the index as JSON that can stand in a `<script>`.

    Args:
        pages: all pages.
        layout: the paths of the pages; links start at the index.

    Returns:
        An array with an array for each entry: its full name, its kind, the link to it, the first
        sentence of its comment, and the other words that find it: fields, values, paths.
    """
    entries = [
        [
            found.name,
            found.kind,
            layout.link(INDEX, Anchor(page.path, found.name)),
            found.summary,
            " ".join(found.words),
        ]
        for page in pages
        for found in _things(page)
    ]
    # `<` could end the element or begin a comment.
    return json.dumps(entries, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


@dataclass(slots=True)
class _Thing:
    """An entry of the index: a heading's subject, and what stands below the heading."""

    name: str
    kind: str
    summary: str = ""
    words: list[str] = field(default_factory=list[str])


def _things(page: Page) -> Iterator[_Thing]:
    thing, within = None, ""
    for block in page.blocks:
        match block:
            case Heading(level=2 | 3, anchor=name) if name:
                if thing is not None:
                    yield thing
                if block.level == 2:
                    kind = _service_kind(block)
                    within = "handler" if kind else _TYPES.get(name, "")
                else:
                    kind = within
                thing = _Thing(name, kind) if kind else None
            case Comment(markdown) if thing is not None:
                thing.summary = thing.summary or first_sentence(markdown)
            case Paragraph(content) if thing is not None:
                thing.words += _codes(content)  # a service's name in Restate, a handler's path
            case Table(rows=rows) if thing is not None:
                thing.words += (word for row in rows for word in _codes(row[0]))
            case _:
                pass
    if thing is not None:
        yield thing


def _service_kind(heading: Heading) -> str:
    kinds = (part for part in heading.content if isinstance(part, Badge) and part.tone in _SERVICES)
    return next((badge.value for badge in kinds), "")


def _codes(cell: Cell) -> Iterator[str]:
    for part in cell:
        label = part.label if isinstance(part, Link) else part
        if isinstance(label, Code):
            yield label.value
