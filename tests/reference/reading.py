"""Write the pages of a contract that is given as text, and read what they say."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING, Any

from restate_proto.cli.contracts import load_contract
from restate_proto.reference.document import (
    Badge,
    Code,
    Comment,
    Heading,
    Link,
    Page,
    Paragraph,
    Summary,
    Table,
    Text,
)
from tests.reference.calls import pages_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["SERVICE", "Written", "links", "paragraphs", "table", "words"]

SERVICE = "service S { option (restatepb.v1.service) = {}; rpc Do(M) returns (M); }\n"


def words(parts: Any) -> str:
    """The words of inline parts."""
    found: list[str] = []
    for part in parts:
        match part:
            case Text(value) | Code(value):
                found.append(value)
            case Link(label, _):
                found.append(label.value)
            case Badge(value, _):
                found.append(f"({value})")
            case Comment(markdown) | Summary(markdown):
                found.append(markdown)
            case _:
                raise AssertionError(part)
    return "".join(found)


def table(page: Page, first: str) -> list[list[str]]:
    """The rows of the first table whose first column is called this."""
    found = next(b for b in page.blocks if isinstance(b, Table) and b.columns[0] == first)
    return [list(found.columns), *([words(cell) for cell in row] for row in found.rows)]


def paragraphs(page: Page) -> list[str]:
    return [words(block.content) for block in page.blocks if isinstance(block, Paragraph)]


def links(page: Page) -> Iterator[Link]:
    """Yield the links of a page."""
    for block in page.blocks:
        cells = [block.content] if isinstance(block, Heading | Paragraph) else []
        if isinstance(block, Table):
            cells = [cell for row in block.rows for cell in row]
        for cell in cells:
            yield from (part for part in cell if isinstance(part, Link))


class Written:
    """The pages of a contract that is given as text."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, body: str, **files: str) -> dict[str, Page]:
        head = 'syntax = "proto3"; package t.v1; import "restatepb/v1/options.proto";\n'
        (self._folder / "t.proto").write_text(head + dedent(body))
        for name, text in files.items():
            (self._folder / f"{name}.proto").write_text(dedent(text))
        return {page.path: page for page in pages_of(load_contract(self._folder))}
