"""Render proto comments, which are Markdown by custom but may hold anything.

A comment cannot affect the rest of the page: its markup ends with it, its headings stay out of the
page's outline, and it makes no browser run or fetch anything.
"""

from __future__ import annotations

import html
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "escape_text",
    "first_sentence",
    "html_comment",
    "html_summary",
    "markdown_cell",
    "markdown_code",
    "markdown_comment",
    "markdown_summary",
]

_SCHEMES = {"", "http", "https", "mailto"}
_SENTENCE = re.compile(r"(.+?(?<!\be\.g)(?<!\bi\.e)(?<!\betc)[.!?])\s", re.DOTALL)
_CODE_SPAN = re.compile(r"((?<![\\`])(`+)(?!`).+?(?<!`)\2(?!`))", re.DOTALL)


def _parser(*, html: bool) -> MarkdownIt:
    # A browser would fetch an image from anywhere.
    return MarkdownIt("commonmark", {"html": html}).enable("table").disable("image")


def _as_paragraph(self: Any, tokens: Any, index: int, options: Any, env: Any) -> str:
    return "<p><strong>" if tokens[index].nesting == 1 else "</strong></p>\n"


def _link(self: Any, tokens: Any, index: int, options: Any, env: Any) -> str:
    token = tokens[index]
    token.attrSet("rel", "noopener noreferrer")
    return self.renderToken(tokens, index, options, env)


_HTML = _parser(html=False)
# The page has headings of its own.
_HTML.add_render_rule("heading_open", _as_paragraph)
_HTML.add_render_rule("heading_close", _as_paragraph)
_HTML.add_render_rule("link_open", _link)

# Parses as much markup as any other renderer might.
_WORST = _parser(html=True).enable("image")
_WORST.validateLink = lambda url: True


def html_comment(comment: str) -> str:
    """Render a comment as HTML."""
    return _HTML.render(comment)


def html_summary(comment: str) -> str:
    """Render the first sentence of a comment as HTML for the inside of a paragraph."""
    return _HTML.renderInline(first_sentence(comment))


def markdown_comment(comment: str) -> str:
    """Render a comment as Markdown without HTML, none of which affects what follows it."""
    text = _escape_blocks(comment)
    return text if _is_safe(text) else _fenced(comment)


def markdown_summary(comment: str) -> str:
    """Render the first sentence of a comment as Markdown for the cell of a table."""
    return markdown_cell(first_sentence(comment))


def markdown_cell(comment: str) -> str:
    """Render a comment as Markdown for the cell of a table: in one line."""
    lines = [_escape(line) for line in _lines(comment)]
    if not all(map(_is_safe, lines)):
        lines = [markdown_code(line) for line in _split(comment) if line.strip()]
    return "<br>".join(lines)


def escape_text(text: str) -> str:
    """Escape a text so that none of it is Markdown."""
    return re.sub(r"([\\`*_\[\]<>~#&])", r"\\\1", text)


def markdown_code(text: str) -> str:
    """Write inline code."""
    text = " ".join(_split(text)) or " "
    mark = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    space = " " if text.strip() and (text[0] in "` " or text[-1] in "` ") else ""
    return f"{mark}{space}{text}{space}{mark}"


def _split(text: str) -> list[str]:
    """Split a text at what Markdown takes for a line end."""
    return re.split("\r\n?|\n", text)


def first_sentence(comment: str) -> str:
    """Return the first sentence of a comment as Markdown on one line; empty if there is none."""
    tokens = _HTML.parse(comment)
    paragraphs = (
        words.content
        for before, words in pairwise(tokens)
        if before.type == "paragraph_open" and not before.level
    )
    content = next(paragraphs, "")
    found = _SENTENCE.match(content + " ")
    return " ".join((found[1] if found else content).split())


def _lines(comment: str) -> Iterator[str]:
    """Yield the paragraphs, list items and lines of code of a comment, each as Markdown."""
    mark = ""
    for token in _HTML.parse(comment):
        if token.type == "list_item_open":
            mark = f"{token.info}. " if token.info else "• "
        elif token.type == "inline":
            yield mark + " ".join(token.content.split())
            mark = ""
        elif token.type in {"fence", "code_block"}:
            yield from (markdown_code(line) for line in token.content.rstrip("\n").split("\n"))


def _escape_blocks(comment: str) -> str:
    """Escape a comment except for its code, and keep its layout."""
    lines = _split(comment)
    code: set[int] = set()
    for token in _HTML.parse(comment):
        if token.map is None:
            continue
        if token.type in {"fence", "code_block"}:
            code.update(range(*token.map))
        elif token.type == "heading_open" and not token.level:
            # The page has headings of its own.
            first, end = token.map
            title = lines[first].strip().strip("#").strip()
            lines[first:end] = [f"**{title}**"] + [""] * (end - first - 1)
    escaped: list[str] = []
    words: list[str] = []
    for number, line in enumerate(lines):
        if number in code or not line.strip():
            escaped += [*_escape("\n".join(words)).split("\n")] if words else []
            escaped.append(line)
            words = []
        else:
            words.append(line)
    return "\n".join([*escaped, *([_escape("\n".join(words))] if words else [])]).strip("\n")


def _escape(text: str) -> str:
    """Escape HTML and images outside of code spans."""
    parts = _CODE_SPAN.split(text)
    # The parts repeat: words, a code span, the backticks around it.
    for number in range(0, len(parts), 3):
        parts[number] = parts[number].replace("<", "&lt;").replace("![", r"\![")
    return "".join(part for number, part in enumerate(parts) if number % 3 != 2)


def _is_safe(text: str) -> bool:
    """Tell whether a text closes its own markup, and has no HTML, heading or unsafe link."""
    tokens = _WORST.parse(f"{text}\n\nend")
    if [(token.level, token.content) for token in tokens[-2:-1]] != [(1, "end")]:
        return False
    for token in tokens:
        if token.type == "html_block" or (token.type == "heading_open" and not token.level):
            return False
        for part in token.children or ():
            if part.type in {"html_inline", "image"}:
                return False
            if part.type == "link_open" and not _is_plain_link(str(part.attrGet("href"))):
                return False
    return True


def _is_plain_link(target: str) -> bool:
    try:
        return urlsplit(html.unescape(target).strip()).scheme.lower() in _SCHEMES
    except ValueError:
        return False


def _fenced(text: str) -> str:
    mark = "`" * max(3, max(map(len, re.findall("`+", text)), default=0) + 1)
    return "\n".join([f"{mark}text", *_split(text), mark])
