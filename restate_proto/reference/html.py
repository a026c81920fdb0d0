"""Renders pages as HTML: each stands alone, needs no script and fetches nothing."""

from __future__ import annotations

from functools import cache
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

from pygments.lexers import (
    get_lexer_by_name,  # pyright: ignore[reportUnknownVariableType] - options of any lexer
)
from pygments.token import Token

from restate_proto.reference.comments import html_comment, html_summary
from restate_proto.reference.document import (
    INDEX,
    Anchor,
    Badge,
    Calls,
    Code,
    Comment,
    Heading,
    Link,
    Paragraph,
    Snippet,
    Summary,
    Table,
    Text,
)
from restate_proto.reference.layout import MARK, Layout
from restate_proto.reference.style import STYLE, language_style

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pygments.lexer import Lexer
    from pygments.token import _TokenType  # pyright: ignore[reportPrivateUsage] - has no other name

    from restate_proto.reference.document import Block, Cell, Inline, Page

__all__ = ["render_html"]

_LAYOUT = Layout("index.html", ".html")
_CLASSES = (
    (Token.Keyword, "k"),
    (Token.Literal.String, "s"),
    (Token.Literal.Number, "m"),
    (Token.Comment, "c"),
    (Token.Name.Tag, "n"),  # the names of JSON
)

# Nothing but the page's own style: whatever a comment holds, no browser runs or fetches it.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def render_html(pages: Sequence[Page]) -> dict[str, str]:
    """Renders pages.

    Returns:
        The text of each file by its path.
    """
    home = next((page.title for page in pages if page.path == INDEX), "")
    return {_LAYOUT.path(page.path): _Renderer(page, home).text() for page in pages}


class _Renderer:
    """Renders one page; every method returns or yields HTML."""

    def __init__(self, page: Page, home: str) -> None:
        self._page = page
        self._home = home
        languages: dict[str, None] = {}
        for block in page.blocks:
            if isinstance(block, Calls):
                languages.update(dict.fromkeys(call.language for call in block.choices))
        self._languages = list(languages)

    def text(self) -> str:
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield "<!doctype html>"
        yield MARK
        yield '<html lang="en">'
        yield "<head>"
        yield '<meta charset="utf-8">'
        yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
        yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        yield f"<title>{escape(self._title())}</title>"
        yield f"<style>{STYLE}{language_style(map(_identifier, self._languages))}</style>"
        yield "</head>"
        yield "<body>"
        yield '<a class="skip" href="#main">Skip to the content</a>'
        yield "<header>"
        yield from self._breadcrumb()
        yield from self._language_choice()
        yield "</header>"
        yield '<div class="columns">'
        yield from self._contents()
        yield '<main id="main">'
        yield from self._blocks(self._page.blocks)
        yield "</main>"
        yield "</div>"
        yield "<footer>Generated from the contract by restate-proto.</footer>"
        yield "</body>"
        yield "</html>"

    def _title(self) -> str:
        return self._home if self._page.path == INDEX else f"{self._page.title} - {self._home}"

    def _breadcrumb(self) -> Iterator[str]:
        yield '<nav aria-label="Breadcrumb">'
        if self._page.path == INDEX:
            yield f'<span aria-current="page">{escape(self._home)}</span>'
        else:
            url = escape(_LAYOUT.link(self._page.path, Anchor(INDEX)))
            yield f'<a href="{url}">{escape(self._home)}</a>'
            yield f'<span aria-current="page">{_code(self._page.title)}</span>'
        yield "</nav>"

    def _language_choice(self) -> Iterator[str]:
        """Yields what chooses the language of all calls of the page, which the style acts upon."""
        if not self._languages:
            return
        yield '<fieldset class="languages">'
        yield "<legend>Calls in</legend>"
        for number, language in enumerate(self._languages):
            name = _identifier(language)
            checked = "" if number else " checked"
            yield (
                f'<label><input type="radio" name="language" id="in-{name}"{checked}>'
                f"<span>{escape(language)}</span></label>"
            )
        yield "</fieldset>"

    def _contents(self) -> Iterator[str]:
        headings = list(self._page.headings())
        if not headings:
            return
        yield '<nav class="contents" aria-label="On this page">'
        yield "<ul>"
        for heading in headings:
            url = escape(_LAYOUT.link(self._page.path, Anchor(self._page.path, heading.anchor)))
            title = escape(heading.title)
            yield f'<li class="level-{heading.level}"><a href="{url}">{title}</a></li>'
        yield "</ul>"
        yield "</nav>"

    def _blocks(self, blocks: Iterable[Block]) -> Iterator[str]:
        for block in blocks:
            match block:
                case Heading():
                    yield self._heading(block)
                case Paragraph(content):
                    yield f"<p>{self._inline(content)}</p>"
                case Comment(markdown):
                    yield f'<div class="comment">{html_comment(markdown)}</div>'
                case Table():
                    yield from self._table(block)
                case Snippet(language, code):
                    yield _snippet(language, code)
                case Calls(choices):
                    for call in choices:
                        name = _identifier(call.language)
                        yield f'<div class="call in-{name}">'
                        yield f'<p class="language">{escape(call.language)}</p>'
                        yield from self._blocks(call.content)
                        yield "</div>"

    def _heading(self, heading: Heading) -> str:
        tag, content = f"h{heading.level}", self._inline(heading.content)
        if not heading.anchor:
            return f"<{tag}>{content}</{tag}>"
        name = escape(heading.anchor)
        url = escape(_LAYOUT.link(self._page.path, Anchor(self._page.path, heading.anchor)))
        label = escape(f"Link to {heading.title}")
        link = f'<a class="anchor" href="{url}" aria-label="{label}">#</a>'
        return f'<{tag} id="{name}">{content} {link}</{tag}>'

    def _table(self, table: Table) -> Iterator[str]:
        # The roles are there for the narrow layout, in which browsers would drop them.
        yield '<table role="table">'
        yield '<thead role="rowgroup"><tr role="row">'
        for column in table.columns:
            yield f'<th role="columnheader" scope="col">{escape(column)}</th>'
        yield "</tr></thead>"
        yield '<tbody role="rowgroup">'
        for number, row in enumerate(table.rows):
            anchor = f' id="{escape(table.anchors[number])}"' if table.anchors else ""
            yield f'<tr role="row"{anchor}>'
            for column, cell in zip(table.columns, row, strict=True):
                kind = "" if cell else ' class="empty"'
                label = escape(column)
                yield f'<td role="cell" data-label="{label}"{kind}><div>{self._cell(cell)}</div></td>'
            yield "</tr>"
        yield "</tbody>"
        yield "</table>"

    def _cell(self, cell: Cell) -> str:
        return "".join(
            html_comment(part.markdown) if isinstance(part, Comment) else self._part(part)
            for part in cell
        )

    def _inline(self, content: Iterable[Inline]) -> str:
        return "".join(map(self._part, content)).strip()

    def _part(self, part: Inline) -> str:
        match part:
            case Text(value):
                return escape(value)
            case Code(value):
                return _code(value)
            case Link(label, target):
                url = escape(_LAYOUT.link(self._page.path, target))
                return f'<a href="{url}">{self._part(label)}</a>'
            case Badge(value, tone):
                return f'<span class="badge {tone.value}">{escape(value)}</span>'
            case Summary(markdown):
                return html_summary(markdown)


def _code(text: str) -> str:
    # A path may be broken where a reader would break it.
    return f"<code>{escape(text).replace('/', '/<wbr>')}</code>"


def _identifier(language: str) -> str:
    """Returns a language's name for ids and classes."""
    return "".join(character for character in language.lower() if character.isalnum())


def _snippet(language: str, code: str) -> str:
    # Can be scrolled, so it has to be reachable by keyboard.
    return f'<pre tabindex="0"><code>{"".join(_highlighted(language, code))}</code></pre>'


def _highlighted(language: str, code: str) -> Iterator[str]:
    # Neighbours of one class are one: pages have much code.
    for name, parts in groupby(_lexer(language).get_tokens(code), lambda part: _class(part[0])):
        text = escape("".join(text for _, text in parts), quote=False)
        yield f'<span class="{name}">{text}</span>' if name else text


@cache
def _lexer(language: str) -> Lexer:
    # It keeps line breaks at both ends by default.
    return get_lexer_by_name(language, stripnl=False, ensurenl=False)


@cache
def _class(kind: _TokenType) -> str:
    return next((name for of, name in _CLASSES if kind in of), "")
