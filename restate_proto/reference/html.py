"""Renders pages as HTML with `templates/page.html`; the filters of the template are here."""

from __future__ import annotations

from functools import cache, partial
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
    """Renders pages.

    Returns:
        The text of each file by its path.
    """
    home = next((page.title for page in pages if page.path == INDEX), "")
    return {
        _LAYOUT.path(page.path): _template().render(
            page=page, home=home, url=partial(_LAYOUT.link, page.path)
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
    # Tests by the names of the classes; a block or part of another one fails in the last branch.
    for class_ in get_args(Block | Inline):
        environment.tests[class_.__name__] = class_.__instancecheck__
    names = {"INDEX": INDEX, "Anchor": Anchor, "mark": Markup(MARK)}  # noqa: S704 - ours
    return environment.get_template("page.html", globals=names)


def _comment(markdown: str) -> Markup:
    return Markup(html_comment(markdown))  # noqa: S704 - escaped there


def _summary(markdown: str) -> Markup:
    return Markup(html_summary(markdown))  # noqa: S704 - escaped there


def _code(text: str) -> Markup:
    # A path may be broken where a reader would break it.
    return Markup(f"<code>{escape(text).replace('/', '/<wbr>')}</code>")  # noqa: S704 - escaped


def _identifier(language: str) -> str:
    """Returns a language's name for ids and classes."""
    return "".join(character for character in language.lower() if character.isalnum())


def _highlight(snippet: Snippet) -> Markup:
    return Markup("".join(_highlighted(snippet.language, snippet.code)))  # noqa: S704 - escaped


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
