"""The document model: pages of blocks, blocks of inline parts; no markup, nothing escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

__all__ = [
    "INDEX",
    "Anchor",
    "Badge",
    "Block",
    "Call",
    "Calls",
    "Cell",
    "Code",
    "Comment",
    "Heading",
    "Inline",
    "Link",
    "Page",
    "Paragraph",
    "Snippet",
    "Summary",
    "Table",
    "Text",
    "Tone",
]

INDEX = ""
"""The path of the page that lists the others."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place to link to.

    Args:
        page: the path of the page; `INDEX` or the path of a .proto file.
        name: what is there, by its full proto name; empty for the page itself.
    """

    page: str
    name: str = ""


class Tone(Enum):
    """What a badge is about; the value is the name of its style."""

    SERVICE = "service"
    OBJECT = "object"
    WORKFLOW = "workflow"
    HANDLER = "handler"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Text:
    """Words."""

    value: str


@dataclass(frozen=True, slots=True)
class Code:
    """Something as it is written in a contract, in JSON or in a program."""

    value: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link to a place in the documentation."""

    label: Code | Text
    target: Anchor


@dataclass(frozen=True, slots=True)
class Badge:
    """One or two words that set a thing apart."""

    value: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Summary:
    """One sentence of a proto comment, which is Markdown of anybody's hand."""

    markdown: str


@dataclass(frozen=True, slots=True)
class Comment:
    """A proto comment, which is Markdown of anybody's hand."""

    markdown: str


Inline = Text | Code | Link | Badge | Summary
Cell = tuple[Inline | Comment, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading.

    Args:
        level: 1 for the page's own, then 2 to 4.
        content: what it says.
        anchor: the name to link to it by; empty for none.
    """

    level: int
    content: tuple[Inline, ...]
    anchor: str = ""

    @property
    def title(self) -> str:
        """Its words, without badges."""
        return "".join(part.value for part in self.content if isinstance(part, Text | Code))


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph."""

    content: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Args:
        columns: their headings.
        rows: a cell for each column.
        anchors: the name to link to each row by, where rows have one.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    anchors: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, columns: Sequence[str], rows: Iterable[Sequence[Cell]], anchors: Iterable[str] = ()
    ) -> Table:
        """Returns a table without the columns in which all cells are empty."""
        rows = list(rows)
        kept = [number for number in range(len(columns)) if any(row[number] for row in rows)]
        return cls(
            tuple(columns[number] for number in kept),
            tuple(tuple(row[number] for number in kept) for row in rows),
            tuple(anchors),
        )


@dataclass(frozen=True, slots=True)
class Snippet:
    """Code to copy.

    Args:
        language: what highlighters call it.
        code: the text, without a final line break.
    """

    language: str
    code: str


@dataclass(frozen=True, slots=True)
class Call:
    """How to call a handler in one language.

    Args:
        language: its name for people.
        content: words and snippets.
    """

    language: str
    content: tuple[Paragraph | Snippet, ...]


@dataclass(frozen=True, slots=True)
class Calls:
    """How to call a handler in each language; a reader wants one."""

    choices: tuple[Call, ...]


Block = Heading | Paragraph | Comment | Table | Snippet | Calls


@dataclass(frozen=True, slots=True)
class Page:
    """A page.

    Args:
        path: its path; `INDEX` or the path of a .proto file.
        title: what a browser shows for it.
        blocks: what is on it.
    """

    path: str
    title: str
    blocks: tuple[Block, ...]

    def headings(self) -> Iterator[Heading]:
        """Yields the headings that can be linked to, for a table of contents."""
        for block in self.blocks:
            if isinstance(block, Heading) and block.anchor:
                yield block
