"""The pages as HTML: self-contained, valid and accessible."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import PurePosixPath
from posixpath import normpath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from restate_proto.cli.contracts import load_contract
from restate_proto.reference.html import render_html
from restate_proto.reference.markdown import render_markdown
from tests.reference.calls import example_contract, pages_of

if TYPE_CHECKING:
    from pathlib import Path

VOID = {"meta", "input", "br", "hr", "wbr"}


class Reader(HTMLParser):
    """The parts of a page; fails if tags do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        assert len(dict(attrs)) == len(attrs)
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] not in (["style"], ["script"]):
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def ids(self) -> list[str]:
        return [str(attributes["id"]) for _, attributes in self.tags if "id" in attributes]


@pytest.fixture(scope="module")
def html() -> dict[str, str]:
    return render_html(pages_of(example_contract()))


@pytest.fixture(scope="module")
def readers(html: dict[str, str]) -> dict[str, Reader]:
    return {name: Reader(text) for name, text in html.items()}


def test_files(html: dict[str, str]) -> None:
    assert "index.html" in html
    assert "shop/v1/cart.proto.html" in html
    assert all(text.startswith("<!doctype html>\n") for text in html.values())


def test_links_lead_somewhere(readers: dict[str, Reader]) -> None:
    count = 0
    for name, reader in readers.items():
        ids = reader.ids()
        assert len(set(ids)) == len(ids), name
        for link in reader.all("a"):
            count += 1
            path, _, anchor = str(link["href"]).partition("#")
            target = normpath(f"{PurePosixPath(name).parent}/{unquote(path)}") if path else name
            assert target in readers, link
            assert not anchor or unquote(anchor) in readers[target].ids(), link
    assert count > 300


def test_nothing_is_run_or_fetched(readers: dict[str, Reader]) -> None:
    for name, reader in readers.items():
        tags = {tag for tag, _ in reader.tags}
        assert not tags & {"link", "img", "iframe", "object", "embed", "base", "form"}
        assert not [a for _, a in reader.tags if any(name.startswith("on") for name in a)]
        (policy,) = (m["content"] for m in reader.all("meta") if m.get("http-equiv"))
        assert str(policy).startswith("default-src 'none'; style-src 'unsafe-inline'")
        assert ("script" in tags) == ("script-src" in str(policy)) == (name == "index.html")
    style = re.search(
        "<style>(.*)</style>", render_html(pages_of(example_contract()))["index.html"], re.DOTALL
    )
    assert style is not None
    assert "url(" not in style[1]
    assert "@import" not in style[1]


def test_a_page_can_be_found_through(readers: dict[str, Reader]) -> None:
    """It has landmarks, one h1, headings without gaps, and names for all controls."""
    for reader in readers.values():
        assert reader.all("html")[0]["lang"] == "en"
        assert len(reader.all("main")) == len(reader.all("header")) == len(reader.all("h1")) == 1
        labels = [nav["aria-label"] for nav in reader.all("nav")]
        assert labels == ["Breadcrumb", "On this page"]
        levels = [int(tag[1]) for tag, _ in reader.tags if re.fullmatch("h[1-6]", tag)]
        assert all(after <= before + 1 for before, after in pairwise(levels))
        assert reader.all("a")[0]["href"] == "#main"
        assert all("scope" in th for th in reader.all("th"))


def test_the_language_of_calls_is_chosen_for_a_page(html: dict[str, str]) -> None:
    page = html["shop/v1/cart.proto.html"]
    reader = Reader(page)
    radios = reader.all("input")
    names = [str(radio["id"]) for radio in radios]
    assert names == [f"in-{n}" for n in ("curl", "python", "java", "kotlin", "go", "typescript")]
    assert [radio for radio in radios if "checked" in radio] == radios[:1]
    for name in names:
        assert f"body:has(#{name}:checked) .call:not(.{name}) {{ display: none; }}" in page
        assert f'class="call {name}"' in page
    assert "<fieldset" not in html["index.html"]


def test_the_one_script_is_that_which_the_page_allows(html: dict[str, str]) -> None:
    scripts = re.findall(r"<script(.*?)>(.*?)</script>", html["index.html"], re.DOTALL)
    assert [attributes for attributes, _ in scripts] == [
        ' type="application/json" id="things"',
        "",
    ]
    digest = b64encode(sha256(scripts[1][1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in html["index.html"]


HOSTILE = """
syntax = "proto3"; package t.v1;
import "restatepb/v1/options.proto";

// <script>alert(1)</script> [x](javascript:alert(1)) ![y](http://y.example/z.png) </main>
service S {
  option (restatepb.v1.object) = {
    state: { name: "</code><script>alert(2)</script>|`" type: "t.v1.M" }
    config: { metadata: { key: "<b>" value: "\\"><script>|`\\n# x" } }
  };
  // ``` <!--
  rpc Do(M) returns (M);
}
message M {
  // </td></table><style>*{display:none}</style>
  string a = 1 [json_name = "<script>'\\"|`"];
}
"""


def test_a_hostile_contract(tmp_path: Path) -> None:
    (tmp_path / "t.proto").write_text(HOSTILE)
    pages = pages_of(load_contract(tmp_path), "http://127.0.0.1:8080/'\"><script>")
    text = render_html(pages)["t.proto.html"]
    reader = Reader(text)
    tags = {tag for tag, _ in reader.tags}
    assert not tags & {"script", "img", "b"}
    assert len(reader.all("style")) == 1
    assert not [a for a in reader.all("a") if str(a["href"]).startswith("javascript")]
    words = "".join(reader.words)
    for said in (
        "<script>alert(1)</script>",
        "</td></table><style>",
        "<script>alert(2)</script>|`",
    ):
        assert said in words

    index = Reader(render_html(pages)["index.html"])
    assert len(index.all("script")) == 2

    markdown = render_markdown(pages)["t.proto.md"]
    outside = re.sub(r"^(`{3,}).*?^\1$|(`+).+?\2", "", markdown, flags=re.DOTALL | re.MULTILINE)
    assert set(re.findall(r"<\w+", outside)) == {"<a", "<details", "<summary"}
    assert outside.count("<details>") == outside.count("</details>") == 6
    assert "## Messages" in outside


def test_markdown_links_lead_somewhere() -> None:
    files = render_markdown(pages_of(example_contract()))
    count = 0
    for name, text in files.items():
        outside = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
        for path, anchor in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", outside):
            count += 1
            target = normpath(f"{PurePosixPath(name).parent}/{path}") if path else name
            assert target in files
            assert not anchor or f'<a id="{anchor}"></a>' in files[target]
    assert count > 200
