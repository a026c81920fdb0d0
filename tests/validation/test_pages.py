"""The pages of a contract show its rules."""

from __future__ import annotations

from restate_proto.cli.contracts import load_contract
from restate_proto.reference.html import render_html
from restate_proto.reference.markdown import render_markdown
from tests.reference.calls import pages_of
from tests.validation.generated import CONTRACT

PAGES = pages_of(load_contract(CONTRACT))
MARKDOWN = render_markdown(PAGES)["validated/v1/signup.proto.md"]


def row(name: str) -> list[str]:
    (found,) = [line for line in MARKDOWN.split("\n") if f"</a>`{name}`" in line]
    # A backslash keeps a bar of the text from ending the cell.
    return [cell.strip() for cell in found.replace(r"\|", "¦").split("|")[1:-1]]


def test_a_field_has_its_rules() -> None:
    assert row("name")[5] == (
        '`string.min_len = 2`, `string.max_len = 8`, `string.pattern = "^[a-zé]+$"`'
    )
    assert row("tags")[5] == (
        "`repeated.min_items = 1`, `repeated.max_items = 3`, `repeated.unique`, "
        "`repeated.items.string.min_len = 1`"
    )
    assert row("country")[5] == '`string.in = ["DE", "FR"]`'
    assert row("fax")[5] == ""


def test_a_field_that_has_to_be_there_is_required() -> None:
    assert "required" in row("name")[0]
    assert row("name")[4] == "an error"
    assert row("mail")[3] == '`"mail": "someone@example.com"`'
    assert "required" not in row("guardian")[0]


def test_a_message_and_a_oneof_have_theirs() -> None:
    assert "Rules: `a child has a guardian: this.age >= 18" in MARKDOWN
    assert "Of `contact`, exactly one field is set." in MARKDOWN


def test_a_message_without_rules_has_no_column_for_them() -> None:
    assert len(row("text")) == 5


def test_html_has_them_too() -> None:
    assert "string.min_len = 2" in render_html(PAGES)["validated/v1/signup.proto.html"]
