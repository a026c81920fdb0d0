"""Proto comments with any content."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from restate_proto.reference.comments import (
    escape_text,
    html_comment,
    html_summary,
    markdown_cell,
    markdown_code,
    markdown_comment,
    markdown_summary,
)

ALLOWED = {
    *("p", "strong", "em", "code", "pre", "ul", "ol", "li", "blockquote", "a", "br", "hr"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}

PIECES = [
    *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</td></table>", "<!--", "-->"),
    *("<details>", "<style>*{}</style>", "<", ">", "&lt;", "&#60;", "&", "\\", "\\<", "\\`"),
    *(
        "`",
        "``",
        "```",
        "~~~",
        "```html\n",
        "\n",
        "\n\n",
        "    ",
        "  ",
        "\t",
        "- ",
        "1. ",
        "> ",
        "\r",
    ),
    *("# Title", "Title\n===", "Title\n---", "***", "| a | b |\n| - | - |\n| 1 | 2 |", "|", "a"),
    *("[a](javascript:alert(1))", "[a](https://x.example)", "![a](http://x.example/y.png)", "a b"),
    *(
        "[a]: javascript:alert(1)\n\n[a]",
        "<javascript:alert(1)>",
        "<https://x.example>",
        "![",
        "](",
    ),
    *("[a](data:text/html,x)", "[a](JaVaScRiPt&colon;alert(1))", "[a](vbscript:x)", "$$", "*", "_"),
]
COMMENTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=12).map("".join)


class Tags(HTMLParser):
    """Checks HTML for tags, attributes and links that a comment must not make."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        assert tag in ALLOWED, tag
        for name, value in attrs:
            assert name in {"href", "title", "rel", "class", "start", "style"}, name
            if name == "href":
                scheme = value.partition(":")[0].lower() if ":" in value else ""
                assert scheme not in {"javascript", "vbscript", "data", "file"}, value
            if name == "style":  # of a table's columns
                assert value in {f"text-align:{side}" for side in ("left", "right", "center")}
        if tag not in {"br", "hr"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        assert tag in {"br", "hr"}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)


def check_html(html: str) -> None:
    tags = Tags()
    tags.feed(html)
    tags.close()
    assert not tags.open


@given(COMMENTS)
def test_html_holds_no_markup_of_the_comment(comment: str) -> None:
    check_html(html_comment(comment))
    check_html(html_summary(comment))


READER: Any = MarkdownIt("commonmark", {"html": True}).enable("table")
READER.validateLink = lambda url: True  # pyright: ignore[reportUnknownLambdaType] - stubs have none


def check_markdown(tokens: Any, *, html: set[str]) -> None:
    for token in tokens:
        assert token.type != "html_block"
        for part in token.children or ():
            assert part.type != "image"
            assert part.type != "html_inline" or part.content in html
            if part.type == "link_open":
                target = part.attrGet("href").lower()
                assert not target.startswith(("javascript", "vbscript", "data"))


@given(COMMENTS)
def test_markdown_ends_where_the_comment_ends(comment: str) -> None:
    tokens = READER.parse(f"Before.\n\n{markdown_comment(comment)}\n\n# After\n")
    assert (tokens[-3].type, tokens[-2].content) == ("heading_open", "After")
    assert tokens[-3].level == 0
    check_markdown(tokens[:-3], html=set())
    assert not [t for t in tokens[:-3] if t.type == "heading_open" and t.level == 0]


@given(COMMENTS)
def test_a_cell_stays_one(comment: str) -> None:
    for cell in (markdown_cell(comment), markdown_summary(comment)):
        escaped = cell.replace("|", r"\|")
        tokens = READER.parse(f"| a | b |\n| - | - |\n| {escaped} | end |\n\nAfter")
        assert [t.type for t in tokens if t.level == 0][-3:] == [
            "table_close",
            "paragraph_open",
            "paragraph_close",
        ]
        cells = [t.content for t in tokens if t.type == "inline"]
        assert len(cells) == 5
        assert cells[3] == "end"
        check_markdown(tokens, html={"<br>"})


@given(st.lists(st.sampled_from(PIECES) | st.text(st.characters(categories=["L", "P", "S"]))))
def test_words_are_what_they_are(pieces: list[str]) -> None:
    words = " ".join(["a", *" ".join(pieces).split(), "b"])
    (paragraph,) = (t for t in READER.parse(escape_text(words)) if t.type == "inline")
    assert "".join(part.content for part in paragraph.children) == words


@pytest.mark.parametrize("text", ["", "a", "`", "``a`", " a ", "a|b", "a\nb", "<b>"])
def test_code(text: str) -> None:
    (inline,) = (t for t in READER.parse(f"x {markdown_code(text)} y") if t.type == "inline")
    (code,) = (part for part in inline.children if part.type == "code_inline")
    assert code.content == (text.replace("\n", " ") or " ")


@pytest.mark.parametrize(
    ("comment", "html"),
    [
        ("Plain.", "<p>Plain.</p>"),
        ("# Title\nText", "<p><strong>Title</strong></p>\n<p>Text</p>"),
        ("`a < b` < c", "<p><code>a &lt; b</code> &lt; c</p>"),
        ("<b>", "<p>&lt;b&gt;</p>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        (
            "[a](https://x.example/?a=b&c=d)",
            '<p><a href="https://x.example/?a=b&amp;c=d" rel="noopener noreferrer">a</a></p>',
        ),
        ("[a](javascript:b)", "<p>[a](javascript:b)</p>"),
        ("![a](b.png)", '<p>!<a href="b.png" rel="noopener noreferrer">a</a></p>'),
    ],
)
def test_html(comment: str, html: str) -> None:
    assert html_comment(comment).strip() == html


@pytest.mark.parametrize(
    ("comment", "markdown"),
    [
        ("Plain.", "Plain."),
        ("# Title\n\nText", "**Title**\n\nText"),
        ("Title\n=====\nText", "**Title**\n\nText"),
        ("`a < b` < c", "`a < b` &lt; c"),
        ("a\n\n    <b>\n\nc <d>", "a\n\n    <b>\n\nc &lt;d>"),
        ("```\n<a>\n```", "```\n<a>\n```"),
        ("```\n<a>", "````text\n```\n<a>\n````"),
        ("[a](javascript:b)", "```text\n[a](javascript:b)\n```"),
        ("![a](b.png)", r"\![a](b.png)"),
        ("| a |\n| - |\n| b |", "| a |\n| - |\n| b |"),
    ],
)
def test_markdown(comment: str, markdown: str) -> None:
    assert markdown_comment(comment) == markdown


@pytest.mark.parametrize(
    ("comment", "cell"),
    [
        ("One\nline.", "One line."),
        ("One.\n\nTwo.", "One.<br>Two."),
        ("Of:\n\n- a\n- b <c>\n\n1. d", "Of:<br>• a<br>• b &lt;c><br>1. d"),
        ("Code:\n\n    a < b\n    `c`", "Code:<br>`a < b`<br>`` `c` ``"),
        ("<b> `<b>", "&lt;b> `&lt;b>"),
    ],
)
def test_cells(comment: str, cell: str) -> None:
    assert markdown_cell(comment) == cell


@pytest.mark.parametrize(
    ("comment", "sentence"),
    [
        ("One. Two.", "One."),
        ("One", "One"),
        ("One, e.g. this, i.e. that. Two.", "One, e.g. this, i.e. that."),
        ("Is it\none? Yes.", "Is it one?"),
        ("# Title\n\nOne. Two.", "One."),
        ("- a list", ""),
        ("", ""),
        ("Version 1.5 of it. Two.", "Version 1.5 of it."),
    ],
)
def test_summaries(comment: str, sentence: str) -> None:
    assert markdown_summary(comment) == sentence
    assert html_summary(comment) == sentence
