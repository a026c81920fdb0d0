"""Render pages as HTML with `templates/page.html`, and define the filters of that template."""

from __future__ import annotations

from base64 import b64encode
from functools import cache, partial
from hashlib import sha256
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, get_args

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from pygments.lexers import (
    get_lexer_by_name,  # pyright: ignore[reportUnknownVariableType] - options of any lexer
)
from pygments.token import Token

from restate_proto.reference.comments import html_comment, html_summary
from restate_proto.reference.document import INDEX, MARK, Anchor, Block, Inline, Layout, Page
from restate_proto.reference.search import search_index

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jinja2 import Template
    from pygments.lexer import Lexer
    from pygments.token import _TokenType  # pyright: ignore[reportPrivateUsage] - has no other name

    from restate_proto.reference.document import Snippet

__all__ = ["render_html"]

_LAYOUT = Layout("index.html", ".html")
_CLASSES = (
    (Token.Keyword, "k"),
    (Token.Literal.String, "s"),
    (Token.Literal.Number, "m"),
    (Token.Comment, "c"),
    (Token.Name.Tag, "n"),  # the names of JSON
)


def render_html(pages: Sequence[Page]) -> dict[str, str]:
    """Render pages.

    Returns:
        The text of each file by its path.
    """
    home = next((page.title for page in pages if page.path == INDEX), "")
    things = Markup(search_index(pages, _LAYOUT))  # noqa: S704 - cannot end its element
    return {
        _LAYOUT.path(page.path): _template().render(
            page=page, home=home, url=partial(_LAYOUT.link, page.path), things=things
        )
        for page in pages
    }


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("restate_proto.reference"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        code=_code,
        comment=_comment,
        summary=_summary,
        highlight=_highlight,
        identifier=_identifier,
    )
    # The template tests for classes by name, and its last branch fails for an unknown class.
    for class_ in get_args(Block | Inline):
        environment.tests[class_.__name__] = class_.__instancecheck__
    script = environment.get_template("search.js").render()
    names = {
        "INDEX": INDEX,
        "Anchor": Anchor,
        "mark": Markup(MARK),  # noqa: S704 - ours
        "script": Markup(script),  # noqa: S704 - ours
        "script_hash": f"sha256-{b64encode(sha256(script.encode()).digest()).decode()}",
    }
    return environment.get_template("page.html", globals=names)


def _comment(markdown: str) -> Markup:
    return Markup(html_comment(markdown))  # noqa: S704 - escaped there


def _summary(markdown: str) -> Markup:
    return Markup(html_summary(markdown))  # noqa: S704 - escaped there


def _code(text: str) -> Markup:
    # Let browsers break a path after a slash, as a reader would.
    return Markup(f"<code>{escape(text).replace('/', '/<wbr>')}</code>")  # noqa: S704 - escaped


def _identifier(language: str) -> str:
    """Return a language's name for ids and classes."""
    return "".join(character for character in language.lower() if character.isalnum())


def _highlight(snippet: Snippet) -> Markup:
    return Markup("".join(_highlighted(snippet.language, snippet.code)))  # noqa: S704 - escaped


def _highlighted(language: str, code: str) -> Iterator[str]:
    # Tokens of one class that follow each other share an element, because pages have much code.
    for name, parts in groupby(_lexer(language).get_tokens(code), lambda part: _class(part[0])):
        text = escape("".join(text for _, text in parts), quote=False)
        yield f'<span class="{name}">{text}</span>' if name else text


@cache
def _lexer(language: str) -> Lexer:
    # By default, a lexer strips line breaks at both ends and adds one of its own.
    return get_lexer_by_name(language, stripnl=False, ensurenl=False)


@cache
def _class(kind: _TokenType) -> str:
    return next((name for of, name in _CLASSES if kind in of), "")
